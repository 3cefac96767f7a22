// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/history_cuts.hpp"

namespace harka::sim {

std::vector<Operation> history_until(const std::vector<Operation>& history, std::int64_t time) {
  std::vector<Operation> known;
  for (Operation operation : history) {
    if (operation.start > time) continue;
    if (operation.end && *operation.end > time) operation.end.reset();
    if (operation.end || operation.changes()) known.push_back(std::move(operation));
  }
  return known;
}

std::vector<Operation> history_after(const std::vector<Operation>& history, std::int64_t time) {
  std::vector<Operation> rest;
  for (Operation operation : history) {
    if (operation.end && *operation.end <= time) continue;
    if (operation.start <= time) operation.end.reset();
    if (operation.end || operation.changes()) rest.push_back(std::move(operation));
  }
  return rest;
}

std::vector<Operation> history_without(
    const std::vector<Operation>& history, const std::set<std::optional<std::string>>& values) {
  std::vector<Operation> kept;
  for (const Operation& operation : history) {
    if (operation.act == Act::mismatch || values.contains(operation.value)) continue;
    kept.push_back(operation);
    const bool compares_with_one =
        operation.act == Act::compare_and_set && values.contains(operation.expected);
    if (compares_with_one) kept.back().act = Act::write;
  }
  return kept;
}

}  // namespace harka::sim
