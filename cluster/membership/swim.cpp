// SPDX-License-Identifier: Apache-2.0
// What is believed: claims are merged, suspicions grow old, this node refutes what is said of it.
#include "cluster/membership/swim.hpp"

#include "base/marks.hpp"

#include <algorithm>
#include <utility>

namespace harka::membership {

Swim::Swim(const Options& options, msg::Member self, const std::vector<NodeId>& seeds)
    : options_(options), self_(std::move(self)) {
  ASSERT(self_.node != 0);
  self_.state = msg::MemberState::alive;
  self_.incarnation = std::max<std::uint64_t>(self_.incarnation, 1);
  for (const NodeId seed : seeds) seeds_.push_back({seed, 0, {}});
}

void Swim::start(Step& step) {
  // Answers to a former process of this node must not match.
  sequence_last_ = step.random.next() >> 16U;
  round_began_ = step.now;
  round_at_ = step.now + step.random.between(Duration::zero(), options_.probe_interval);
  gossip_at_ = step.now;
  exchange_at_ = step.now + step.random.between(Duration::zero(), options_.exchange_interval);
  dead_probe_at_ = step.now;
  for (Seed& seed : seeds_) seed.next_at = step.now;
  gossip_.add(self_.node);
  knock_at_seeds(step);
}

void Swim::advance(Step& step) {
  if (self_.state != msg::MemberState::left) {
    knock_at_seeds(step);
    expire_suspicions(step);
    advance_probe(step);
    send_nacks(step);
    probe_dead(step);
    if (step.now >= exchange_at_) {
      exchange_at_ = step.now + options_.exchange_interval;
      for (const std::uint64_t node : pick(1, self_.node, step.random)) exchange_with(node, step);
    }
  }
  spread(step);
  forget_left(step);
}

Instant Swim::next_due() const {
  if (self_.state == msg::MemberState::left) return has_news() ? gossip_at_ : Instant::max();
  Instant due = probing_ ? (probing_->has_asked_helpers ? probing_->ends_at : probing_->helpers_at)
                         : round_at_;
  due = std::min(due, exchange_at_);
  if (has_news()) due = std::min(due, gossip_at_);
  if (table_.count(msg::MemberState::dead) > 0) due = std::min(due, dead_probe_at_);
  for (const auto& [node, suspicion] : suspicions_) due = std::min(due, suspicion.deadline());
  for (const auto& [sequence, helping] : helping_) due = std::min(due, helping.nack_at);
  for (const Seed& seed : seeds_) {
    if (!is_satisfied(seed)) due = std::min(due, seed.next_at);
  }
  return due;
}

void Swim::on(NodeId from, const msg::JoinRequest& request, std::uint64_t correlation, Step& step) {
  const msg::Member& newcomer = request.member;
  if (newcomer.node != from.value) return;  // a broken or lying peer
  std::string refusal = cluster_conflict_of(newcomer, self_);
  if (const msg::Member* known = member(newcomer.node); known != nullptr && refusal.empty()) {
    refusal = conflict_of(newcomer, *known);
  }
  if (!refusal.empty()) {
    step.notes.push_back("refused '" + newcomer.name + "': " + refusal);
    step.sends.push_back({from, msg::JoinRefused{refusal}, correlation});
    return;
  }
  merge(newcomer, step);
  step.sends.push_back({from, msg::MemberList{members()}, correlation});
}

void Swim::on(NodeId, const msg::JoinRefused& refused, Step& step) {
  if (refused.reason != refusal_) step.notes.push_back("cannot join: " + refused.reason);
  refusal_ = refused.reason;
}

void Swim::on(NodeId from, const msg::MemberList& list, std::uint64_t correlation, Step& step) {
  for (Seed& seed : seeds_) {
    if (correlation != 0 && seed.alias.value == correlation) seed.node = from.value;
  }
  refusal_.clear();
  merge_all(list.members, step);
}

void Swim::set_cluster_id(std::uint64_t cluster_id, Step&) {
  if (self_.cluster_id == cluster_id) return;
  self_.cluster_id = cluster_id;
  ++self_.incarnation;
  gossip_.add(self_.node);
  has_changed_ = true;
}

void Swim::leave(Step& step) {
  if (self_.state == msg::MemberState::left) return;
  self_.state = msg::MemberState::left;
  ++self_.incarnation;
  gossip_.add(self_.node);
  has_changed_ = true;
  probing_.reset();
  helping_.clear();
  suspicions_.clear();
  gossip_at_ = step.now;
  spread(step);
}

bool Swim::take_changed() {
  return std::exchange(has_changed_, false);
}

std::vector<msg::Member> Swim::members() const {
  std::vector<msg::Member> all;
  bool has_self = false;
  for (const auto& [node, entry] : table_.entries()) {
    if (!has_self && node > self_.node) {
      all.push_back(self_);
      has_self = true;
    }
    all.push_back(entry.member);
  }
  if (!has_self) all.push_back(self_);
  return all;
}

void Swim::merge_all(const std::vector<msg::Member>& claims, Step& step) {
  for (const msg::Member& claim : claims) merge(claim, step);
}

void Swim::merge(const msg::Member& claim, Step& step) {
  if (claim.node == 0) return;
  if (claim.node == self_.node) {
    hear_about_self(claim, step);
    return;
  }
  if (!cluster_conflict_of(claim, self_).empty()) return;
  const msg::Member* known = table_.find(claim.node);
  if (known == nullptr) {
    if (claim.state != msg::MemberState::left) accept(claim, step);
    return;
  }
  if (!conflict_of(claim, *known).empty()) return;
  if (supersedes(claim, *known)) {
    accept(claim, step);
  } else {
    hear_again(claim, *known, step);
  }
}

/// Refutes: the only one who may raise an incarnation is its owner.
void Swim::hear_about_self(const msg::Member& claim, Step& step) {
  if (self_.state == msg::MemberState::left || claim.data_id != self_.data_id) return;
  if (claim.epoch > self_.epoch) {
    step.notes.push_back("a later process of this node is known: is another one running?");
    return;
  }
  if (claim.epoch < self_.epoch) {
    hit(Mark::predecessor_remembered);
    gossip_.add(self_.node);  // news of our predecessor still goes round
    return;
  }
  const bool is_accused = claim.state != msg::MemberState::alive;
  if (claim.incarnation < self_.incarnation) return;
  if (!is_accused && claim.incarnation == self_.incarnation) return;
  self_.incarnation = claim.incarnation + 1;
  gossip_.add(self_.node);
  if (is_accused) hit(Mark::accusation_refuted);
  if (is_accused) raise_health(1);
}

/// Nothing newer; but a new voice shortens a suspicion, and is worth passing on.
void Swim::hear_again(const msg::Member& claim, const msg::Member& known, Step& step) {
  const bool is_same_suspicion =
      claim.state == msg::MemberState::suspect && known.state == msg::MemberState::suspect &&
      claim.epoch == known.epoch && claim.incarnation == known.incarnation;
  if (!is_same_suspicion) return;
  const auto suspicion = suspicions_.find(claim.node);
  if (suspicion == suspicions_.end() || !suspicion->second.confirm(claim.accuser)) return;
  hit(Mark::suspicion_confirmed);
  table_.put(claim, step.now);
  gossip_.add(claim.node);
}

void Swim::accept(const msg::Member& claim, Step& step) {
  const msg::Member* known = table_.find(claim.node);
  if (known == nullptr || differs_visibly(claim, *known)) has_changed_ = true;
  if (known == nullptr) {
    // Somewhere in this pass, so that a newcomer waits no longer than the others.
    const auto position = step.random.below(ring_.size() + 1);
    ring_.insert(ring_.begin() + static_cast<std::ptrdiff_t>(position), claim.node);
  }
  table_.put(claim, step.now);
  gossip_.add(claim.node);
  suspicions_.erase(claim.node);
  if (claim.state == msg::MemberState::suspect && self_.state != msg::MemberState::left) {
    suspicions_.emplace(
        claim.node, Suspicion(options_, table_.living_count() + 1, step.now, claim.accuser));
  }
}

void Swim::expire_suspicions(Step& step) {
  std::vector<std::uint64_t> expired;
  for (const auto& [node, suspicion] : suspicions_) {
    if (suspicion.deadline() <= step.now) expired.push_back(node);
  }
  for (const std::uint64_t node : expired) {
    const msg::Member* known = table_.find(node);
    ASSERT(known != nullptr && known->state == msg::MemberState::suspect);
    hit(Mark::suspicion_expires);
    msg::Member claim = *known;
    claim.state = msg::MemberState::dead;
    claim.accuser = self_.node;
    step.notes.push_back("'" + claim.name + "' is considered dead");
    accept(claim, step);
  }
}

void Swim::forget_left(Step& step) {
  for (const std::uint64_t node : table_.nodes_in(msg::MemberState::left)) {
    if (step.now - table_.entries().at(node).changed_at < options_.left_kept) continue;
    table_.erase(node);
    gossip_.remove(node);
    has_changed_ = true;
  }
}

void Swim::raise_health(std::size_t by) {
  health_ = static_cast<std::uint32_t>(std::min<std::size_t>(health_ + by, options_.health_max));
}

}  // namespace harka::membership
