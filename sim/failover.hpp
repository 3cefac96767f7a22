// SPDX-License-Identifier: Apache-2.0
// How long shards have no leader when a node or a whole region dies: nine nodes in three regions,
// as in `harka demo`, from the production tree. A measurement; what must hold is checked by runs.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <vector>

namespace harka::sim {

struct FailoverPlan {
  std::uint64_t seed = 0;
  bool is_region = true;      // what dies; else one node
  bool has_distances = true;  // between regions, as in the demo
  std::uint32_t shards = 100;
};

/// For each shard whose leader died: from then until another one led. Throws Violation when there
/// is no cluster, or no leader within a minute.
[[nodiscard]] std::vector<Duration> measure_failover(const FailoverPlan& plan);

}  // namespace harka::sim
