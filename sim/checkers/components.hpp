// SPDX-License-Identifier: Apache-2.0
// Strongly connected components of a graph (Tarjan, 1972), without recursion.
#pragma once

#include <cstddef>
#include <vector>

namespace harka::sim {

/// `next[n]` are where the edges of node n lead. Two nodes have the same number exactly if each can
/// be reached from the other.
[[nodiscard]] std::vector<std::size_t> components_of(
    const std::vector<std::vector<std::size_t>>& next);

}  // namespace harka::sim
