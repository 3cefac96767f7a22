// SPDX-License-Identifier: Apache-2.0
#include "sim/command/capsules.hpp"

#include "base/build_id.hpp"
#include "sim/capsule.hpp"
#include "sim/command/arguments.hpp"
#include "sim/command/failure.hpp"
#include "sim/minimise.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace harka::sim {

namespace {

constexpr std::string_view commit_mark = "# commit: ";

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  if (in && text) return text.str();
  return Error{Code::io_failed, path + ": " + std::strerror(errno)};
}

/// Another build may run another way: then a replay proves nothing.
Result<void> check_build(const std::string& path, std::string_view capsule) {
  const std::size_t at = capsule.find(commit_mark);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = capsule.substr(at + commit_mark.size());
  const std::string_view commit = rest.substr(0, rest.find('\n'));
  if (commit == build_id()) return {};
  return Error{
      Code::invalid_argument,
      path + " was written by commit " + std::string(commit) + ", this is " +
          std::string(build_id()) + ": build that one, or say --any-build"};
}

/// From the capsule that is named, or from a seed.
Result<Plan> load_plan(const Arguments& arguments) {
  if (arguments.positional().size() == 1) {
    const std::string& path = arguments.positional().front();
    const Result<std::string> text = read_file(path);
    if (!text.ok()) return text.error();
    if (!arguments.has("--any-build")) {
      if (Result<void> checked = check_build(path, text.value()); !checked.ok()) {
        return checked.error();
      }
    }
    Result<Plan> plan = plan_of(text.value());
    if (!plan.ok()) return Error{plan.error().code, path + ": " + plan.error().detail};
    return plan;
  }
  const std::optional<std::string> seed = arguments.value("--seed");
  if (!seed || !arguments.positional().empty()) {
    return Error{Code::invalid_argument, "name one capsule, or say --seed N"};
  }
  const std::optional<std::uint64_t> number = number_of(*seed);
  const std::string profile = arguments.value("--profile").value_or("core");
  const std::string mutant = arguments.value("--mutant").value_or("none");
  if (!number) return Error{Code::invalid_argument, "no seed: " + *seed};
  if (!profile_of(profile)) return Error{Code::invalid_argument, "no such profile: " + profile};
  if (mutant != "none" && !mutant_of(mutant)) {
    return Error{Code::invalid_argument, "no such mutant: " + mutant};
  }
  Plan plan = draw_plan(*number, *profile_of(profile));
  plan.mutant = mutant_of(mutant).value_or(Mutant::none);
  return plan;
}

}  // namespace

Result<int> replay_capsule(const std::vector<std::string>& words) {
  const Result<Arguments> arguments =
      Arguments::parse(words, {"--any-build"}, {"--seed", "--profile", "--mutant"});
  if (!arguments.ok()) return arguments.error();
  const Result<Plan> plan = load_plan(arguments.value());
  if (!plan.ok()) return plan.error();
  const RunResult result = run_plan(plan.value());
  if (result.outcome != Outcome::clean) {
    report_failure(plan.value(), result, "");
    return static_cast<int>(result.outcome);
  }
  std::cout << "clean: " << result.operations << " operations, " << result.faults << " faults, "
            << result.counters.events << " events, hash " << std::hex << result.hash << std::dec
            << "\n";
  return 0;
}

Result<int> minimise_capsule(const std::vector<std::string>& words) {
  const Result<Arguments> arguments =
      Arguments::parse(words, {"--any-build"}, {"--seed", "--profile", "--mutant", "--runs", "-o"});
  if (!arguments.ok()) return arguments.error();
  const Result<std::uint64_t> runs_max = arguments.value().number("--runs", 3000);
  if (!runs_max.ok()) return runs_max.error();
  const Result<Plan> plan = load_plan(arguments.value());
  if (!plan.ok()) return plan.error();
  const RunResult result = run_plan(plan.value());
  if (result.outcome == Outcome::clean) {
    return Error{Code::invalid_argument, "this run does not fail: there is nothing to minimise"};
  }
  const Minimised small =
      minimise(plan.value(), result, runs_max.value(), [](const std::string& step) {
        std::cerr << step << "\n";
      });
  const std::string path = arguments.value().value("-o").value_or("minimised.capsule");
  if (Result<void> written = write_capsule(small.plan, small.result, path); !written.ok()) {
    return written.error();
  }
  std::cout << "broken (" << name_of(small.result.outcome) << "): " << small.result.property
            << "\nfaults " << small.faults << " -> " << small.plan.faults.size() << ", operations "
            << small.operations << " -> " << small.result.sent.size() << ", nodes "
            << plan.value().nodes << " -> " << small.plan.nodes << ", events "
            << result.counters.events << " -> " << small.result.counters.events << ", in "
            << small.runs << " runs\ncapsule: " << path << "\n";
  return 0;
}

}  // namespace harka::sim
