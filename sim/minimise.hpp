// SPDX-License-Identifier: Apache-2.0
// Makes a failing run smaller: fewer faults, nodes, clients and operations, less time, plainer
// links and disks, as long as the same property breaks (delta debugging: Zeller and Hildebrandt,
// "Simplifying and Isolating Failure-Inducing Input", 2002). It works because every fault, link and
// operation draws from a stream of its own: leaving one out shifts no other.
#pragma once

#include "sim/run.hpp"

#include <functional>
#include <string>

namespace harka::sim {

struct Minimised {
  Plan plan;
  RunResult result;          // of that plan
  std::uint64_t runs = 0;    // tried
  std::uint64_t faults = 0;  // in the beginning, strikes included
  std::uint64_t operations = 0;
};

/// `result` is the outcome of `plan`, which failed. Gives up looking after `runs_max` runs;
/// `progress` is told of each step that made it smaller.
[[nodiscard]] Minimised minimise(
    const Plan& plan,
    const RunResult& result,
    std::uint64_t runs_max,
    const std::function<void(const std::string&)>& progress);

/// The same property of two failures, whatever numbers are in its words.
[[nodiscard]] bool is_same_failure(const RunResult& one, const RunResult& other);

}  // namespace harka::sim
