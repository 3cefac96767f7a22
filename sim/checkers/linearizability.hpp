// SPDX-License-Identifier: Apache-2.0
// Is a history of reads and writes of registers linearizable? Each key is checked alone, which is
// enough (locality: Herlihy and Wing, 1990). The search is Wing and Gong's with Lowe's memory of
// (linearized set, state) pairs, in time order so that the sets stay small.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace harka::sim {

struct Operation {
  std::string key;
  bool is_write = false;
  std::optional<std::string> value;  // written, or read; nothing: the key was absent
  std::int64_t start = 0;
  std::optional<std::int64_t> end;  // nothing: the outcome is unknown
  bool is_compare_and_set = false;  // a write that succeeded only if it found `expected`
  std::string expected;
};

enum class Verdict : std::uint8_t { linearizable, violated, undecided };

struct LinearizabilityReport {
  Verdict verdict = Verdict::linearizable;
  std::string key;          // of the violation
  std::string explanation;  // the longest prefix that fits and what cannot be placed after it
};

struct LinearizabilityOptions {
  std::optional<std::string> initial;    // every key's value before the history
  std::uint64_t steps_max = 20'000'000;  // of search, for each key; then undecided
};

/// Operations in any order; unknown reads are ignored, unknown writes may have happened or not.
[[nodiscard]] LinearizabilityReport check_linearizability(
    const std::vector<Operation>& history, const LinearizabilityOptions& options);

}  // namespace harka::sim
