// SPDX-License-Identifier: Apache-2.0
// Commands on one run, from a capsule or a seed: replay it, make it smaller, tell it, show it,
// compare it with another.
#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

namespace harka::sim {

/// `words` after the command. The exit code, or invalid_argument, or io_failed.
[[nodiscard]] Result<int> replay_capsule(const std::vector<std::string>& words);
[[nodiscard]] Result<int> minimise_capsule(const std::vector<std::string>& words);
[[nodiscard]] Result<int> explain_capsule(const std::vector<std::string>& words);
[[nodiscard]] Result<int> trace_capsule(const std::vector<std::string>& words);
[[nodiscard]] Result<int> view_capsule(const std::vector<std::string>& words);
[[nodiscard]] Result<int> diff_capsules(const std::vector<std::string>& words);

}  // namespace harka::sim
