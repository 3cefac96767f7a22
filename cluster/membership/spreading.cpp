// SPDX-License-Identifier: Apache-2.0
// How news spread: piggybacked on probes, in gossip of its own while there is any, by full
// exchanges, and by knocking at seeds.
#include "base/marks.hpp"
#include "cluster/membership/swim.hpp"

#include <algorithm>
#include <utility>

namespace harka::membership {

void Swim::spread(Step& step) {
  if (step.now < gossip_at_ || !has_news()) return;
  gossip_at_ = step.now + options_.gossip_interval;
  // The suspects themselves hear it every time: a lost message must not cost them their good name.
  for (const auto& [node, suspicion] : suspicions_) {
    step.sends.push_back({NodeId{node}, msg::Probe{0, {*table_.find(node)}}, 0});
  }
  for (const std::uint64_t node : pick(options_.gossip_fanout, self_.node, step.random)) {
    msg::Probe news;
    news.gossip = gossip_for(node);
    if (!news.gossip.empty()) step.sends.push_back({NodeId{node}, std::move(news), 0});
  }
}

/// Whoever tells outdated bad news missed the refutation: gossip reaches everybody only probably.
void Swim::correct(NodeId teller, const std::vector<msg::Member>& told, Step& step) {
  msg::Probe answer;
  for (const msg::Member& claim : told) {
    if (claim.state == msg::MemberState::alive) continue;
    const msg::Member* known = member(claim.node);
    if (known != nullptr && supersedes(*known, claim)) answer.gossip.push_back(*known);
  }
  if (!answer.gossip.empty()) hit(Mark::outdated_news_corrected);
  if (!answer.gossip.empty()) step.sends.push_back({teller, std::move(answer), 0});
}

bool Swim::has_news() const {
  return !suspicions_.empty() || (!gossip_.empty() && table_.living_count() > 0);
}

/// Push and pull: our whole view there, and theirs back.
void Swim::exchange_with(std::uint64_t node, Step& step) {
  step.sends.push_back({NodeId{node}, msg::MemberList{members()}, 0});
  step.sends.push_back({NodeId{node}, msg::JoinRequest{self_}, 0});
}

void Swim::knock_at_seeds(Step& step) {
  for (Seed& seed : seeds_) {
    if (step.now < seed.next_at || is_satisfied(seed)) continue;
    seed.next_at = step.now + options_.join_interval +
                   step.random.between(Duration::zero(), options_.join_interval / 4);
    step.sends.push_back({seed.alias, msg::JoinRequest{self_}, seed.alias.value});
  }
}

bool Swim::is_satisfied(const Seed& seed) const {
  if (seed.node == self_.node) return true;
  const msg::Member* known = table_.find(seed.node);
  return known != nullptr && is_living(*known);
}

std::vector<msg::Member> Swim::gossip_for(std::uint64_t node) {
  std::vector<msg::Member> claims;
  // The buddy rule: whoever is accused hears it first, so that it can refute at once.
  const msg::Member* known = table_.find(node);
  if (known != nullptr && known->state != msg::MemberState::alive) claims.push_back(*known);
  const auto limit =
      GossipQueue::limit_for(table_.living_count() + 1, options_.retransmit_multiplier);
  for (const std::uint64_t news : gossip_.take(options_.gossip_members_max, limit)) {
    const msg::Member* claim = member(news);
    if (claim != nullptr && (known == nullptr || news != node)) claims.push_back(*claim);
  }
  return claims;
}

std::vector<std::uint64_t> Swim::pick(
    std::size_t count, std::uint64_t except, Random& random) const {
  std::vector<std::uint64_t> nodes = table_.living();
  std::erase(nodes, except);
  const std::size_t picked = std::min(count, nodes.size());
  for (std::size_t position = 0; position < picked; ++position) {
    std::swap(nodes[position], nodes[position + random.below(nodes.size() - position)]);
  }
  nodes.resize(picked);
  return nodes;
}

const msg::Member* Swim::member(std::uint64_t node) const {
  return node == self_.node ? &self_ : table_.find(node);
}

}  // namespace harka::membership
