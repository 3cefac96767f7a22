// SPDX-License-Identifier: Apache-2.0
#include "sim/chaos.hpp"

#include "actors/replica/replica.hpp"

#include <algorithm>
#include <utility>

namespace harka::sim {

std::string ChaosOptions::describe() const {
  std::string text;
  const auto add = [&text](bool is_on, const char* name) {
    if (is_on) text += std::string(text.empty() ? "" : ",") + name;
  };
  add(crashes, "crash");
  add(power_losses, "power");
  add(pauses, "pause");
  add(partitions, "partition");
  add(one_way_cuts, "one-way");
  add(clogs, "clog");
  add(slow_disks, "slow-disk");
  add(actor_kills, "kill-actor");
  add(transfers, "transfer");
  add(changes, "change");
  add(strikes > 0, "strikes");
  return text.empty() ? "none" : text;
}

Chaos::Chaos(
    World& world,
    const RaftOracle& oracle,
    ChaosOptions options,
    std::vector<NodeId> nodes,
    std::uint32_t groups,
    Random random)
    : world_(world),
      oracle_(oracle),
      options_(options),
      nodes_(std::move(nodes)),
      groups_(groups),
      random_(random) {
  const auto add = [this](bool is_on, Fault fault, int weight) {
    for (int i = 0; is_on && i < weight; ++i) faults_on_.push_back(fault);
  };
  add(options.crashes, &Chaos::crash_one, 4);
  add(options.power_losses, &Chaos::crash_all, 1);
  add(options.pauses, &Chaos::pause_one, 2);
  add(options.partitions, &Chaos::partition, 3);
  add(options.one_way_cuts, &Chaos::cut_one_way, 2);
  add(options.clogs, &Chaos::clog, 2);
  add(options.slow_disks, &Chaos::slow_disk, 2);
  add(options.actor_kills, &Chaos::kill_actor, 2);
  add(options.transfers, &Chaos::transfer, 3);
  add(options.changes, &Chaos::change_voters, 3);
}

void Chaos::begin() {
  is_stopped_ = false;
  if (!faults_on_.empty()) schedule();
}

void Chaos::schedule() {
  world_.after(random_.between(20ms, options_.interval_max), [this] {
    if (is_stopped_) return;
    ++faults_;
    (this->*faults_on_[random_.below(faults_on_.size())])();
    schedule();
  });
}

void Chaos::turn_ended(const Address& actor, const Machine& machine) {
  if (actor.kind != msg::ActorKind::replica || is_stopped_ || options_.strikes == 0) return;
  const raft::Raft* raft = static_cast<const Replica&>(machine).core();
  if (raft == nullptr || raft->role() == raft::Role::follower) return;
  Term& seen = led_[{actor.node, actor.index * 4 + static_cast<std::uint32_t>(raft->role())}];
  if (seen == raft->term()) return;
  seen = raft->term();
  if (!random_.chance(options_.strikes)) return;
  const NodeId node{actor.node};
  world_.after(random_.between(1us, 3ms), [this, node] {
    if (!is_stopped_) strike(node);
  });
}

void Chaos::strike(NodeId node) {
  ++faults_;
  switch (random_.below(3)) {
    case 0:
      if (options_.crashes) crash(node);
      break;
    case 1:
      if (options_.pauses) world_.pause(node, random_.between(100ms, 1500ms));
      break;
    default:
      if (options_.partitions) isolate(node);
      break;
  }
}

void Chaos::crash_one() {
  crash(random_.chance(0.4) ? any_leader() : any_node());
}

void Chaos::crash(NodeId node) {
  const auto loss = static_cast<CrashLoss>(random_.below(3));
  world_.crash(node, loss);
  const Duration down =
      random_.chance(0.5) ? random_.between(1ms, 50ms) : random_.between(50ms, 4s);
  world_.after(down, [this, node] { world_.start(node); });
}

void Chaos::crash_all() {
  for (const NodeId node : nodes_) world_.crash(node, static_cast<CrashLoss>(random_.below(2)));
  for (const NodeId node : nodes_) {
    world_.after(random_.between(1ms, 500ms), [this, node] { world_.start(node); });
  }
}

void Chaos::pause_one() {
  world_.pause(
      random_.chance(0.5) ? any_leader() : any_node(),
      random_.chance(0.5) ? random_.between(1ms, 300ms) : random_.between(300ms, 2s));
}

void Chaos::partition() {
  if (random_.chance(0.4)) {
    isolate(random_.chance(0.5) ? any_leader() : any_node());
    return;
  }
  if (random_.chance(0.3)) {
    bridge();
    return;
  }
  std::vector<bool> side;
  for (std::size_t i = 0; i < nodes_.size(); ++i) side.push_back(random_.chance(0.5));
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    for (std::size_t j = 0; j < nodes_.size(); ++j) {
      if (side[i] != side[j]) world_.cut(nodes_[i], nodes_[j], true);
    }
  }
  world_.after(random_.between(100ms, 5s), [this] { world_.heal_links(); });
}

void Chaos::isolate(NodeId node) {
  for (const NodeId other : nodes_) {
    if (other == node) continue;
    world_.cut(node, other, true);
    world_.cut(other, node, true);
  }
  world_.after(random_.between(100ms, 4s), [this] { world_.heal_links(); });
}

/// A leader and some others do not hear each other; the rest hears both. Who is cut off gets votes
/// from those that are loyal, so leases stand or fall here.
void Chaos::bridge() {
  const NodeId leader = any_leader();
  for (const NodeId other : nodes_) {
    if (other == leader || random_.chance(0.5)) continue;
    world_.cut(leader, other, true);
    world_.cut(other, leader, true);
  }
  world_.after(random_.between(100ms, 4s), [this] { world_.heal_links(); });
}

void Chaos::cut_one_way() {
  const NodeId node = random_.chance(0.5) ? any_leader() : any_node();
  const bool is_outward = random_.chance(0.5);
  for (const NodeId other : nodes_) {
    if (other == node || random_.chance(0.3)) continue;
    world_.cut(is_outward ? node : other, is_outward ? other : node, true);
  }
  world_.after(random_.between(100ms, 4s), [this] { world_.heal_links(); });
}

void Chaos::clog() {
  const NodeId node = any_node();
  for (const NodeId other : nodes_) {
    if (other != node && random_.chance(0.6)) {
      world_.clog(node, other, random_.between(10ms, 1500ms));
    }
  }
}

void Chaos::slow_disk() {
  const NodeId node = random_.chance(0.5) ? any_leader() : any_node();
  if (!world_.is_up(node)) return;
  world_.stores(node).set_slow(random_.between(5ms, 600ms));
  world_.after(random_.between(100ms, 4s), [this, node] { world_.stores(node).set_slow({}); });
}

void Chaos::kill_actor() {
  const NodeId node = any_node();
  std::vector<Address> victims;
  for (const Address& address : world_.actors(node)) {
    const bool is_root =
        address.kind == msg::ActorKind::supervisor || address.kind == msg::ActorKind::router;
    if (!is_root) victims.push_back(address);
  }
  if (victims.empty()) return;
  world_.tell(victims[random_.below(victims.size())], msg::Inject{"crash"});
}

void Chaos::transfer() {
  const GroupId group = any_group();
  const NodeId leader = oracle_.leader(group);
  if (leader.is_none()) return;
  const std::uint64_t target = random_.chance(0.5) ? 0 : any_node().value;
  world_.tell(replica_address(leader, group), msg::TransferLeadership{group.value, target});
}

void Chaos::change_voters() {
  const GroupId group = any_group();
  const NodeId leader = oracle_.leader(group);
  if (leader.is_none()) return;
  msg::ChangeReplicas change;
  change.group = group.value;
  const std::uint64_t wanted = 1 + random_.below(std::min<std::uint64_t>(5, nodes_.size()));
  std::vector<NodeId> rest = nodes_;
  while (change.voters.size() < wanted) {
    const auto picked = rest.begin() + static_cast<std::ptrdiff_t>(random_.below(rest.size()));
    change.voters.push_back(picked->value);
    rest.erase(picked);
  }
  if (!rest.empty() && random_.chance(0.3)) change.learners.push_back(rest.front().value);
  world_.tell(replica_address(leader, group), std::move(change));
}

NodeId Chaos::any_node() {
  return nodes_[random_.below(nodes_.size())];
}

NodeId Chaos::any_leader() {
  const NodeId leader = oracle_.leader(any_group());
  return leader.is_none() ? any_node() : leader;
}

GroupId Chaos::any_group() {
  return group_of(ShardId{static_cast<std::uint32_t>(random_.below(groups_))});
}

}  // namespace harka::sim
