// SPDX-License-Identifier: Apache-2.0
// One seed from beginning to verdict: warm-up, faults, heal, liveness, audit.
#pragma once

#include "base/marks.hpp"
#include "sim/checkers/raft_oracle.hpp"
#include "sim/plan.hpp"
#include "sim/watcher.hpp"

#include <string>
#include <vector>

namespace harka::sim {

/// As VOPR's exit codes.
enum class Outcome : std::uint8_t { clean = 0, crash = 127, liveness = 128, correctness = 129 };

struct RunResult {
  Outcome outcome = Outcome::clean;
  std::string property;  // what is broken, in words
  std::string options;   // what the seed drew
  Instant at;
  Instant faults_began;
  std::uint64_t hash = 0;
  std::vector<std::string> recent;  // the last events
  WorldCounters counters;
  RaftOracle::Counters raft;
  std::uint64_t operations = 0;
  std::uint64_t stale_reads = 0;
  std::uint64_t unknown = 0;
  std::uint64_t undecided = 0;  // histories that the checker gave up on
  std::uint64_t faults = 0;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> sent;  // operations, by client
  std::vector<Fault> struck;                                  // what strikes did, as faults
  MarkCounts marks;
};

/// `watcher` may be null.
[[nodiscard]] RunResult run_plan(const Plan& plan, Watcher* watcher = nullptr);

}  // namespace harka::sim
