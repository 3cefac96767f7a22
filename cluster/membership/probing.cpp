// SPDX-License-Identifier: Apache-2.0
// How members are checked: one probe a round, helpers when it stays unanswered, a suspicion when
// they hear nothing either.
#include "base/marks.hpp"
#include "cluster/membership/swim.hpp"

#include <algorithm>
#include <utility>

namespace harka::membership {

void Swim::on(NodeId from, const msg::Probe& probe, Step& step) {
  merge_all(probe.gossip, step);
  correct(from, probe.gossip, step);
  if (probe.sequence == 0 || self_.state == msg::MemberState::left) return;
  step.sends.push_back({from, msg::ProbeAck{probe.sequence, gossip_for(from.value)}, 0});
  // A stranger that knows us: we restarted, or it did. Let us be introduced.
  if (table_.find(from.value) == nullptr) {
    hit(Mark::stranger_probes);
    step.sends.push_back({from, msg::JoinRequest{self_}, 0});
  }
}

void Swim::on(NodeId from, const msg::ProbeAck& ack, Step& step) {
  merge_all(ack.gossip, step);
  const auto helping = helping_.find(ack.sequence);
  if (helping != helping_.end()) {
    hit(Mark::probe_by_helper);
    const NodeId origin = helping->second.origin;
    step.sends.push_back(
        {origin, msg::ProbeAck{helping->second.origin_sequence, gossip_for(origin.value)}, 0});
    helping_.erase(helping);
    return;
  }
  if (probing_ && probing_->sequence == ack.sequence) {
    probing_.reset();
    round_at_ = round_began_ + stretched(options_.probe_interval);
    if (health_ > 0) --health_;
    if (!urgent_.empty()) probe_soon(*urgent_.begin(), step);
    return;
  }
  // One of the dead answers. The refutation came with it or comes next; meet it with all we know.
  const msg::Member* known = table_.find(from.value);
  if (known == nullptr || known->state != msg::MemberState::dead) return;
  hit(Mark::dead_answers);
  exchange_with(from.value, step);
}

void Swim::on(NodeId from, const msg::ProbeRequest& request, Step& step) {
  merge_all(request.gossip, step);
  if (self_.state == msg::MemberState::left) return;
  const std::uint64_t sequence = ++sequence_last_;
  const auto patience =
      std::chrono::duration_cast<Duration>(options_.probe_timeout * options_.nack_ratio);
  helping_[sequence] = {from, request.sequence, step.now + patience};
  step.sends.push_back(
      {NodeId{request.target}, msg::Probe{sequence, gossip_for(request.target)}, 0});
}

void Swim::on(NodeId, const msg::ProbeNack& nack, Step&) {
  if (!probing_ || probing_->sequence != nack.sequence) return;
  hit(Mark::helper_admits_failure);
  ++probing_->nacks_received;
}

void Swim::link_changed(NodeId node, bool is_up, Step& step) {
  const msg::Member* known = table_.find(node.value);
  if (known == nullptr || known->state == msg::MemberState::left) return;
  if (is_living(*known)) {
    if (!is_up) probe_soon(node.value, step);
  } else if (is_up) {
    step.sends.push_back({node, msg::Probe{++sequence_last_, gossip_for(node.value)}, 0});
  }
}

void Swim::advance_probe(Step& step) {
  if (probing_ && step.now >= probing_->ends_at) fail_round(step);
  if (probing_) {
    if (!probing_->has_asked_helpers && step.now >= probing_->helpers_at) ask_helpers(step);
  } else if (step.now >= round_at_) {
    begin_round(step);
  }
}

void Swim::begin_round(Step& step) {
  round_began_ = step.now;
  round_at_ = step.now + stretched(options_.probe_interval);
  const std::uint64_t target = next_target(step);
  if (target == 0) return;
  Probing probing;
  probing.node = target;
  probing.sequence = ++sequence_last_;
  probing.helpers_at = step.now + stretched(options_.probe_timeout);
  probing.ends_at = round_at_;
  probing_ = probing;
  step.sends.push_back({NodeId{target}, msg::Probe{probing.sequence, gossip_for(target)}, 0});
}

/// The next of a shuffled pass over all, so that each is probed once in n rounds.
std::uint64_t Swim::next_target(Step& step) {
  const auto is_target = [this](std::uint64_t node) {
    const msg::Member* known = table_.find(node);
    return known != nullptr && is_living(*known);
  };
  while (!urgent_.empty()) {
    const std::uint64_t node = *urgent_.begin();
    urgent_.erase(urgent_.begin());
    if (is_target(node)) return node;
  }
  for (int pass = 0; pass < 2; ++pass) {
    while (!ring_.empty()) {
      const std::uint64_t node = ring_.back();
      ring_.pop_back();
      if (is_target(node)) return node;
    }
    ring_ = pick(table_.entries().size(), self_.node, step.random);
  }
  return 0;
}

void Swim::ask_helpers(Step& step) {
  probing_->has_asked_helpers = true;
  const auto helpers = pick(options_.helper_count, probing_->node, step.random);
  probing_->nacks_expected = helpers.size();
  for (const std::uint64_t helper : helpers) {
    step.sends.push_back(
        {NodeId{helper},
         msg::ProbeRequest{probing_->sequence, probing_->node, gossip_for(helper)},
         0});
  }
}

/// Lifeguard: helpers that did not even admit failure hint that this node is the slow one.
void Swim::fail_round(Step& step) {
  const Probing failed = *probing_;
  probing_.reset();
  const std::size_t missing =
      failed.nacks_expected - std::min(failed.nacks_received, failed.nacks_expected);
  if (missing > 0) hit(Mark::helpers_silent);
  raise_health(failed.nacks_expected > 0 ? missing : 1);
  const msg::Member* known = table_.find(failed.node);
  if (known == nullptr || !is_living(*known)) return;
  msg::Member claim = *known;
  claim.state = msg::MemberState::suspect;
  claim.accuser = self_.node;
  merge(claim, step);
}

void Swim::probe_dead(Step& step) {
  if (step.now < dead_probe_at_) return;
  dead_probe_at_ = step.now + options_.dead_probe_interval;
  const auto dead = table_.nodes_in(msg::MemberState::dead);
  if (dead.empty()) return;
  const std::uint64_t node = dead[step.random.below(dead.size())];
  step.sends.push_back({NodeId{node}, msg::Probe{++sequence_last_, gossip_for(node)}, 0});
}

void Swim::send_nacks(Step& step) {
  for (auto helping = helping_.begin(); helping != helping_.end();) {
    if (step.now < helping->second.nack_at) {
      ++helping;
      continue;
    }
    step.sends.push_back(
        {helping->second.origin, msg::ProbeNack{helping->second.origin_sequence}, 0});
    helping = helping_.erase(helping);
  }
}

/// At once if no round runs, but no more than four rounds in the time of one.
void Swim::probe_soon(std::uint64_t node, Step&) {
  urgent_.insert(node);
  if (!probing_) round_at_ = std::min(round_at_, round_began_ + options_.probe_interval / 4);
}

}  // namespace harka::membership
