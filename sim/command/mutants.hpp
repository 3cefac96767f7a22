// SPDX-License-Identifier: Apache-2.0
// `harka sim mutants`: every planted defect against seeds, until an oracle notices.
#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

namespace harka::sim {

/// `words` after `mutants`. The exit code: 0 when all were noticed, 1 when one survives; or
/// invalid_argument.
[[nodiscard]] Result<int> run_mutants(const std::vector<std::string>& words);

}  // namespace harka::sim
