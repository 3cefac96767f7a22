// SPDX-License-Identifier: Apache-2.0
#include "sim/workloads/tokens.hpp"

#include "sim/violation.hpp"

#include <algorithm>
#include <map>

namespace harka::sim {

namespace {

using Ends = std::map<std::string, std::vector<std::size_t>>;  // where each token ends

Ends ends_in(std::string_view list) {
  Ends ends;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size() - 1) + 1;
    ends[std::string(list.substr(at, end - at))].push_back(end);
    at = end;
  }
  return ends;
}

void audit(const Appended& appended, const std::vector<std::size_t>& ends) {
  const std::string what = "the append of " + appended.token + " to " + appended.key;
  if (ends.size() > 1) throw Violation(Broken::correctness, what + " took effect twice");
  if (!appended.is_acknowledged) return;
  if (ends.empty()) throw Violation(Broken::correctness, what + " was acknowledged and is lost");
  if (ends.front() != appended.length) {
    throw Violation(
        Broken::correctness,
        what + " was answered with length " + std::to_string(appended.length) + " and ends at " +
            std::to_string(ends.front()));
  }
}

}  // namespace

std::vector<std::string> tokens_of(std::string_view list) {
  std::vector<std::string> tokens;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    tokens.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return tokens;
}

void audit_tokens(const std::vector<Appended>& appended, const FinalState& state) {
  std::map<std::string, Ends> lists;
  for (const Appended& one : appended) {
    const auto [list, is_new] = lists.try_emplace(one.key);
    if (is_new) list->second = ends_in(state.find(one.shard, one.key).value_or(""));
    audit(one, list->second[one.token]);
  }
}

}  // namespace harka::sim
