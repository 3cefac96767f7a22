// SPDX-License-Identifier: Apache-2.0
// Which members are news, and how often each was told: what was told least goes first, and each
// news is told ⌈log10(n + 1)⌉ × multiplier times, which reaches everybody with high probability.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace harka::membership {

class GossipQueue {
 public:
  /// Something about this node changed: told from the start again.
  void add(std::uint64_t node) { told_[node] = 0; }

  void remove(std::uint64_t node) { told_.erase(node); }

  [[nodiscard]] bool empty() const { return told_.empty(); }

  /// Up to `count` nodes, least told first; counts them as told once more.
  [[nodiscard]] std::vector<std::uint64_t> take(std::size_t count, std::uint32_t limit) {
    std::vector<std::uint64_t> nodes;
    for (const auto& [node, told] : told_) nodes.push_back(node);
    std::ranges::stable_sort(
        nodes, [this](std::uint64_t a, std::uint64_t b) { return told_.at(a) < told_.at(b); });
    nodes.resize(std::min(count, nodes.size()));
    for (const std::uint64_t node : nodes) {
      if (++told_[node] >= limit) told_.erase(node);
    }
    return nodes;
  }

  [[nodiscard]] static std::uint32_t limit_for(std::size_t members, std::uint32_t multiplier) {
    const double rounds = std::ceil(std::log10(static_cast<double>(members) + 1.0));
    return multiplier * static_cast<std::uint32_t>(std::max(1.0, rounds));
  }

 private:
  std::map<std::uint64_t, std::uint32_t> told_;
};

}  // namespace harka::membership
