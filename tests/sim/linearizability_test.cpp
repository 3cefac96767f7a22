// SPDX-License-Identifier: Apache-2.0
// The checker itself: small histories by hand, and recorded ones of etcd with known verdicts.
#include "sim/checkers/linearizability.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <map>
#include <sstream>

using namespace harka::sim;

namespace {

Operation write(const std::string& value, std::int64_t start, std::optional<std::int64_t> end) {
  Operation operation;
  operation.key = "k";
  operation.is_write = true;
  operation.value = value;
  operation.start = start;
  operation.end = end;
  return operation;
}

Operation read(std::optional<std::string> value, std::int64_t start, std::int64_t end) {
  Operation operation;
  operation.key = "k";
  operation.value = std::move(value);
  operation.start = start;
  operation.end = end;
  return operation;
}

Verdict verdict_of(const std::vector<Operation>& history) {
  return check_linearizability(history, {}).verdict;
}

/// "INFO  jepsen.util - 3 :invoke :cas [1 2]" and the like, tab-separated.
std::vector<Operation> read_jepsen(const std::string& path) {
  std::ifstream file(path);
  BOOST_REQUIRE(file.good());
  std::vector<Operation> history;
  std::map<int, Operation> open;
  std::string line;
  std::int64_t now = 0;
  while (std::getline(file, line)) {
    const std::size_t dash = line.find("- ");
    if (dash == std::string::npos) continue;
    std::istringstream words(line.substr(dash + 2));
    int process = 0;
    std::string phase;
    std::string name;
    if (!(words >> process >> phase >> name)) continue;
    std::string value;
    std::getline(words >> std::ws, value);
    ++now;
    if (phase == ":invoke") {
      Operation operation;
      operation.key = "register";
      operation.start = now;
      operation.is_write = name != ":read";
      if (name == ":write") operation.value = value;
      if (name == ":cas") {
        std::istringstream pair(value.substr(1, value.size() - 2));
        std::string to;
        pair >> operation.expected >> to;
        operation.value = to;
        operation.is_compare_and_set = true;
      }
      open[process] = operation;
      continue;
    }
    const auto found = open.find(process);
    if (found == open.end()) continue;
    Operation operation = found->second;
    open.erase(found);
    if (phase == ":fail") continue;
    if (phase == ":ok") {
      operation.end = now;
      if (!operation.is_write && value != "nil") operation.value = value;
    }
    history.push_back(operation);
  }
  for (const auto& [process, operation] : open) history.push_back(operation);
  return history;
}

struct Recorded {
  const char* name;
  Verdict verdict;
};

std::ostream& operator<<(std::ostream& out, const Recorded& recorded) {
  return out << recorded.name;
}

const Recorded recorded_histories[] = {
    {"etcd_000", Verdict::violated},
    {"etcd_002", Verdict::linearizable},
    {"etcd_005", Verdict::linearizable},
    {"etcd_007", Verdict::linearizable},
    {"etcd_012", Verdict::violated},
    {"etcd_020", Verdict::violated},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(linearizability)

BOOST_AUTO_TEST_CASE(a_sequential_history_is_linearizable) {
  BOOST_TEST(
      (verdict_of({write("a", 1, 2), read("a", 3, 4), write("b", 5, 6), read("b", 7, 8)}) ==
       Verdict::linearizable));
}

BOOST_AUTO_TEST_CASE(a_stale_read_is_a_violation) {
  const auto report =
      check_linearizability({write("a", 1, 2), write("b", 3, 4), read("a", 5, 6)}, {});
  BOOST_TEST((report.verdict == Verdict::violated));
  BOOST_TEST(report.key == "k");
  BOOST_TEST(report.explanation.find("read a") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_lost_acknowledged_write_is_a_violation) {
  BOOST_TEST((verdict_of({write("a", 1, 2), read(std::nullopt, 3, 4)}) == Verdict::violated));
}

BOOST_AUTO_TEST_CASE(concurrent_writes_may_take_effect_in_either_order) {
  BOOST_TEST(
      (verdict_of({write("a", 1, 10), write("b", 2, 9), read("a", 11, 12)}) ==
       Verdict::linearizable));
  BOOST_TEST(
      (verdict_of({write("a", 1, 10), write("b", 2, 9), read("b", 11, 12)}) ==
       Verdict::linearizable));
}

BOOST_AUTO_TEST_CASE(two_reads_may_not_disagree_on_the_order) {
  BOOST_TEST(
      (verdict_of({write("a", 1, 10), write("b", 2, 9), read("a", 11, 12), read("b", 13, 14)}) ==
       Verdict::violated));
}

BOOST_AUTO_TEST_CASE(an_unknown_write_may_have_happened_or_not) {
  BOOST_TEST(
      (verdict_of(
           {write("a", 1, 2), write("b", 3, std::nullopt), read("a", 4, 5), read("b", 6, 7)}) ==
       Verdict::linearizable));
  BOOST_TEST(
      (verdict_of(
           {write("a", 1, 2), write("b", 3, std::nullopt), read("b", 4, 5), read("a", 6, 7)}) ==
       Verdict::violated));
}

BOOST_DATA_TEST_CASE(recorded_histories_of_etcd_get_their_known_verdict, recorded_histories) {
  const auto history =
      read_jepsen(std::string(HARKA_TESTDATA) + "/jepsen-etcd/" + sample.name + ".log");
  BOOST_TEST(history.size() > 20U);
  BOOST_TEST((verdict_of(history) == sample.verdict));
}

BOOST_AUTO_TEST_SUITE_END()
