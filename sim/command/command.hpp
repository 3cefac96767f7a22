// SPDX-License-Identifier: Apache-2.0
// `harka sim …` as a function of its arguments.
#pragma once

#include <string>
#include <vector>

namespace harka::sim {

/// Arguments after `sim`. Returns the exit code: 0 clean, 127 crash, 128 liveness, 129 correctness,
/// 2 wrong usage. Without arguments it says which there are.
[[nodiscard]] int run_command(const std::vector<std::string>& arguments);

}  // namespace harka::sim
