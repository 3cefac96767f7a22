// SPDX-License-Identifier: Apache-2.0
// What a seed draws before its run begins (swarm testing: Groce et al., 2012): the size of the
// world, its load, the knobs of the code, and which faults there are. All of it is printed.
#pragma once

#include "cluster/raft/types.hpp"
#include "sim/ask.hpp"
#include "sim/fault_mix.hpp"
#include "sim/workloads/load.hpp"
#include "sim/world.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace harka::sim {

enum class Profile : std::uint8_t {
  core,     // replicas of a few groups between their stores, under everything
  cluster,  // whole nodes from the production tree, clients through routers
  calm      // core without faults: what must work when nothing breaks
};

struct Plan {
  std::uint64_t seed = 0;
  Profile profile = Profile::core;
  std::string mutant;  // the planted defect (mutants/); empty: none
  std::uint32_t nodes = 3;
  std::uint32_t voters = 3;  // at the beginning; core only
  std::uint32_t shards = 1;
  WorkloadKind workload = WorkloadKind::mixed;
  std::uint32_t clients = 4;
  std::uint32_t readers = 1;  // clients after READONLY
  Duration staleness_max = 1s;
  std::uint32_t keys = 4;
  double writes = 0.5;  // shares of all operations; elections need quiet logs to go wrong
  double appends = 0.15;
  Duration think_max = 40ms;
  LinkOptions links;
  StoreOptions stores;
  raft::Options raft;
  std::size_t flush_bytes = 4U << 20;
  Duration flush_interval = 2s;
  double clock_drift = 0;  // largest difference from the true rate
  FaultMix mix;            // what `faults` were drawn from, and how often strikes come
  std::vector<Fault> faults;
  std::vector<Ask> asks;                                      // of somebody at the shell
  std::set<std::pair<std::uint32_t, std::uint64_t>> skipped;  // client, operation: not sent
  Duration warm_up = 3s;
  Duration fault_phase = 20s;
  bool heals_all = true;  // else a minority stays dead
  bool power_loss_at_end = false;
  bool ends_with_faults = false;  // no heal, no audit: a session at the shell
};

/// Without a workload, one is drawn.
[[nodiscard]] Plan draw_plan(
    std::uint64_t seed, Profile profile, std::optional<WorkloadKind> workload = std::nullopt);
[[nodiscard]] std::string_view name_of(Profile profile);
[[nodiscard]] std::optional<Profile> profile_of(std::string_view name);

}  // namespace harka::sim
