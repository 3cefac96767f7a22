// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/linearizability.hpp"

#include <map>

namespace harka::sim {

LinearizabilityReport check_linearizability(
    const std::vector<Operation>& history, const LinearizabilityOptions& options) {
  std::map<std::string, std::vector<const Operation*>> by_key;
  for (const Operation& operation : history) by_key[operation.key].push_back(&operation);
  LinearizabilityReport report;
  for (const auto& [key, operations] : by_key) {
    const SearchOptions of_search{.initial = options.initial, .budget = options.budget};
    const Searched searched = search_register(operations, of_search);
    if (searched.verdict == Verdict::linearizable) continue;
    if (searched.verdict == Verdict::undecided && report.verdict == Verdict::undecided) continue;
    report.verdict = searched.verdict;
    report.key = key;
    if (searched.verdict == Verdict::undecided) continue;
    report.window = failing_window(operations, of_search);
    return report;
  }
  return report;
}

}  // namespace harka::sim
