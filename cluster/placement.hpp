// SPDX-License-Identifier: Apache-2.0
// Where the replicas of a new cluster go: spread over regions first, then even over nodes, with
// rendezvous hashing breaking ties so that the result depends on the set of nodes alone.
//
// Rendezvous hashing: Thaler and Ravishankar, "A name-based mapping scheme for rendezvous" (1996).
#pragma once

#include "base/result.hpp"
#include "schemas/control.hpp"

#include <cstdint>
#include <vector>

namespace harka {

struct PlacementRequest {
  std::vector<msg::NodeRecord> nodes;    // any order; ids distinct
  std::uint32_t shard_count = 0;         // 1 … limits::shard_count_max
  std::uint32_t replication_factor = 3;  // lowered to the number of nodes when there are fewer
};

/// One record a shard, epoch 1. Each shard's replicas are on distinct nodes, in as many regions as
/// there are (up to the factor). Per node, replicas and preferred leaders (the first of a record)
/// differ by at most one where the regions are of equal size.
[[nodiscard]] Result<std::vector<msg::ShardRecord>> place_shards(const PlacementRequest& request);

/// Up to five nodes for the meta group, an odd number, spread over regions.
[[nodiscard]] std::vector<std::uint64_t> place_meta(const std::vector<msg::NodeRecord>& nodes);

}  // namespace harka
