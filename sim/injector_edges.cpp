// SPDX-License-Identifier: Apache-2.0
// What happens to links and disks.
#include "base/marks.hpp"
#include "cluster/raft/quorum.hpp"
#include "sim/injector.hpp"
#include "sim/replicas.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace harka::sim {

namespace {

constexpr Duration removal_step = 200ms;  // between two looks whether a node was removed
constexpr int removal_tries = 25;
constexpr Duration damage_step = 100ms;  // between two looks whether damage may be done
constexpr int damage_tries = 20;

}  // namespace

// --- Links -------------------------------------------------------------------------------------

void Injector::on_link(const Fault& fault, NodeId node) {
  const std::vector<NodeId> others = others_of(fault, node);
  std::vector<std::pair<NodeId, NodeId>> outward;
  std::vector<std::pair<NodeId, NodeId>> inward;
  for (const NodeId other : others) {
    outward.emplace_back(node, other);
    inward.emplace_back(other, node);
  }
  switch (fault.kind) {
    case FaultKind::partition: {
      std::set<std::uint64_t> side(fault.others.begin(), fault.others.end());
      return partition(side, fault.lasts);
    }
    case FaultKind::isolate: return partition({node.value}, fault.lasts);
    case FaultKind::bridge: cut(outward, fault.lasts); return cut(inward, fault.lasts);
    case FaultKind::cut_out: return cut(outward, fault.lasts);
    case FaultKind::cut_in: return cut(inward, fault.lasts);
    case FaultKind::clog:
      for (const NodeId other : others) world_.clog(node, other, fault.lasts);
      return;
    case FaultKind::swizzle: return swizzle(fault);
    case FaultKind::reset:
      for (const NodeId other : others) world_.reset(node, other);
      return;
    case FaultKind::narrow:
      for (const NodeId other : others) {
        world_.narrow(node, other, static_cast<std::uint64_t>(fault.amount), fault.lasts);
      }
      return;
    default: return;
  }
}

/// Each fault heals what it cut and nothing else, so that another one can be left out.
void Injector::cut(std::vector<std::pair<NodeId, NodeId>> ways, Duration time) {
  for (const auto& [from, to] : ways) world_.cut(from, to);
  world_.after(time, [this, ways = std::move(ways), heals = heals_] {
    if (heals != heals_) return;  // nothing of it is left
    for (const auto& [from, to] : ways) world_.mend(from, to);
  });
}

void Injector::partition(const std::set<std::uint64_t>& side, Duration time) {
  std::vector<std::pair<NodeId, NodeId>> ways;
  for (const NodeId from : all()) {
    for (const NodeId to : all()) {
      if (side.contains(from.value) != side.contains(to.value)) ways.emplace_back(from, to);
    }
  }
  cut(std::move(ways), time);
}

/// FoundationDB's: some nodes are clogged one by one, and freed one by one in another order.
void Injector::swizzle(const Fault& fault) {
  const std::vector<NodeId> nodes = others_of(fault, NodeId{});
  const auto count = static_cast<std::int64_t>(nodes.size());
  if (count == 0) return;
  const Duration step = fault.lasts / (2 * count);
  for (std::int64_t i = 0; i < count; ++i) {
    const NodeId node = nodes[static_cast<std::size_t>(i)];
    const std::int64_t freed = count + (i * 2 + 1) % count;  // an order that is not the first one
    world_.after(step * i, [this, node, time = step * (freed - i)] {
      for (const NodeId other : all()) {
        if (other == node) continue;
        world_.clog(node, other, time);
        world_.clog(other, node, time);
      }
    });
  }
}

// --- Disks -------------------------------------------------------------------------------------

void Injector::on_disk(const Fault& fault, NodeId node) {
  if (!world_.is_up(node)) return;
  SimDisk& disk = world_.stores(node).disk();
  switch (fault.kind) {
    case FaultKind::slow_disk:
      world_.stores(node).set_slow(std::chrono::milliseconds(fault.amount));
      world_.after(fault.lasts, [this, node] { world_.stores(node).set_slow({}); });
      return;
    case FaultKind::full_disk:
      disk.set_full(true);
      world_.after(fault.lasts, [this, node] { world_.stores(node).disk().set_full(false); });
      return;
    case FaultKind::sync_error: return disk.fail_next_sync();
    case FaultKind::rot:
    case FaultKind::misplace: return damage(fault, node, damage_tries);
    default: return;
  }
}

/// Or a little later, when it can be recovered from.
void Injector::damage(const Fault& fault, NodeId node, int tries) {
  if (!is_active_ || tries == 0) return;
  if (!world_.is_up(node) || !may_damage(node)) {
    hit(Mark::damage_spared);
    world_.after(damage_step, [this, fault, node, tries] { damage(fault, node, tries - 1); });
    return;
  }
  SimDisk& disk = world_.stores(node).disk();
  const auto place = static_cast<std::uint64_t>(fault.amount);
  (void)(fault.kind == FaultKind::rot ? disk.rot(place) : disk.misplace(place));
}

/// The fault atlas: no group that this node votes in has another damaged replica, and each keeps a
/// majority without this one. So what was acknowledged is somewhere else.
bool Injector::may_damage(NodeId node) const {
  if (std::ranges::any_of(all(), [&](NodeId id) { return id != node && is_damaged(id); })) {
    return false;
  }
  for (std::uint32_t shard = 0; shard < shards_; ++shard) {
    for (const NodeId id : all()) {
      const raft::Raft* core = core_of(world_, id, group_of(ShardId{shard}));
      if (core == nullptr || core->is_change_pending()) return false;
      const auto is_left = [&](NodeId other) -> std::uint64_t { return other == node ? 0 : 1; };
      if (raft::quorum_value(core->config(), is_left) == 0) return false;
    }
  }
  return true;
}

/// Its log is, or is not yet whole again.
bool Injector::is_damaged(NodeId node) const {
  if (world_.stores(node).disk().is_damaged()) return true;
  for (std::uint32_t shard = 0; shard < shards_; ++shard) {
    const raft::Raft* core = core_of(world_, node, group_of(ShardId{shard}));
    if (core != nullptr && core->is_tainted()) return true;
  }
  return false;
}

/// A group that an operator makes depend on a damaged replica is lost, and by nobody's bug.
bool Injector::may_rely_on(const std::vector<std::uint64_t>& voters) const {
  const auto whole = static_cast<std::size_t>(std::ranges::count_if(
      voters, [this](std::uint64_t voter) { return !is_damaged(NodeId{voter}); }));
  return whole * 2 > voters.size();
}

// --- A node whose disk is lost -----------------------------------------------------------------

void Injector::replace(NodeId node) {
  for (std::uint32_t shard = 0; shard < shards_; ++shard) {
    const GroupId id = group_of(ShardId{shard});
    const NodeId leader = oracle_.leader(id);
    if (leader.is_none()) return;
    msg::ChangeReplicas change;
    change.group = id.value;
    for (const std::uint64_t voter : core_of(world_, leader, id)->config().voters) {
      if (voter != node.value) change.voters.push_back(voter);
    }
    if (change.voters.empty() || !may_rely_on(change.voters)) return;
    world_.tell(replica_address(leader, id), std::move(change));
  }
  wipe_once_removed(node, removal_tries);
}

void Injector::wipe_once_removed(NodeId node, int tries) {
  if (tries == 0) return;
  world_.after(removal_step, [this, node, tries] {
    if (!is_active_) return;
    if (!is_removed(node)) return wipe_once_removed(node, tries - 1);
    world_.crash(node, CrashLoss::all);
    hit(Mark::node_replaced);
    world_.wipe(node);
    world_.start(node);
  });
}

/// Whoever leads a group has committed a configuration without it.
bool Injector::is_removed(NodeId node) const {
  for (std::uint32_t shard = 0; shard < shards_; ++shard) {
    const GroupId id = group_of(ShardId{shard});
    const NodeId leader = oracle_.leader(id);
    if (leader.is_none() || leader == node) return false;
    const raft::Raft& core = *core_of(world_, leader, id);
    const std::vector<NodeId> members = raft::members_of(core.config());
    const bool is_member = std::ranges::find(members, node) != members.end();
    if (core.is_change_pending() || is_member) return false;
  }
  return true;
}

}  // namespace harka::sim
