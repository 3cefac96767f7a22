// SPDX-License-Identifier: Apache-2.0
// Strong identifiers. Two neighbouring parameters of one bare integer type are a bug waiting, so
// everything that names a thing has its own type; arithmetic is deliberately missing.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace harka {

/// A named integer. `Tag` only makes types distinct. Zero is reserved for "none".
template <typename Tag, typename Value>
struct StrongId {
  Value value{};

  constexpr StrongId() = default;

  constexpr explicit StrongId(Value v) : value(v) {}

  [[nodiscard]] constexpr bool is_none() const { return value == Value{}; }

  friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;
};

/// A node of the cluster: a stable 64-bit hash of its configured name (see `node_id_of`).
using NodeId = StrongId<struct NodeIdTag, std::uint64_t>;
/// One raft group. Group 0 is the `meta` group, group n + 1 replicates shard n; never "none".
using GroupId = StrongId<struct GroupIdTag, std::uint32_t>;
/// A shard of the key space, 0 … shard_count − 1; never "none".
using ShardId = StrongId<struct ShardIdTag, std::uint32_t>;
/// A node's incarnation: a counter in its data directory, raised by one at every start.
using Epoch = StrongId<struct EpochTag, std::uint64_t>;

/// Raft's term and log position: plain numbers, because the algorithm counts with them.
using Term = std::uint64_t;
using LogIndex = std::uint64_t;

constexpr GroupId meta_group{0};
/// Not a raft group: the node's own durable facts (its copy of the cluster map).
constexpr GroupId node_group{0xFFFFFF};

constexpr GroupId group_of(ShardId shard) {
  return GroupId{shard.value + 1};
}

constexpr ShardId shard_of(GroupId group) {
  return ShardId{group.value - 1};
}

}  // namespace harka

template <typename Tag, typename Value>
struct std::hash<harka::StrongId<Tag, Value>> {
  std::size_t operator()(const harka::StrongId<Tag, Value>& id) const noexcept {
    return std::hash<Value>{}(id.value);
  }
};
