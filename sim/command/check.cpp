// SPDX-License-Identifier: Apache-2.0
#include "sim/command/check.hpp"

#include "base/numbers.hpp"
#include "base/time.hpp"
#include "sim/checkers/cycles.hpp"
#include "sim/checkers/linearizability.hpp"
#include "sim/command/arguments.hpp"
#include "sim/fault.hpp"
#include "sim/history.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>

namespace harka::sim {

namespace {

enum ExitCode : int { right = 0, wrong = 1, wrong_usage = 2, undecided = 7 };

constexpr Duration budget_default = 60s;

constexpr std::string_view usage_text =
    R"(usage: harka check history FILE [--budget 30s|STATES] [--initial VALUE] [--no-real-time]

Is a recorded history of clients right? FILE holds, and what it holds is seen from its first line,
  registers        a JSON object a line: read, write, cas; or a log of Jepsen's etcd test:
                   linearizable, each key alone (Wing and Gong, Lowe)
  transactions     a JSON object a line: append and read lists: no cycle among what depends on what
                   (Adya; Elle): strictly serializable
  --budget         how long, or how many states, to search for a key's order; otherwise 60s
  --initial        what every register holds at first; otherwise nothing
  --no-real-time   an order of transactions will do that does not keep real time: serializable

What is not linearizable is drawn: the fewest operations that show it, a lane for each client, how far
they fit, and why no other can come next.
exit codes: 0 right, 1 not, 7 undecided within the budget, 2 wrong usage or an unreadable file
The formats are described in docs/HISTORIES.md.
)";

Result<SearchBudget> budget_of(const Arguments& arguments) {
  SearchBudget budget;
  Duration time = budget_default;
  if (const std::optional<std::string> text = arguments.value("--budget")) {
    const std::optional<std::uint64_t> states = number_of<std::uint64_t>(*text);
    const Result<Duration> said = states ? Result<Duration>(time) : duration_of(*text);
    if (!said.ok() || said.value() <= Duration(0)) {
      return Error{Code::invalid_argument, "not a budget, such as 30s or 1000000: " + *text};
    }
    if (states) {
      budget.states_max = *states;
      return budget;
    }
    time = said.value();
  }
  const auto end = std::chrono::steady_clock::now() + time;
  budget.is_over = [end] { return std::chrono::steady_clock::now() >= end; };
  return budget;
}

int judge_registers(const History& history, const LinearizabilityOptions& options) {
  const LinearizabilityReport report = check_linearizability(history.operations, options);
  switch (report.verdict) {
    case Verdict::linearizable:
      std::cout << "linearizable: " << history.operations.size() << " operations\n";
      return right;
    case Verdict::undecided:
      std::cout << "undecided: the search for key " << report.key
                << " is larger than the budget; --budget gives it more\n";
      return undecided;
    case Verdict::violated: break;
  }
  std::cout << "not linearizable: key " << report.key << "; " << report.window->operations.size()
            << " of its " << report.window->operations_of_key << " operations show it"
            << (report.window->is_any_before ? ", whatever it held before" : "") << ":\n\n"
            << drawing_of(*report.window);
  return wrong;
}

Result<int> judge_transactions(const History& history, const TransactionsOptions& options) {
  const Result<TransactionsReport> report = check_transactions(history.transactions, options);
  if (!report.ok()) return report.error();
  const char* wanted = options.keeps_real_time ? "strictly serializable" : "serializable";
  const std::vector<Anomaly>& anomalies = report.value().anomalies;
  if (anomalies.empty()) {
    std::cout << wanted << ": " << history.transactions.size() << " transactions\n";
    return right;
  }
  std::cout << "not " << wanted << ":\n";
  for (const Anomaly& anomaly : anomalies) {
    std::cout << "\n" << anomaly.name << ": " << anomaly.text << "\n";
  }
  return wrong;
}

Result<int> check_history(const std::vector<std::string>& words) {
  const Result<Arguments> arguments =
      Arguments::parse(words, {"--no-real-time"}, {"--budget", "--initial"});
  if (!arguments.ok()) return arguments.error();
  const std::vector<std::string>& paths = arguments.value().positional();
  if (paths.size() != 1) return Error{Code::invalid_argument, "name one history"};
  Result<SearchBudget> budget = budget_of(arguments.value());
  if (!budget.ok()) return budget.error();
  const Result<History> history = read_history(paths.front());
  if (!history.ok()) return history.error();
  if (!history.value().transactions.empty()) {
    return judge_transactions(
        history.value(), {.keeps_real_time = !arguments.value().has("--no-real-time")});
  }
  LinearizabilityOptions options;
  options.initial = arguments.value().value("--initial");
  options.budget = std::move(budget).value();
  return judge_registers(history.value(), options);
}

}  // namespace

int check_command(const std::vector<std::string>& arguments) {
  const auto is_help = [](const std::string& word) { return word == "--help" || word == "-h"; };
  if (std::ranges::any_of(arguments, is_help)) {
    std::cout << usage_text;
    return right;
  }
  if (arguments.empty() || arguments.front() != "history") {
    std::cerr << usage_text << "harka check: "
              << (arguments.empty() ? "what? history FILE"
                                    : "no such thing to check: " + arguments.front())
              << "\n";
    return wrong_usage;
  }
  const Result<int> code = check_history({arguments.begin() + 1, arguments.end()});
  if (code.ok()) return code.value();
  std::cerr << "harka check history: " << code.error().detail << "\n";
  return wrong_usage;
}

}  // namespace harka::sim
