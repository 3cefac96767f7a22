// SPDX-License-Identifier: Apache-2.0
// What --profile, --workload and --mutant say, and the plan of a seed under them: the same for
// every command.
#pragma once

#include "sim/command/arguments.hpp"
#include "sim/mutants/defect.hpp"
#include "sim/plan.hpp"

namespace harka::sim {

struct Chosen {
  Profile profile = Profile::core;  // unless said: where the defect shows
  const Defect* defect = nullptr;
  std::optional<WorkloadKind> workload;  // else each seed draws one
};

[[nodiscard]] Result<Chosen> chosen_of(const Arguments& arguments);
[[nodiscard]] Chosen chosen_for(const Defect& defect);
[[nodiscard]] Plan draw_plan(std::uint64_t seed, const Chosen& chosen);

}  // namespace harka::sim
