// SPDX-License-Identifier: Apache-2.0
// Is a history of registers linearizable? Each key is checked alone, which is enough (locality:
// Herlihy and Wing, 1990); `register_search` decides one key, `failing_window` says what is wrong.
#pragma once

#include "sim/checkers/failing_window.hpp"
#include "sim/checkers/register_search.hpp"

#include <optional>
#include <string>
#include <vector>

namespace harka::sim {

struct LinearizabilityReport {
  Verdict verdict = Verdict::linearizable;
  std::string key;                      // of the violation, or of the search that was given up
  std::optional<FailingWindow> window;  // of a violation
};

struct LinearizabilityOptions {
  std::optional<std::string> initial;  // every key's value before the history
  SearchBudget budget;                 // of each key
};

/// Operations in any order. The first key in violation, else the first undecided one.
[[nodiscard]] LinearizabilityReport check_linearizability(
    const std::vector<Operation>& history, const LinearizabilityOptions& options);

}  // namespace harka::sim
