// SPDX-License-Identifier: Apache-2.0
#include "sim/command/failure.hpp"

#include "base/build_id.hpp"
#include "sim/capsule.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

namespace harka::sim {

namespace {

constexpr std::size_t recent_shown = 40;

std::string capsule_name(const Plan& plan) {
  const std::string mutant = plan.mutant.empty() ? "" : "-" + plan.mutant;
  return "sim-" + std::string(name_of(plan.profile)) + mutant + "-" + std::to_string(plan.seed) +
         ".capsule";
}

}  // namespace

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::clean: return "clean";
    case Outcome::crash: return "crash";
    case Outcome::liveness: return "liveness";
    case Outcome::correctness: return "correctness";
  }
  return "?";
}

std::string replay_line(const Plan& plan) {
  return "harka sim run --seed " + std::to_string(plan.seed) + " --profile " +
         std::string(name_of(plan.profile)) + " --workload " + std::string(name_of(plan.workload)) +
         (plan.mutant.empty() ? "" : " --mutant " + plan.mutant);
}

Result<void> write_capsule(const Plan& plan, const RunResult& result, const std::string& path) {
  const std::vector<std::string> comments{
      "broken (" + std::string(name_of(result.outcome)) + "): " + result.property,
      "commit: " + std::string(build_id())};
  std::ofstream out(path);
  out << capsule_of(plan, comments) << std::flush;
  if (out) return {};
  return Error{Code::io_failed, path + ": " + std::strerror(errno)};
}

void report_failure(const Plan& plan, const RunResult& result, const std::string& capsules) {
  const std::size_t hidden = result.recent.size() - std::min(result.recent.size(), recent_shown);
  for (std::size_t i = hidden; i < result.recent.size(); ++i) {
    std::cout << "  " << result.recent[i] << "\n";
  }
  std::cout << "broken (" << name_of(result.outcome) << "): " << result.property << "\n"
            << "seed:    " << plan.seed << ", event " << result.counters.events << ", "
            << result.at.time_since_epoch().count() / 1'000'000 << " ms\n"
            << "commit:  " << build_id() << "\n"
            << "options: " << result.options << "\n"
            << "replay:  " << replay_line(plan) << "\n";
  if (!capsules.empty()) {
    const std::string path = capsules + "/" + capsule_name(plan);
    const Result<void> written = write_capsule(plan, result, path);
    std::cout << "capsule: " << (written.ok() ? path : "none, " + written.error().detail) << "\n";
  }
  std::cout << std::flush;
}

}  // namespace harka::sim
