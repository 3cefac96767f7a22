// SPDX-License-Identifier: Apache-2.0
// Which faults a seed has, and the list drawn from them. Each fault draws from a stream of its own.
#pragma once

#include "base/random.hpp"
#include "sim/fault.hpp"

#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

namespace harka::sim {

struct FaultMix {
  std::bitset<fault_kinds> kinds;  // each seed leaves some out, so that none hides behind another
  double strikes = 0;              // probability at a transition (strikes.hpp)
  Duration interval_max = 1500ms;  // between two faults

  [[nodiscard]] bool has(FaultKind kind) const { return kinds[static_cast<std::size_t>(kind)]; }

  [[nodiscard]] std::string describe() const;
};

/// Each kind is in or out. `changes_members` false leaves out what needs an operator's command to
/// raft groups.
[[nodiscard]] FaultMix draw_mix(Random random, bool changes_members);

/// Faults for a phase that lasts `phase`, in order. Nodes 1 to `nodes`, shards 0 to `shards` - 1.
[[nodiscard]] std::vector<Fault> draw_faults(
    const FaultMix& mix, Random random, std::uint32_t nodes, std::uint32_t shards, Duration phase);

}  // namespace harka::sim
