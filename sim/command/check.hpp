// SPDX-License-Identifier: Apache-2.0
// `harka check …` as a function of its arguments: judges what was recorded elsewhere.
#pragma once

#include <string>
#include <vector>

namespace harka::sim {

/// Arguments after `check`. Returns the exit code: 0 the history is right, 1 it is not, 7 undecided
/// within the budget, 2 wrong usage or a file that cannot be read.
[[nodiscard]] int check_command(const std::vector<std::string>& arguments);

}  // namespace harka::sim
