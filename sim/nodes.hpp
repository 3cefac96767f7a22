// SPDX-License-Identifier: Apache-2.0
// The nodes of the simulated clusters, as plans for the World.
#pragma once

#include "sim/checkers/staleness.hpp"
#include "sim/client.hpp"
#include "sim/plan.hpp"

namespace harka::sim {

/// The node of all simulated clients.
constexpr NodeId client_node{900};

/// A node with a pulse and one replica of every shard under a supervisor: nothing decides what is
/// placed where, so membership of the groups can change at will. `plan` outlives the World.
[[nodiscard]] NodePlan core_node(const Plan& plan, NodeId id);
/// A node as production starts it, with one router. `plan` outlives the World.
[[nodiscard]] NodePlan cluster_node(const Plan& plan, NodeId id);
[[nodiscard]] NodePlan clients(
    const Plan& plan, Workload& workload, const StalenessOracle& staleness);

}  // namespace harka::sim
