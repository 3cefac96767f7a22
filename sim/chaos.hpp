// SPDX-License-Identifier: Apache-2.0
// Faults as a schedule from a stream of its own, and strikes: faults attached to transitions, where
// most bugs live (a fresh leader, a granted vote, a flush under way).
#pragma once

#include "sim/checkers/raft_oracle.hpp"
#include "sim/world.hpp"

#include <string>
#include <vector>

namespace harka::sim {

/// Which classes a run has. Each seed switches some off, so that none hides behind another.
struct ChaosOptions {
  bool crashes = true;
  bool power_losses = true;  // of the whole cluster
  bool pauses = true;
  bool partitions = true;
  bool one_way_cuts = true;
  bool clogs = true;
  bool slow_disks = true;
  bool actor_kills = true;
  bool transfers = true;
  bool changes = true;   // of the voters
  double strikes = 0.1;  // probability at a transition
  Duration interval_max = 1500ms;
  [[nodiscard]] std::string describe() const;
};

class Chaos final : public Observer {
 public:
  Chaos(
      World& world,
      const RaftOracle& oracle,
      ChaosOptions options,
      std::vector<NodeId> nodes,
      std::uint32_t groups,
      Random random);

  void begin();

  /// No fault begins after this.
  void stop() { is_stopped_ = true; }

  void turn_ended(const Address& actor, const Machine& machine) override;

  [[nodiscard]] std::uint64_t faults() const { return faults_; }

 private:
  using Fault = void (Chaos::*)();

  void schedule();
  void crash_one();
  void crash_all();
  void pause_one();
  void partition();
  void bridge();
  void cut_one_way();
  void clog();
  void slow_disk();
  void kill_actor();
  void transfer();
  void change_voters();

  void crash(NodeId node);
  void isolate(NodeId node);
  void strike(NodeId node);
  [[nodiscard]] NodeId any_node();
  [[nodiscard]] NodeId any_leader();
  [[nodiscard]] GroupId any_group();

  World& world_;
  const RaftOracle& oracle_;
  ChaosOptions options_;
  std::vector<NodeId> nodes_;
  std::uint32_t groups_;
  Random random_;
  std::vector<Fault> faults_on_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, Term> led_;  // who was seen leading
  bool is_stopped_ = true;  // until `begin`: a cluster that is being created is not struck
  std::uint64_t faults_ = 0;
};

}  // namespace harka::sim
