// SPDX-License-Identifier: Apache-2.0
// `harka sim scenario`: the library of scenarios, listed and run.
#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

namespace harka::sim {

/// `words` after `scenario`. The exit code: 0 when all hold, 1 when an expectation is missed or a
/// defect goes through, a run's own when that fails; or invalid_argument, or io_failed.
[[nodiscard]] Result<int> run_scenarios(const std::vector<std::string>& words);

}  // namespace harka::sim
