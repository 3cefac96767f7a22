// SPDX-License-Identifier: Apache-2.0
#include "sim/strikes.hpp"

#include "base/marks.hpp"
#include "sim/replicas.hpp"

#include <utility>

namespace harka::sim {

namespace {

Fault draw(Random random, NodeId node) {
  Fault fault;
  fault.target = Target{false, static_cast<std::uint32_t>(node.value)};
  switch (random.below(3)) {
    case 0:
      fault.kind = FaultKind::crash;
      fault.amount = static_cast<std::int64_t>(random.below(3));
      fault.lasts = random.chance(0.5) ? random.between(1ms, 50ms) : random.between(50ms, 4s);
      return fault;
    case 1:
      fault.kind = FaultKind::pause;
      fault.lasts = random.between(100ms, 1500ms);
      return fault;
    default:
      fault.kind = FaultKind::isolate;
      fault.lasts = random.between(100ms, 4s);
      return fault;
  }
}

}  // namespace

void Strikes::sent(const Envelope& envelope) {
  if (probability_ == 0 || !injector_.is_active()) return;
  const NodeId from{envelope.from.node};
  if (const auto* vote = std::get_if<msg::VoteReply>(&envelope.body)) {
    if (vote->granted && !vote->pre_vote) at(Moment::vote, from);
  } else if (const auto* append = std::get_if<msg::AppendLog>(&envelope.body)) {
    if (append->has_hard_state) at(Moment::hard_state, from);
  } else if (const auto* chunk = std::get_if<msg::SnapshotChunk>(&envelope.body)) {
    if (!chunk->done) at(Moment::snapshot, NodeId{envelope.to.node});
  } else if (std::holds_alternative<msg::TimeoutNow>(envelope.body)) {
    at(Moment::timeout, NodeId{envelope.to.node});
  }
}

void Strikes::actor_ended(const Address& actor) {
  if (injector_.is_active()) at(Moment::exit, NodeId{actor.node});
}

void Strikes::turn_ended(const Address& actor, const Machine& machine) {
  if (probability_ == 0) return;
  const raft::Raft* raft = core_of(actor, machine);
  if (raft == nullptr || raft->role() == raft::Role::follower) return;
  const std::uint64_t standing = raft->term() * 8 + static_cast<std::uint64_t>(raft->role());
  if (std::exchange(standing_[{actor.node, actor.index}], standing) == standing) return;
  if (!injector_.is_active()) return;
  at(raft->is_leader() ? Moment::leader : Moment::candidate, NodeId{actor.node});
}

void Strikes::at(Moment moment, NodeId node) {
  if (probability_ == 0) return;
  const std::uint64_t number = seen_[{moment, node.value}]++;
  Random random = random_.fork(static_cast<std::uint64_t>(moment)).fork(node.value).fork(number);
  // Some moments come in rows: a snapshot has many chunks.
  const bool is_frequent = moment == Moment::snapshot || moment == Moment::hard_state;
  if (!random.chance(is_frequent ? probability_ / 5 : probability_)) return;
  Fault fault = draw(random, node);
  const Duration soon = random.between(1us, 3ms);
  fault.at = injector_.elapsed() + soon;
  world_.after(soon, [this, fault] {
    if (!injector_.is_active()) return;
    hit(Mark::strike);
    struck_.push_back(fault);
    injector_.carry_out(fault);
  });
}

}  // namespace harka::sim
