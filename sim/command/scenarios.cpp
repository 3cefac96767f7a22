// SPDX-License-Identifier: Apache-2.0
#include "sim/command/scenarios.hpp"

#include "sim/command/failure.hpp"
#include "sim/scenario.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace harka::sim {

namespace {

/// One of the library, or a file.
Result<Scenario> load(const std::string& name) {
  const auto known = std::ranges::find(scenario_library(), name, &NamedText::name);
  std::string text;
  if (known != scenario_library().end()) {
    text = known->text;
  } else {
    std::ifstream in(name);
    if (!in) {
      return Error{
          Code::io_failed,
          name + " is no scenario of the library, and no file: " + std::strerror(errno)};
    }
    std::ostringstream content;
    content << in.rdbuf();
    text = content.str();
  }
  Result<Scenario> scenario = scenario_of(text);
  if (!scenario.ok()) return Error{scenario.error().code, name + ": " + scenario.error().detail};
  return scenario;
}

int run_one(const std::string& name, const Scenario& scenario) {
  const Judgement plain = judge(scenario);
  if (plain.result.outcome != Outcome::clean) {
    std::cout << "FAILED  " << name << ": " << scenario.title << "\n";
    report_failure(scenario.plan, plain.result, "");
    return static_cast<int>(plain.result.outcome);
  }
  std::vector<std::string> wrong;
  for (const std::string& missed : plain.missed) wrong.push_back("missed: " + missed);
  std::string killed;
  for (const Kill& kill : scenario.kills) {
    const Judgement judgement = judge(scenario, kill);
    if (judgement.holds()) wrong.push_back("goes through with the defect " + kill.mutant);
    killed += (killed.empty() ? "; without " : ", ") + kill.mutant;
  }
  std::cout << (wrong.empty() ? "ok      " : "FAILED  ") << name << ": " << scenario.title << killed
            << "\n";
  for (const std::string& what : wrong) std::cout << "        " << what << "\n";
  return wrong.empty() ? 0 : 1;
}

Result<int> run_named(std::vector<std::string> names) {
  if (names.empty()) {
    for (const NamedText& one : scenario_library()) names.emplace_back(one.name);
  }
  int worst = 0;
  std::size_t failed = 0;
  for (const std::string& name : names) {
    const Result<Scenario> scenario = load(name);
    if (!scenario.ok()) return scenario.error();
    const int code = run_one(name, scenario.value());
    failed += code == 0 ? 0 : 1;
    worst = std::max(worst, code);
  }
  std::cout << names.size() - failed << " of " << names.size() << " scenarios hold\n";
  return worst;
}

}  // namespace

Result<int> run_scenarios(const std::vector<std::string>& words) {
  const std::string verb = words.empty() ? "" : words.front();
  if (verb == "run") return run_named({words.begin() + 1, words.end()});
  if (verb != "list" || words.size() != 1) {
    return Error{
        Code::invalid_argument, "say 'list', or 'run' and names or files; without any, all"};
  }
  for (const NamedText& one : scenario_library()) {
    const Result<Scenario> scenario = scenario_of(one.text);
    if (!scenario.ok()) {
      return Error{scenario.error().code, std::string(one.name) + ": " + scenario.error().detail};
    }
    std::cout << one.name << ": " << scenario.value().title << "\n";
  }
  return 0;
}

}  // namespace harka::sim
