// SPDX-License-Identifier: Apache-2.0
// Majorities over a configuration, joint or not (Ongaro's dissertation, section 4.3).
//
// Everything that raft asks a majority for is one question: which is the largest value that a
// majority has reached? Match indices give the commit index, acknowledged rounds give leases and
// read indices, times of last contact give check-quorum, and votes are 0 or 1.
#pragma once

#include "base/ids.hpp"
#include "schemas/raft.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace harka::raft {

[[nodiscard]] inline bool contains(const std::vector<std::uint64_t>& ids, NodeId node) {
  return std::find(ids.begin(), ids.end(), node.value) != ids.end();
}

/// In either half of a joint configuration.
[[nodiscard]] inline bool is_voter(const msg::GroupConfig& config, NodeId node) {
  return contains(config.voters, node) || contains(config.voters_outgoing, node);
}

[[nodiscard]] inline bool is_joint(const msg::GroupConfig& config) {
  return !config.voters_outgoing.empty();
}

namespace detail {

/// The largest value that a majority of `ids` reaches; `ids` is not empty.
template <typename ValueOf>
std::uint64_t majority_value(const std::vector<std::uint64_t>& ids, const ValueOf& value_of) {
  constexpr std::size_t small_max = 9;  // larger groups exist only in tests
  std::uint64_t small[small_max] = {};
  std::vector<std::uint64_t> large;
  std::uint64_t* values = small;
  if (ids.size() > small_max) {
    large.resize(ids.size());
    values = large.data();
  }
  std::transform(
      ids.begin(), ids.end(), values, [&](std::uint64_t id) { return value_of(NodeId{id}); });
  const auto size = static_cast<std::ptrdiff_t>(ids.size());
  std::uint64_t* const wanted = values + size / 2;  // size / 2 + 1 values are at least this
  std::nth_element(values, wanted, values + size, std::greater<>());
  return *wanted;
}

}  // namespace detail

/// The largest value that a majority of the voters reaches; of both halves in a joint
/// configuration. Zero when there are no voters.
template <typename ValueOf>
[[nodiscard]] std::uint64_t quorum_value(const msg::GroupConfig& config, const ValueOf& value_of) {
  if (config.voters.empty()) {
    return 0;
  }
  const std::uint64_t incoming = detail::majority_value(config.voters, value_of);
  if (config.voters_outgoing.empty()) {
    return incoming;
  }
  return std::min(incoming, detail::majority_value(config.voters_outgoing, value_of));
}

}  // namespace harka::raft
