// SPDX-License-Identifier: Apache-2.0
#include "sim/command/shell.hpp"

#include "sim/capsule.hpp"
#include "sim/command/arguments.hpp"
#include "sim/shell.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace harka::sim {

namespace {

Result<std::string> content_of(const std::string& path) {
  std::ifstream in(path);
  if (!in) return Error{Code::io_failed, path + ": " + std::strerror(errno)};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A capsule, or a cluster without faults; what the options say replaces its settings.
Result<Plan> plan_for(const Arguments& arguments) {
  std::string text;
  if (arguments.positional().size() > 1) return Error{Code::invalid_argument, "name one capsule"};
  if (!arguments.positional().empty()) {
    Result<std::string> content = content_of(arguments.positional().front());
    if (!content.ok()) return content.error();
    text = content.value() + "\n";
  }
  for (const std::string_view setting :
       {"profile", "seed", "nodes", "voters", "shards", "clients"}) {
    const auto value = arguments.value("--" + std::string(setting));
    if (value) text += std::string(setting) + " " + *value + "\n";
    if (value && setting == "nodes" && !arguments.has("--voters")) {
      text += "voters " + *value + "\n";
    }
  }
  if (arguments.value("--profile") == "cluster") text += "warm-up 6s\n";
  return plan_of(text);
}

int run_session(Shell& shell, std::istream& in, bool is_terminal) {
  bool is_wrong = false;
  std::string line;
  const auto prompt = [is_terminal] {
    if (is_terminal) std::cout << "sim> " << std::flush;
  };
  for (prompt(); !shell.is_over() && std::getline(in, line); prompt()) {
    const Result<std::string> answer = shell.carry_out(line);
    if (answer.ok()) {
      std::cout << answer.value() << std::flush;
    } else {
      std::cerr << "error: " << answer.error().detail << "\n";
      is_wrong = true;
    }
    if (shell.is_over()) break;
  }
  if (shell.result().outcome != Outcome::clean) return static_cast<int>(shell.result().outcome);
  return is_wrong && !is_terminal ? 2 : 0;
}

}  // namespace

Result<int> run_shell(const std::vector<std::string>& words) {
  const Result<Arguments> arguments = Arguments::parse(
      words,
      {},
      {"--profile", "--seed", "--nodes", "--voters", "--shards", "--clients", "-c", "-f"});
  if (!arguments.ok()) return arguments.error();
  Result<Plan> plan = plan_for(arguments.value());
  if (!plan.ok()) return plan.error();
  std::optional<std::string> script = arguments.value().value("-c");
  if (script) std::ranges::replace(*script, ';', '\n');
  if (const auto path = arguments.value().value("-f")) {
    Result<std::string> content = content_of(*path);
    if (!content.ok()) return content.error();
    script = script.value_or("") + "\n" + content.value();
  }
  Shell shell(std::move(plan).value());
  if (script) {
    std::istringstream in(*script);
    return run_session(shell, in, false);
  }
  return run_session(shell, std::cin, isatty(STDIN_FILENO) != 0);
}

}  // namespace harka::sim
