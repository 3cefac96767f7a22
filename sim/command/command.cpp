// SPDX-License-Identifier: Apache-2.0
#include "sim/command/command.hpp"

#include "base/log.hpp"
#include "sim/command/capsules.hpp"
#include "sim/command/failover.hpp"
#include "sim/command/marks.hpp"
#include "sim/command/mutants.hpp"
#include "sim/command/scenarios.hpp"
#include "sim/command/seeds.hpp"
#include "sim/command/shell.hpp"

#include <algorithm>
#include <iostream>

namespace harka::sim {

namespace {

constexpr std::string_view usage_text =
    R"(usage: harka sim run (--seed N | --seeds A..B) [--profile core|cluster|calm]
                     [--workload mixed|register|append|counter|bank|cycle|session|lease] [-j N]
                     [--check-determinism] [--keep-going] [--verbose] [--mutant NAME]
                     [--capsules FOLDER] [--marks]
       harka sim marks --seeds A..B [--profile core|cluster|calm] [-j N]
                                               which coverage marks they hit; 1 when one is never hit
       harka sim mutants [NAME …] [--seeds N] [-j N]
                                               which oracle notices each planted defect, and when
       harka sim scenario list                 the library: runs that say what must come of them
       harka sim scenario run [NAME | FILE …]  without names all of it; 1 when something is missed
       harka sim shell [CAPSULE] [--seed N] [--nodes N] [--shards N] [--profile core|cluster]
                       [-c 'COMMAND; …'] [-f FILE]
                                               commands for a virtual cluster; 'help' lists them
       harka sim replay (CAPSULE | --seed N …)  the same run again
       harka sim minimise (CAPSULE | --seed N …) [-o FILE] [--runs N]
                                               a smaller run with the same failure
       harka sim explain (CAPSULE | --seed N …) the story in sentences
       harka sim trace (CAPSULE | --seed N …) [-o FILE]
                                               every event as a line of JSON
       harka sim view (CAPSULE | --seed N … | --trace FILE) --html FILE
                                               a page to look at it with a browser
       harka sim diff CAPSULE CAPSULE          where two runs part
       harka sim failover [--node] [--near] [--seeds N] [-j N]
                                               how long shards have no leader when a region dies (one node;
                                               regions without distances)
exit codes: 0 clean, 127 crash, 128 liveness, 129 correctness, 2 wrong usage
)";

Result<int> carry_out(const std::string& verb, const std::vector<std::string>& words) {
  if (verb == "run") return run_seeds(words);
  if (verb == "marks") return run_marks(words);
  if (verb == "scenario") return run_scenarios(words);
  if (verb == "shell") return run_shell(words);
  if (verb == "mutants") return run_mutants(words);
  if (verb == "replay") return replay_capsule(words);
  if (verb == "minimise") return minimise_capsule(words);
  if (verb == "explain") return explain_capsule(words);
  if (verb == "trace") return trace_capsule(words);
  if (verb == "view") return view_capsule(words);
  if (verb == "diff") return diff_capsules(words);
  if (verb == "failover") return run_failover(words);
  std::cerr << usage_text;
  return Error{
      Code::invalid_argument, verb.empty() ? "which command?" : "no such command: " + verb};
}

}  // namespace

int run_command(const std::vector<std::string>& arguments) {
  (void)log::configure({.level = log::Level::off, .file = {}, .node = {}});
  const auto is_help = [](const std::string& word) { return word == "--help" || word == "-h"; };
  if (std::any_of(arguments.begin(), arguments.end(), is_help)) {
    std::cout << usage_text;
    return 0;
  }
  const std::string verb = arguments.empty() ? "" : arguments.front();
  const std::vector<std::string> words(
      arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end());
  const Result<int> code = carry_out(verb, words);
  if (code.ok()) return code.value();
  std::cerr << "harka sim " << verb << ": " << code.error().detail << "\n";
  return 2;
}

}  // namespace harka::sim
