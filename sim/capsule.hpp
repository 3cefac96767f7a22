// SPDX-License-Identifier: Apache-2.0
// A run as text: everything that a plan says, a line for each setting and for each fault. A capsule
// is what a failed run leaves, what `minimise` makes smaller and what a scenario is written as:
// whatever is not said is as in a run without faults.
//
//   # comment
//   profile core
//   seed 7
//   nodes 5
//   fault 3.2s crash leader 0 for 1.5s amount 1
//   skip 3.17                 operation 17 of client 3 is not sent
#pragma once

#include "base/result.hpp"
#include "sim/plan.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace harka::sim {

/// `comments` stand at its head.
[[nodiscard]] std::string capsule_of(const Plan& plan, const std::vector<std::string>& comments);

/// invalid_argument names the line and says what is wrong with it.
[[nodiscard]] Result<Plan> plan_of(std::string_view capsule);

/// All settings in one line, without faults and skipped operations.
[[nodiscard]] std::string settings_of(const Plan& plan);

}  // namespace harka::sim
