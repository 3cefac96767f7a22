// SPDX-License-Identifier: Apache-2.0
// What --seeds, --profile, --workload and --mutant say, and the plan of a seed under them: the same
// for every command.
#pragma once

#include "sim/command/arguments.hpp"
#include "sim/mutants/defect.hpp"
#include "sim/plan.hpp"

namespace harka::sim {

struct SeedRange {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
};

struct Chosen {
  Profile profile = Profile::core;  // unless said: where the defect shows
  const Defect* defect = nullptr;
  std::optional<WorkloadKind> workload;  // else each seed draws one
};

/// What --seed or --seeds says, such as 7 or 1..100.
[[nodiscard]] Result<SeedRange> seeds_of(const Arguments& arguments);
[[nodiscard]] Result<Chosen> chosen_of(const Arguments& arguments);
[[nodiscard]] Chosen chosen_for(const Defect& defect);
[[nodiscard]] Plan draw_plan(std::uint64_t seed, const Chosen& chosen);

}  // namespace harka::sim
