// SPDX-License-Identifier: Apache-2.0
#include "sim/command/capsules.hpp"

#include "base/build_id.hpp"
#include "base/numbers.hpp"
#include "sim/capsule.hpp"
#include "sim/command/chosen.hpp"
#include "sim/command/failure.hpp"
#include "sim/minimise.hpp"
#include "sim/story.hpp"
#include "sim/trace.hpp"
#include "sim/viewer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace harka::sim {

namespace {

constexpr std::size_t shared_shown = 5;
constexpr std::size_t own_shown = 5;
constexpr std::string_view commit_mark = "# commit: ";

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path);
  // Copying nothing at all would count as a failure.
  if (in && in.peek() == std::ifstream::traits_type::eof() && !in.bad()) return std::string();
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

Result<Plan> load_named(const std::string& path, const Arguments& arguments) {
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

/// From the capsule that is named, or from a seed.
Result<Plan> load_plan(const Arguments& arguments) {
  if (arguments.positional().size() == 1) {
    return load_named(arguments.positional().front(), arguments);
  }
  const std::optional<std::string> seed = arguments.value("--seed");
  if (!seed || !arguments.positional().empty()) {
    return Error{Code::invalid_argument, "name one capsule, or say --seed N"};
  }
  const std::optional<std::uint64_t> number = number_of<std::uint64_t>(*seed);
  if (!number) return Error{Code::invalid_argument, "no seed: " + *seed};
  const Result<Chosen> chosen = chosen_of(arguments);
  if (!chosen.ok()) return chosen.error();
  return draw_plan(*number, chosen.value());
}

/// The words of a command on one run; `more` are its own options.
Result<Arguments> arguments_of(
    const std::vector<std::string>& words, const std::vector<std::string_view>& more) {
  std::vector<std::string_view> options{"--seed", "--profile", "--workload", "--mutant"};
  options.insert(options.end(), more.begin(), more.end());
  return Arguments::parse(words, {"--any-build"}, options);
}

struct Request {
  Arguments arguments;
  Plan plan;
};

Result<Request> request_of(
    const std::vector<std::string>& words, const std::vector<std::string_view>& more = {}) {
  Result<Arguments> arguments = arguments_of(words, more);
  if (!arguments.ok()) return arguments.error();
  Result<Plan> plan = load_plan(arguments.value());
  if (!plan.ok()) return plan.error();
  return Request{std::move(arguments).value(), std::move(plan).value()};
}

struct Traced {
  std::string lines;
  RunResult result;
};

Traced run_traced(const Plan& plan) {
  std::ostringstream lines;
  Trace trace(lines);
  RunResult result = run_plan(plan, &trace);
  return {std::move(lines).str(), std::move(result)};
}

/// Where two runs part: the last lines that they share, and the first that they do not.
int show_difference(
    const std::vector<std::string>& names, const std::vector<std::vector<std::string>>& traces) {
  // The first line says what was planned, which is no event.
  std::size_t at = 1;
  while (at < traces[0].size() && at < traces[1].size() && traces[0][at] == traces[1][at]) ++at;
  if (at == traces[0].size() && at == traces[1].size()) {
    std::cout << "no difference in " << at << " events\n";
    return 0;
  }
  std::cout << "the same for " << at - 1 << " events, then:\n";
  for (std::size_t i = at - std::min(at - 1, shared_shown); i < at; ++i) {
    std::cout << "  both  " << traces[0][i] << "\n";
  }
  for (std::size_t run = 0; run < 2; ++run) {
    std::cout << names[run] << ":\n";
    const std::size_t end = std::min(at + own_shown, traces[run].size());
    for (std::size_t i = at; i < end; ++i) std::cout << "        " << traces[run][i] << "\n";
  }
  return 1;
}

}  // namespace

Result<int> replay_capsule(const std::vector<std::string>& words) {
  const Result<Request> request = request_of(words);
  if (!request.ok()) return request.error();
  const RunResult result = run_plan(request.value().plan);
  if (result.outcome != Outcome::clean) {
    report_failure(request.value().plan, result, "");
    return static_cast<int>(result.outcome);
  }
  std::cout << "clean: " << result.operations << " operations, " << result.faults << " faults, "
            << result.counters.events << " events, hash " << std::hex << result.hash << std::dec
            << "\n";
  return 0;
}

Result<int> minimise_capsule(const std::vector<std::string>& words) {
  const Result<Request> request = request_of(words, {"--runs", "-o"});
  if (!request.ok()) return request.error();
  const Arguments& arguments = request.value().arguments;
  const Plan& plan = request.value().plan;
  const Result<std::uint64_t> runs_max = arguments.number("--runs", 3000);
  if (!runs_max.ok()) return runs_max.error();
  const RunResult result = run_plan(plan);
  if (result.outcome == Outcome::clean) {
    return Error{Code::invalid_argument, "this run does not fail: there is nothing to minimise"};
  }
  const Minimised small = minimise(
      plan, result, runs_max.value(), [](const std::string& step) { std::cerr << step << "\n"; });
  const std::string path = arguments.value("-o").value_or("minimised.capsule");
  if (Result<void> written = write_capsule(small.plan, small.result, path); !written.ok()) {
    return written.error();
  }
  std::cout << "broken (" << name_of(small.result.outcome) << "): " << small.result.property
            << "\nfaults " << small.faults << " -> " << small.plan.faults.size() << ", operations "
            << small.operations << " -> " << small.result.sent.size() << ", nodes " << plan.nodes
            << " -> " << small.plan.nodes << ", events " << result.counters.events << " -> "
            << small.result.counters.events << ", in " << small.runs << " runs\ncapsule: " << path
            << "\n";
  return 0;
}

Result<int> explain_capsule(const std::vector<std::string>& words) {
  const Result<Request> request = request_of(words);
  if (!request.ok()) return request.error();
  Story story;
  const RunResult result = run_plan(request.value().plan, &story);
  for (const std::string& sentence : story.sentences()) std::cout << sentence << "\n";
  return static_cast<int>(result.outcome);
}

Result<int> trace_capsule(const std::vector<std::string>& words) {
  const Result<Request> request = request_of(words, {"-o"});
  if (!request.ok()) return request.error();
  const std::optional<std::string> path = request.value().arguments.value("-o");
  std::ofstream file;
  if (path) file.open(*path);
  std::ostream& out = path ? file : std::cout;
  Trace trace(out);
  const RunResult result = run_plan(request.value().plan, &trace);
  out.flush();
  if (!out) return Error{Code::io_failed, path.value_or("standard output") + " cannot be written"};
  return static_cast<int>(result.outcome);
}

Result<int> view_capsule(const std::vector<std::string>& words) {
  const Result<Arguments> arguments = arguments_of(words, {"--trace", "--html"});
  if (!arguments.ok()) return arguments.error();
  const std::optional<std::string> path = arguments.value().value("--html");
  if (!path) return Error{Code::invalid_argument, "say where the page goes: --html FILE"};
  std::string trace;
  int code = 0;
  if (const std::optional<std::string> named = arguments.value().value("--trace")) {
    Result<std::string> text = read_file(*named);
    if (!text.ok()) return text.error();
    trace = std::move(text).value();
  } else {
    const Result<Plan> plan = load_plan(arguments.value());
    if (!plan.ok()) return plan.error();
    Traced traced = run_traced(plan.value());
    code = static_cast<int>(traced.result.outcome);
    trace = std::move(traced.lines);
  }
  std::ofstream out(*path);
  out << page_with(trace) << std::flush;
  if (!out) return Error{Code::io_failed, *path + ": " + std::strerror(errno)};
  std::cout << "open " << *path << " in a browser\n";
  return code;
}

Result<int> diff_capsules(const std::vector<std::string>& words) {
  const Result<Arguments> arguments = Arguments::parse(words, {"--any-build"}, {});
  if (!arguments.ok()) return arguments.error();
  const std::vector<std::string>& paths = arguments.value().positional();
  if (paths.size() != 2) return Error{Code::invalid_argument, "name two capsules"};
  std::vector<std::vector<std::string>> traces;
  for (const std::string& path : paths) {
    const Result<Plan> plan = load_named(path, arguments.value());
    if (!plan.ok()) return plan.error();
    std::istringstream lines(run_traced(plan.value()).lines);
    traces.emplace_back();
    for (std::string line; std::getline(lines, line);) traces.back().push_back(line);
  }
  return show_difference(paths, traces);
}

}  // namespace harka::sim
