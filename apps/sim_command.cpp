// SPDX-License-Identifier: Apache-2.0
// `harka sim`: checking recorded histories. Exit code 129 says that a correctness property broke.
#include <iostream>

#include "apps/commands.hpp"
#include "apps/exit_code.hpp"
#include "sim/history.hpp"

namespace harka::apps {

namespace {

constexpr int exit_correctness = 129;

int check_history(const std::string& path) {
  const Result<std::vector<sim::Operation>> history = sim::read_history(path);
  if (!history.ok()) {
    std::cerr << "harka: " << history.error().detail << '\n';
    return exit_code_of(history.error());
  }
  const sim::LinearizabilityReport report = sim::check_linearizability(history.value(), {});
  switch (report.verdict) {
    case sim::Verdict::linearizable:
      std::cout << history.value().size() << " operations: linearizable\n";
      return exit_done;
    case sim::Verdict::undecided:
      std::cerr << "undecided: key " << report.key << " needs more search steps\n";
      return exit_no;
    case sim::Verdict::violated:
      break;
  }
  std::cerr << "NOT linearizable: key " << report.key << ": " << report.explanation << '\n';
  return exit_correctness;
}

}  // namespace

int run_sim(const std::vector<std::string>& arguments) {
  if (arguments.size() == 2 && arguments[0] == "check-history") return check_history(arguments[1]);
  std::cerr << "usage: harka sim check-history FILE\n"
               "  FILE holds one JSON object a line: client, op (read or write), key, value,\n"
               "  outcome (ok, fail, unknown), start_ns, end_ns\n";
  return exit_usage;
}

}  // namespace harka::apps
