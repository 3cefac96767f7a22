// SPDX-License-Identifier: Apache-2.0
// Faults attached to transitions, where most bugs live: a fresh candidate or leader, a granted
// vote, a hard state on its way to the disk, a half-sent snapshot, a transfer of leadership, a
// supervisor that is about to restart a child. Time alone hits these too rarely.
#pragma once

#include "sim/injector.hpp"

#include <map>
#include <vector>

namespace harka::sim {

class Strikes final : public Observer {
 public:
  /// `probability` at each transition; `random` is forked for each of them.
  Strikes(World& world, Injector& injector, double probability, Random random)
      : world_(world), injector_(injector), probability_(probability), random_(random) {}

  void sent(const Envelope& envelope) override;
  void turn_ended(const Address& actor, const Machine& machine) override;
  void actor_ended(const Address& actor) override;

  /// What was struck so far, as faults of the same effect at the same times.
  [[nodiscard]] const std::vector<Fault>& struck() const { return struck_; }

 private:
  enum class Moment : std::uint8_t { candidate, leader, vote, hard_state, snapshot, timeout, exit };

  void at(Moment moment, NodeId node);

  World& world_;
  Injector& injector_;
  double probability_;
  Random random_;
  std::map<std::pair<Moment, std::uint64_t>, std::uint64_t> seen_;             // how often, by node
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::uint64_t> standing_;  // term and role
  std::vector<Fault> struck_;
};

}  // namespace harka::sim
