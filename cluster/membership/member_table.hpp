// SPDX-License-Identifier: Apache-2.0
// What this node believes of the others. Claims are ordered by (epoch, incarnation, state): a new
// process beats an old one, a refutation beats a suspicion, and worse news beats better of the same
// incarnation. Merging is therefore commutative and idempotent: all orders end in one view.
#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"
#include "schemas/membership.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace harka::membership {

/// Alive or merely suspected.
[[nodiscard]] bool is_living(const msg::Member& member);
/// Whether `claim` is newer or worse than `known`, about the same node.
[[nodiscard]] bool supersedes(const msg::Member& claim, const msg::Member& known);
/// Whether the difference matters to subscribers; an incarnation alone does not.
[[nodiscard]] bool differs_visibly(const msg::Member& a, const msg::Member& b);
/// Why both cannot be members: one name with two data directories, or two clusters. Empty: they
/// can.
[[nodiscard]] std::string conflict_of(const msg::Member& claim, const msg::Member& known);
/// Why `claim` cannot join the cluster of `self`. Empty: it can.
[[nodiscard]] std::string cluster_conflict_of(const msg::Member& claim, const msg::Member& self);

class MemberTable {
 public:
  struct Entry {
    msg::Member member;
    Instant changed_at;
  };

  [[nodiscard]] const msg::Member* find(std::uint64_t node) const;

  void put(const msg::Member& member, Instant now) { entries_[member.node] = {member, now}; }

  void erase(std::uint64_t node) { entries_.erase(node); }

  [[nodiscard]] const std::map<std::uint64_t, Entry>& entries() const { return entries_; }

  [[nodiscard]] std::size_t count(msg::MemberState state) const;
  [[nodiscard]] std::size_t living_count() const;
  /// Those in this state, in order of their ids.
  [[nodiscard]] std::vector<std::uint64_t> nodes_in(msg::MemberState state) const;
  [[nodiscard]] std::vector<std::uint64_t> living() const;

 private:
  std::map<std::uint64_t, Entry> entries_;
};

}  // namespace harka::membership
