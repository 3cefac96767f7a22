// SPDX-License-Identifier: Apache-2.0
// Carries faults out, each at its time, and keeps what must stay recoverable recoverable: an
// acknowledged write may be damaged on fewer disks than a group can lose, and a node is only
// replaced once its groups have let it go.
#pragma once

#include "sim/checkers/raft_oracle.hpp"
#include "sim/fault.hpp"
#include "sim/world.hpp"

#include <set>
#include <vector>

namespace harka::sim {

class Injector {
 public:
  /// `world` and `oracle` outlive it. Nodes 1 to `nodes`.
  Injector(World& world, const RaftOracle& oracle, std::uint32_t nodes, std::uint32_t shards)
      : world_(world), oracle_(oracle), nodes_(nodes), shards_(shards) {}

  /// Schedules the faults; their times count from now.
  void begin(const std::vector<Fault>& faults);
  /// No fault begins after this.
  void stop();
  /// At once. A target that is not there is spared.
  void carry_out(const Fault& fault);

  /// All links, nodes and disks work again; what is paused goes on by itself.
  void heal();

  [[nodiscard]] bool is_active() const { return is_active_; }

  [[nodiscard]] Instant began() const { return began_; }

  /// Since `begin`.
  [[nodiscard]] Duration elapsed() const { return world_.now() - began_; }

  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  // injector.cpp: processes, actors, operators.
  [[nodiscard]] NodeId resolve(const Target& target) const;
  void on_process(const Fault& fault, NodeId node);
  void on_actor(const Fault& fault, NodeId node);
  void storm(const Fault& fault, NodeId node);
  void lose_power(const Fault& fault);
  void change(const Fault& fault);
  void transfer(const Fault& fault);
  void restart_after(NodeId node, Duration time);

  // injector_edges.cpp: links and disks.
  void on_link(const Fault& fault, NodeId node);
  void cut(std::vector<std::pair<NodeId, NodeId>> ways, Duration time);
  void partition(const std::set<std::uint64_t>& side, Duration time);
  void swizzle(const Fault& fault);
  void on_disk(const Fault& fault, NodeId node);
  void damage(const Fault& fault, NodeId node, int tries);
  [[nodiscard]] bool may_damage(NodeId node) const;
  [[nodiscard]] bool is_damaged(NodeId node) const;
  [[nodiscard]] bool may_rely_on(const std::vector<std::uint64_t>& voters) const;
  void replace(NodeId node);
  void wipe_once_removed(NodeId node, int tries);
  [[nodiscard]] bool is_removed(NodeId node) const;

  [[nodiscard]] std::vector<NodeId> all() const;
  [[nodiscard]] std::vector<NodeId> others_of(const Fault& fault, NodeId node) const;

  World& world_;
  const RaftOracle& oracle_;
  std::uint32_t nodes_;
  std::uint32_t shards_;
  Instant began_;
  bool is_active_ = false;  // before `begin` a cluster is being created
  std::uint64_t count_ = 0;
  std::uint64_t heals_ = 0;
};

}  // namespace harka::sim
