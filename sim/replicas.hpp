// SPDX-License-Identifier: Apache-2.0
// Looking into the replicas of a World.
#pragma once

#include "cluster/raft/raft.hpp"
#include "sim/world.hpp"

namespace harka::sim {

/// Null when nobody is there, or its log has not answered yet. Valid until the World goes on.
[[nodiscard]] const raft::Raft* core_of(const World& world, NodeId node, GroupId group);

/// The same of an actor that just took a turn; null, too, when it is no replica.
[[nodiscard]] const raft::Raft* core_of(const Address& actor, const Machine& machine);

}  // namespace harka::sim
