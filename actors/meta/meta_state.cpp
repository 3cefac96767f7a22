// SPDX-License-Identifier: Apache-2.0
// Map commands, and telling every node about a new map.
#include "actors/meta/meta_state.hpp"

#include "schemas/codec.hpp"

#include <algorithm>

namespace harka {

namespace {

std::string join_node(const msg::NodeRecord& node, msg::ClusterMap& map) {
  for (msg::NodeRecord& known : map.nodes) {
    if (known.node != node.node) continue;
    if (known.data_id != node.data_id) {
      return "a node named " + node.name + " with another data directory is already a member";
    }
    known = node;
    return {};
  }
  map.nodes.push_back(node);
  return {};
}

std::string set_replicas(const msg::MapCommand& command, msg::ClusterMap& map) {
  const msg::ShardRecord& wanted = command.shard;
  if (wanted.shard >= map.shards.size()) return "no such shard";
  msg::ShardRecord& record = map.shards[wanted.shard];
  if (record.epoch != command.expected_epoch) return "the shard's epoch has moved on";
  if (wanted.replicas.empty()) return "a shard needs at least one replica";
  record.replicas = wanted.replicas;
  ++record.epoch;
  return {};
}

}  // namespace

std::string apply_map_command(const msg::MapCommand& command, msg::ClusterMap& map) {
  std::string refused;
  switch (command.kind) {
    case msg::MapCommandKind::join_node:
    case msg::MapCommandKind::update_node: refused = join_node(command.node, map); break;
    case msg::MapCommandKind::set_replicas: refused = set_replicas(command, map); break;
  }
  if (refused.empty()) ++map.version;
  return refused;
}

void MetaState::apply(const msg::Entry& entry, ReplicaHost& host, Turn& turn) {
  const Result<msg::MapCommand> command = msg::decode_struct<msg::MapCommand>(entry.data);
  ASSERT_DURABLE(command.ok());
  const std::string refused = apply_map_command(command.value(), map_);
  is_dirty_ = is_dirty_ || refused.empty();
  if (const auto asker = askers_.find(entry.index); asker != askers_.end()) {
    turn.send(
        asker->second.address,
        msg::ProposeMapReply{refused.empty(), turn.node().value, refused, map_.version},
        asker->second.correlation);
    askers_.erase(asker);
  }
  turn.send(address_of(turn.node(), msg::ActorKind::control), msg::MapUpdate{map_});
  if (!host.is_leader() || !refused.empty()) return;
  for (const msg::NodeRecord& node : map_.nodes) {
    if (node.node == turn.node().value) continue;
    turn.send(address_of(NodeId{node.node}, msg::ActorKind::control), msg::MapUpdate{map_});
  }
}

void MetaState::receive(const Envelope& envelope, ReplicaHost& host, Turn& turn) {
  const auto* propose = std::get_if<msg::ProposeMap>(&envelope.body);
  if (propose == nullptr) return;
  if (!host.is_leader()) {
    turn.reply(msg::ProposeMapReply{false, host.leader(), {}, map_.version});
    return;
  }
  const Result<LogIndex> index = host.propose(msg::encode_struct(propose->command), turn);
  if (!index.ok()) {
    turn.reply(msg::ProposeMapReply{false, host.leader(), index.error().detail, map_.version});
    return;
  }
  askers_[index.value()] = Asker{envelope.from, envelope.correlation};
}

void MetaState::leadership_lost(ReplicaHost& host, Turn& turn) {
  for (const auto& [index, asker] : askers_) {
    turn.send(
        asker.address,
        msg::ProposeMapReply{false, host.leader(), "leadership was lost; ask again", map_.version},
        asker.correlation);
  }
  askers_.clear();
}

std::vector<msg::StateWrite> MetaState::begin_flush(LogIndex) {
  is_dirty_ = false;
  msg::StateWrite write;
  write.key = SharedBytes::copy_of(meta_map_key);
  write.value = msg::encode_struct(map_);
  return {write};
}

std::string MetaState::describe() const {
  return "map version " + std::to_string(map_.version);
}

}  // namespace harka
