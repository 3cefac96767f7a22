// SPDX-License-Identifier: Apache-2.0
// `harka sim marks`: which coverage marks (base/marks.hpp) a set of seeds hits. One that no seed
// hits is a branch that no run was ever in: the seeds say nothing about it.
#pragma once

#include "base/marks.hpp"
#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace harka::sim {

/// Of many runs: which marks, in how many of them, and in which one first.
class MarkTally {
 public:
  void add(const std::string& run, const MarkCounts& counts);
  /// A line for each mark, those that were never hit last.
  [[nodiscard]] std::string table() const;
  [[nodiscard]] std::size_t never_hit() const;

 private:
  struct Line {
    std::uint64_t runs = 0;
    std::string first;
  };

  std::array<Line, mark_count> lines_;
};

/// `words` after `marks`. The exit code: 0 when each was hit, 1 when one was not, a run's own when
/// that fails; or invalid_argument.
[[nodiscard]] Result<int> run_marks(const std::vector<std::string>& words);

}  // namespace harka::sim
