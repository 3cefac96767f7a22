// SPDX-License-Identifier: Apache-2.0
#include "cluster/membership/member_table.hpp"

#include <algorithm>
#include <tuple>

namespace harka::membership {

bool is_living(const msg::Member& member) {
  return member.state == msg::MemberState::alive || member.state == msg::MemberState::suspect;
}

bool supersedes(const msg::Member& claim, const msg::Member& known) {
  if (known.state == msg::MemberState::left && claim.data_id != known.data_id) {
    return claim.state == msg::MemberState::alive;  // the name is free for another data directory
  }
  return std::tuple(claim.epoch, claim.incarnation, claim.state) >
         std::tuple(known.epoch, known.incarnation, known.state);
}

bool differs_visibly(const msg::Member& a, const msg::Member& b) {
  const auto visible = [](const msg::Member& member) {
    return std::tie(
        member.node,
        member.name,
        member.link_address,
        member.client_address,
        member.region,
        member.epoch,
        member.state,
        member.cluster_id,
        member.data_id);
  };
  return visible(a) != visible(b);
}

std::string conflict_of(const msg::Member& claim, const msg::Member& known) {
  const bool is_other_data =
      claim.data_id != 0 && known.data_id != 0 && claim.data_id != known.data_id;
  if (is_other_data && known.state != msg::MemberState::left) {
    return "the name '" + known.name +
           "' belongs to another data directory: use another name, or "
           "remove the old node from the cluster first";
  }
  return {};
}

std::string cluster_conflict_of(const msg::Member& claim, const msg::Member& self) {
  if (claim.cluster_id != 0 && self.cluster_id != 0 && claim.cluster_id != self.cluster_id) {
    return "'" + claim.name + "' belongs to another cluster than '" + self.name +
           "': check its seed list";
  }
  return {};
}

const msg::Member* MemberTable::find(std::uint64_t node) const {
  const auto found = entries_.find(node);
  return found == entries_.end() ? nullptr : &found->second.member;
}

std::size_t MemberTable::count(msg::MemberState state) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      entries_, [state](const auto& entry) { return entry.second.member.state == state; }));
}

std::size_t MemberTable::living_count() const {
  return count(msg::MemberState::alive) + count(msg::MemberState::suspect);
}

std::vector<std::uint64_t> MemberTable::nodes_in(msg::MemberState state) const {
  std::vector<std::uint64_t> nodes;
  for (const auto& [node, entry] : entries_) {
    if (entry.member.state == state) nodes.push_back(node);
  }
  return nodes;
}

std::vector<std::uint64_t> MemberTable::living() const {
  std::vector<std::uint64_t> nodes;
  for (const auto& [node, entry] : entries_) {
    if (is_living(entry.member)) nodes.push_back(node);
  }
  return nodes;
}

}  // namespace harka::membership
