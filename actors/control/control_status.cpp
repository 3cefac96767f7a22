// SPDX-License-Identifier: Apache-2.0
// What an administrator asks a node: status, init, drain. Answers are JSON with an exit code.
#include "actors/control/control.hpp"
#include "base/json_writer.hpp"

#include <algorithm>

namespace harka {

void Control::on(const msg::AdminRequest& request, const Envelope& envelope, Turn& turn) {
  const Asker asker{envelope.from, envelope.correlation, request.token};
  if (request.verb == "status") {
    const bool is_healthy =
        map_.cluster_id != 0 && shards_without_leader() == 0 && nodes_down().empty();
    answer(asker, is_healthy ? 0 : 1, status_json(turn.node().value), turn);
  } else if (request.verb == "init") {
    begin_init(request, asker, turn);
  } else if (request.verb == "drain" && drain_askers_.size() >= options_.drain_askers_max) {
    JsonWriter json;
    json.begin_object().field("error", "too many wait for this drain already").end();
    answer(asker, 7, json.take(), turn);
  } else if (request.verb == "drain") {
    drain_askers_.push_back(asker);
    turn.send(address_of(turn.node(), msg::ActorKind::pulse), msg::DrainNode{});
  } else {
    JsonWriter json;
    json.begin_object().field("error", "unknown verb '" + request.verb + "'").end();
    answer(asker, 2, json.take(), turn);
  }
}

void Control::on(const msg::DrainProgress& progress, const Envelope&, Turn& turn) {
  if (!progress.done) return;
  for (const Asker& asker : drain_askers_) {
    JsonWriter json;
    json.begin_object().field("apiVersion", "harka/v1").field("kind", "Drain");
    json.field("drained", true).field("leading", progress.leading).end();
    answer(asker, 0, json.take(), turn);
  }
  drain_askers_.clear();
}

void Control::answer(const Asker& asker, int exit_code, std::string json, Turn& turn) {
  if (asker.address.kind == msg::ActorKind::none) return;  // nobody asked: a single node's own init
  msg::AdminReply reply;
  reply.token = asker.token;
  reply.exit_code = exit_code;
  reply.json = SharedBytes(std::move(json));
  turn.send(asker.address, std::move(reply), asker.correlation);
}

bool Control::is_up(std::uint64_t node) const {
  if (node == options_.self.node) return true;
  const auto member = members_.find(node);
  return member != members_.end() && member->second.state != msg::MemberState::dead &&
         member->second.state != msg::MemberState::left;
}

std::uint32_t Control::shards_without_leader() const {
  std::uint32_t count = 0;
  for (const msg::ShardRecord& record : map_.shards) {
    const auto leader = leaders_.find(group_of(ShardId{record.shard}).value);
    const bool is_led = leader != leaders_.end() && leader->second.node != 0;
    count += is_led && is_up(leader->second.node) ? 0 : 1;
  }
  return count;
}

/// The nodes of the map that are dead, gone, or were not heard of since this node started.
std::vector<const msg::NodeRecord*> Control::nodes_down() const {
  std::vector<const msg::NodeRecord*> down;
  for (const msg::NodeRecord& record : map_.nodes) {
    if (!is_up(record.node)) down.push_back(&record);
  }
  return down;
}

std::string Control::verdict() const {
  if (map_.cluster_id == 0) {
    return "no cluster yet: run `harka init` on one node, or check the seed list";
  }
  const std::vector<const msg::NodeRecord*> down = nodes_down();
  if (const std::uint32_t missing = shards_without_leader(); missing > 0) {
    return std::to_string(missing) + " of " + std::to_string(map_.shard_count) +
           " shards have no leader: " +
           (down.empty() ? "they are electing one, or too many of their replicas are damaged (see "
                           "`harka actors`)"
                         : "too few of their replicas are up");
  }
  if (down.empty()) return "healthy";
  std::string names;
  for (const msg::NodeRecord* record : down) names += (names.empty() ? "" : ", ") + record->name;
  return "degraded: " + std::to_string(down.size()) + " of " + std::to_string(map_.nodes.size()) +
         " nodes down (" + names + "); every shard has a leader";
}

std::string Control::status_json(std::uint64_t self) const {
  std::map<std::uint64_t, std::uint32_t> leading;
  for (const auto& [group, leader] : leaders_) {
    if (group != meta_group.value) ++leading[leader.node];
  }
  const std::uint32_t missing = shards_without_leader();
  JsonWriter json;
  json.begin_object();
  json.field("apiVersion", "harka/v1").field("kind", "Status").field("version", options_.version);
  json.field("verdict", verdict());
  json.field("clusterId", std::to_string(map_.cluster_id)).field("mapVersion", map_.version);
  json.field("shards", map_.shard_count).field("shardsWithoutLeader", missing);
  json.field("replicationFactor", map_.replication_factor);
  const auto meta = leaders_.find(meta_group.value);
  json.field("metaLeader", std::to_string(meta == leaders_.end() ? 0 : meta->second.node));
  json.key("items").begin_array();
  const auto put = [&](const msg::Member& member) {
    json.begin_object().field("name", member.name).field("node", std::to_string(member.node));
    json.field("state", msg::name_of(member.state)).field("region", member.region);
    json.field("clientAddress", member.client_address).field("linkAddress", member.link_address);
    json.field("epoch", member.epoch).field("leading", leading[member.node]);
    json.field("self", member.node == self).end();
  };
  for (const auto& [node, member] : members_) put(member);
  for (const msg::NodeRecord* record : nodes_down()) {
    if (members_.contains(record->node)) continue;
    msg::Member unseen;
    unseen.node = record->node;
    unseen.name = record->name;
    unseen.region = record->region;
    unseen.client_address = record->client_address;
    unseen.link_address = record->link_address;
    unseen.state = msg::MemberState::dead;
    put(unseen);
  }
  json.end();
  json.key("warnings").begin_array().end();
  json.end();
  return json.take();
}

}  // namespace harka
