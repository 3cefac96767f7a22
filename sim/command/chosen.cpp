// SPDX-License-Identifier: Apache-2.0
#include "sim/command/chosen.hpp"

#include "base/assert.hpp"
#include "base/numbers.hpp"
#include "sim/scenario.hpp"

#include <algorithm>

namespace harka::sim {

namespace {

Result<SeedRange> range_of(std::string_view text) {
  const std::size_t dots = std::min(text.find(".."), text.size());
  const auto first = number_of<std::uint64_t>(text.substr(0, dots));
  const auto last = dots == text.size() ? first : number_of<std::uint64_t>(text.substr(dots + 2));
  if (first && last && *first <= *last) return SeedRange{*first, *last};
  return Error{Code::invalid_argument, "not seeds, such as 7 or 1..100: " + std::string(text)};
}

Plan plan_of_scenario(std::string_view name, std::uint64_t seed) {
  const auto found = std::ranges::find(scenario_library(), name, &NamedText::name);
  ASSERT(found != scenario_library().end());
  Plan plan = scenario_of(found->text).value().plan;
  plan.seed = seed;
  return plan;
}

}  // namespace

Result<SeedRange> seeds_of(const Arguments& arguments) {
  for (const std::string_view name : {"--seeds", "--seed"}) {
    if (const std::optional<std::string> range = arguments.value(name)) return range_of(*range);
  }
  return SeedRange{};
}

Chosen chosen_for(const Defect& defect) {
  return {defect.needs_cluster ? Profile::cluster : Profile::core, &defect, defect.workload};
}

Result<Chosen> chosen_of(const Arguments& arguments) {
  Chosen chosen;
  if (const auto name = arguments.value("--mutant")) {
    const Defect* defect = defect_of(*name);
    if (defect == nullptr) return Error{Code::invalid_argument, "no such mutant: " + *name};
    chosen = chosen_for(*defect);
  }
  if (const auto name = arguments.value("--profile")) {
    const std::optional<Profile> profile = profile_of(*name);
    if (!profile) return Error{Code::invalid_argument, "no such profile: " + *name};
    chosen.profile = *profile;
  }
  if (const auto name = arguments.value("--workload")) {
    chosen.workload = workload_of(*name);
    if (!chosen.workload) return Error{Code::invalid_argument, "no such workload: " + *name};
  }
  if (chosen.workload == WorkloadKind::session && chosen.profile == Profile::cluster) {
    return Error{
        Code::invalid_argument,
        "workload session is of clients with sessions of their own, so not of cluster"};
  }
  return chosen;
}

Plan draw_plan(std::uint64_t seed, const Chosen& chosen) {
  const bool has_scenario = chosen.defect != nullptr && !chosen.defect->scenario.empty();
  Plan plan = has_scenario ? plan_of_scenario(chosen.defect->scenario, seed)
                           : draw_plan(seed, chosen.profile, chosen.workload);
  if (chosen.defect != nullptr) plan.mutant = chosen.defect->name;
  return plan;
}

}  // namespace harka::sim
