// SPDX-License-Identifier: Apache-2.0
// Lists as strings, "3.17,1.4,": each token ends with a comma and is appended once, so what a list
// holds says what was done to it, and in which order.
#pragma once

#include "sim/workloads/load.hpp"

namespace harka::sim {

/// A token appended: it must be there once if acknowledged, else at most once.
struct Appended {
  std::uint32_t shard = 0;
  std::string key;
  std::string token;  // with its comma
  bool is_acknowledged = false;
  std::uint64_t length = 0;  // of the list behind it, as acknowledged
};

/// Without their commas.
[[nodiscard]] std::vector<std::string> tokens_of(std::string_view list);

/// Each token is there at most once, an acknowledged one where its answer said that it is. Throws a
/// Violation.
void audit_tokens(const std::vector<Appended>& appended, const FinalState& state);

}  // namespace harka::sim
