// SPDX-License-Identifier: Apache-2.0
// `harka sim shell`: commands for a virtual cluster, from a terminal, a pipe, a file or the line.
#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

namespace harka::sim {

/// `words` after `shell`. The exit code: that of the run when it broke, 2 when a command of a
/// script was wrong, else 0; or invalid_argument, or io_failed.
[[nodiscard]] Result<int> run_shell(const std::vector<std::string>& words);

}  // namespace harka::sim
