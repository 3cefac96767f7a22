// SPDX-License-Identifier: Apache-2.0
// What happens to processes and actors, and what operators do. Links and disks are in
// injector_edges.cpp.
#include "sim/injector.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace harka::sim {

namespace {

constexpr Duration kill_step = 10ms;  // between two kills of one actor

GroupId group(std::uint32_t shard) {
  return group_of(ShardId{shard});
}

}  // namespace

void Injector::begin(const std::vector<Fault>& faults) {
  is_active_ = true;
  began_ = world_.now();
  for (const Fault& fault : faults) {
    world_.after(fault.at, [this, fault] {
      if (is_active_) carry_out(fault);
    });
  }
}

void Injector::stop() {
  is_active_ = false;
}

void Injector::carry_out(const Fault& fault) {
  const NodeId node = resolve(fault.target);
  const bool needs_node = fault.target != Target{};
  if (needs_node && (node.is_none() || node.value > nodes_)) return;
  ++count_;
  world_.announce(fault, node);
  switch (fault.kind) {
    case FaultKind::crash:
    case FaultKind::storm:
    case FaultKind::pause:
    case FaultKind::slow_cpu:
    case FaultKind::clock_step: return on_process(fault, node);
    case FaultKind::power_loss: return lose_power(fault);
    case FaultKind::partition:
    case FaultKind::isolate:
    case FaultKind::bridge:
    case FaultKind::cut_out:
    case FaultKind::cut_in:
    case FaultKind::clog:
    case FaultKind::swizzle:
    case FaultKind::reset:
    case FaultKind::narrow: return on_link(fault, node);
    case FaultKind::slow_disk:
    case FaultKind::full_disk:
    case FaultKind::sync_error:
    case FaultKind::rot:
    case FaultKind::misplace: return on_disk(fault, node);
    case FaultKind::replace: return replace(node);
    case FaultKind::kill_actor:
    case FaultKind::stall_actor:
    case FaultKind::kill_often:
    case FaultKind::overflow: return on_actor(fault, node);
    case FaultKind::transfer: return transfer(fault);
    case FaultKind::change: return change(fault);
    case FaultKind::heal: return heal();
  }
}

/// None: the fault has no target, or nobody leads.
NodeId Injector::resolve(const Target& target) const {
  if (!target.is_leader) return NodeId{target.number};
  return target.number < shards_ ? oracle_.leader(group(target.number)) : NodeId{};
}

void Injector::restart_after(NodeId node, Duration time) {
  world_.after(time, [this, node] { world_.start(node); });
}

void Injector::on_process(const Fault& fault, NodeId node) {
  switch (fault.kind) {
    case FaultKind::crash:
      world_.crash(node, static_cast<CrashLoss>(fault.amount % 3));
      restart_after(node, fault.lasts);
      return;
    case FaultKind::storm: return storm(fault, node);
    case FaultKind::pause: return world_.pause(node, fault.lasts);
    case FaultKind::slow_cpu:
      return world_.slow_cpu(node, std::chrono::microseconds(fault.amount), fault.lasts);
    case FaultKind::clock_step:
      return world_.step_wall(node, std::chrono::milliseconds(fault.amount));
    default: return;
  }
}

void Injector::storm(const Fault& fault, NodeId node) {
  const Duration step = fault.lasts / std::max<std::int64_t>(fault.amount, 1);
  for (std::int64_t i = 0; i < fault.amount; ++i) {
    world_.after(step * i, [this, node, i] { world_.crash(node, static_cast<CrashLoss>(i % 3)); });
    restart_after(node, step * i + step / 2);
  }
}

void Injector::heal() {
  ++heals_;
  world_.heal_links();
  for (const NodeId node : all()) {
    world_.start(node);
    world_.stores(node).set_slow({});
    world_.stores(node).disk().set_full(false);
  }
}

void Injector::lose_power(const Fault& fault) {
  for (const NodeId node : all()) world_.crash(node, static_cast<CrashLoss>(fault.amount % 3));
  for (const NodeId node : all()) {
    restart_after(node, fault.lasts * static_cast<std::int64_t>(node.value) / nodes_);
  }
}

void Injector::on_actor(const Fault& fault, NodeId node) {
  std::vector<Address> victims;
  for (const Address& address : world_.actors(node)) {
    const bool is_root =
        address.kind == msg::ActorKind::supervisor || address.kind == msg::ActorKind::router;
    if (!is_root) victims.push_back(address);
  }
  if (victims.empty()) return;
  const Address& victim = victims[static_cast<std::size_t>(fault.amount) % victims.size()];
  switch (fault.kind) {
    case FaultKind::stall_actor: return world_.stall(victim, fault.lasts);
    case FaultKind::overflow: return world_.overflow(victim, fault.lasts);
    case FaultKind::kill_often:
      for (Duration at{}; at <= fault.lasts; at += kill_step) {
        world_.after(at, [this, victim] {
          if (world_.machine(victim) != nullptr) world_.tell(victim, msg::Inject{"crash"});
        });
      }
      return;
    default: return world_.tell(victim, msg::Inject{"crash"});
  }
}

void Injector::transfer(const Fault& fault) {
  const GroupId id = group(fault.target.number);
  world_.tell(
      replica_address(resolve(fault.target), id),
      msg::TransferLeadership{id.value, static_cast<std::uint64_t>(fault.amount)});
}

void Injector::change(const Fault& fault) {
  const GroupId id = group(fault.target.number);
  msg::ChangeReplicas change;
  change.group = id.value;
  for (const std::uint32_t voter : fault.others) {
    if (voter <= nodes_) change.voters.push_back(voter);
  }
  if (change.voters.empty() || !may_rely_on(change.voters)) return;
  const auto learner = static_cast<std::uint64_t>(fault.amount);
  if (learner != 0 && learner <= nodes_) change.learners.push_back(learner);
  world_.tell(replica_address(resolve(fault.target), id), std::move(change));
}

std::vector<NodeId> Injector::all() const {
  std::vector<NodeId> nodes;
  for (std::uint64_t id = 1; id <= nodes_; ++id) nodes.emplace_back(id);
  return nodes;
}

std::vector<NodeId> Injector::others_of(const Fault& fault, NodeId node) const {
  std::vector<NodeId> others;
  for (const std::uint32_t other : fault.others) {
    if (other <= nodes_ && other != node.value) others.emplace_back(other);
  }
  return others;
}

}  // namespace harka::sim
