// SPDX-License-Identifier: Apache-2.0
// `harka sim run`: seeds one after the other, on several threads if wanted; each twentieth twice.
#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

namespace harka::sim {

/// `words` after `run`. The exit code, or invalid_argument.
[[nodiscard]] Result<int> run_seeds(const std::vector<std::string>& words);

}  // namespace harka::sim
