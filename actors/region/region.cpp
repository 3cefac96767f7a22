// SPDX-License-Identifier: Apache-2.0
// Which groups this node hosts follows from the map alone.
#include "actors/region/region.hpp"

#include <algorithm>
#include <utility>

namespace harka {

namespace {

bool contains(const std::vector<std::uint64_t>& nodes, std::uint64_t node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

std::set<std::uint32_t> groups_on(const msg::ClusterMap& map, std::uint64_t node) {
  std::set<std::uint32_t> groups;
  if (contains(map.meta_replicas, node)) groups.insert(meta_group.value);
  for (const msg::ShardRecord& record : map.shards) {
    if (contains(record.replicas, node)) groups.insert(group_of(ShardId{record.shard}).value);
  }
  return groups;
}

}  // namespace

Region::Region(const ChildSpec& own, msg::ClusterMap map)
    : supervisor_(own), map_(std::move(map)) {}

void Region::start(Turn& turn) {
  supervisor_.start(turn);
  follow_map(turn);
}

void Region::receive(const Envelope& envelope, Turn& turn) {
  if (supervisor_.receive(envelope, turn)) return;
  const auto* update = std::get_if<msg::MapUpdate>(&envelope.body);
  if (update == nullptr || !turn.is_from_here(envelope)) return;  // its control's to say
  if (update->map.version < map_.version) return;
  map_ = update->map;
  follow_map(turn);
}

void Region::on_timer(TimerId timer, Turn& turn) {
  (void)supervisor_.on_timer(timer, turn);
}

std::string Region::describe() const {
  return std::to_string(hosted_.size()) + " replicas; " + supervisor_.describe();
}

void Region::follow_map(Turn& turn) {
  if (supervisor_.is_shutting_down()) return;
  std::set<std::uint32_t> wanted = groups_on(map_, turn.node().value);
  for (const std::uint32_t group : hosted_) {
    if (!wanted.contains(group)) {
      supervisor_.remove_child(replica_address(turn.node(), GroupId{group}), turn);
    }
  }
  for (const std::uint32_t group : wanted) {
    if (!hosted_.contains(group)) {
      (void)supervisor_.add_child(replica_spec(turn.node(), GroupId{group}), turn);
    }
  }
  hosted_ = std::move(wanted);
}

ChildSpec replica_spec(NodeId node, GroupId group) {
  ChildSpec spec;
  spec.address = replica_address(node, group);
  spec.restart = RestartType::permanent;
  spec.shutdown_budget = 1s;
  return spec;
}

}  // namespace harka
