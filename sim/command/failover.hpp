// SPDX-License-Identifier: Apache-2.0
// `harka sim failover`: how long shards have no leader, over many seeds.
#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

namespace harka::sim {

/// `words` after `failover`. The exit code, or invalid_argument.
[[nodiscard]] Result<int> run_failover(const std::vector<std::string>& words);

}  // namespace harka::sim
