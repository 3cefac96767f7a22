// SPDX-License-Identifier: Apache-2.0
#include "sim/replicas.hpp"

#include "actors/replica/replica.hpp"

namespace harka::sim {

const raft::Raft* core_of(const World& world, NodeId node, GroupId group) {
  const auto* replica = dynamic_cast<const Replica*>(world.machine(replica_address(node, group)));
  return replica == nullptr ? nullptr : replica->core();
}

const raft::Raft* core_of(const Address& actor, const Machine& machine) {
  if (actor.kind != msg::ActorKind::replica) return nullptr;
  return static_cast<const Replica&>(machine).core();
}

}  // namespace harka::sim
