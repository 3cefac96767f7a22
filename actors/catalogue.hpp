// SPDX-License-Identifier: Apache-2.0
// THE table of actors: which machine stands behind which kind of address, and the tree that a node
// starts with. Production and simulation build a node from here.
#pragma once

#include "actors/node_context.hpp"
#include "runtime/machine.hpp"

namespace harka {

/// Makes machines for one node. `context` outlives it.
class Catalogue final : public MachineFactory {
 public:
  explicit Catalogue(const NodeContext& context) : context_(context) {}

  /// The machine for a specification; a kind that is not in the table is a bug.
  [[nodiscard]] MachinePtr make(const ChildSpec& spec) override;

 private:
  [[nodiscard]] MachinePtr make_control() const;
  [[nodiscard]] MachinePtr make_membership() const;
  [[nodiscard]] MachinePtr make_replica(const ChildSpec& spec) const;
  [[nodiscard]] MachinePtr make_router(std::uint32_t loop) const;

  const NodeContext& context_;
};

/// The root supervisor of a node with everything below it. Routers are not in it: each lives on its
/// gateway loop (or, in simulation, is spawned by the World).
[[nodiscard]] ChildSpec node_tree(const NodeContext& context);

}  // namespace harka
