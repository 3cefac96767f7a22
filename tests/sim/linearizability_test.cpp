// SPDX-License-Identifier: Apache-2.0
// The checker itself: small histories by hand, and recorded ones of etcd with known verdicts.
#include "sim/checkers/linearizability.hpp"

#include "base/random.hpp"
#include "sim/checkers/history_cuts.hpp"
#include "sim/history.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace harka::sim;

namespace {

Operation write(const std::string& value, std::int64_t start, std::optional<std::int64_t> end) {
  Operation operation;
  operation.key = "k";
  operation.act = Act::write;
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

/// Every order there is, by definition: for histories of a few operations.
bool fits_in_some_order(std::vector<Operation> rest, const std::optional<std::string>& held) {
  if (std::ranges::none_of(
          rest, [](const Operation& operation) { return operation.end.has_value(); })) {
    return true;
  }
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const Operation next = rest[i];
    const bool is_too_early = std::ranges::any_of(
        rest, [&](const Operation& other) { return other.end && *other.end < next.start; });
    if (is_too_early || (!next.end && !next.changes())) continue;
    if (next.act == Act::read && next.value != held) continue;
    if (next.act == Act::compare_and_set && next.expected != held) continue;
    if (next.act == Act::mismatch && next.expected == held) continue;
    std::vector<Operation> fewer = rest;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    const auto after = next.changes() ? next.value : held;
    if (fits_in_some_order(std::move(fewer), after)) return true;
  }
  return false;
}

/// Of few values, so that there is much to be confused about.
std::vector<Operation> small_history(harka::Random& random) {
  std::vector<Operation> history;
  const auto value = [&]() -> std::optional<std::string> {
    const std::uint64_t number = random.below(4);
    return number == 0 ? std::nullopt : std::optional(std::to_string(number));
  };
  for (std::uint64_t left = 2 + random.below(5); left > 0; --left) {
    Operation operation;
    operation.key = "k";
    operation.client = static_cast<std::uint32_t>(left);
    operation.act = static_cast<Act>(random.below(4));
    operation.start = static_cast<std::int64_t>(random.below(20));
    operation.value = value();
    operation.expected = value();
    const bool is_known = random.chance(0.8);
    if (is_known) operation.end = operation.start + static_cast<std::int64_t>(random.below(8));
    history.push_back(std::move(operation));
  }
  return history;
}

bool fits_whatever_was_held(const std::vector<Operation>& history) {
  for (const char* held : {"1", "2", "3", "other"}) {
    if (fits_in_some_order(history, held)) return true;
  }
  return fits_in_some_order(history, std::nullopt);
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
  BOOST_REQUIRE(report.window.has_value());
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

BOOST_AUTO_TEST_CASE(every_small_history_gets_the_verdict_that_trying_all_orders_gives) {
  int violated = 0;
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    harka::Random random(seed);
    const std::vector<Operation> history = small_history(random);
    const bool fits = fits_in_some_order(history, std::nullopt);
    BOOST_TEST((verdict_of(history) == Verdict::linearizable) == fits, "seed " << seed);
    violated += fits ? 0 : 1;
  }
  BOOST_TEST(violated > 5'000);
  BOOST_TEST(violated < 15'000);
}

BOOST_AUTO_TEST_CASE(what_is_cut_from_a_linearizable_history_is_linearizable) {
  int linearizable = 0;
  for (std::uint64_t seed = 1; seed <= 5'000; ++seed) {
    harka::Random random(seed);
    const std::vector<Operation> history = small_history(random);
    if (!fits_in_some_order(history, std::nullopt)) continue;
    ++linearizable;
    for (std::int64_t time = 0; time < 28; ++time) {
      BOOST_TEST(fits_in_some_order(history_until(history, time), std::nullopt), "seed " << seed);
      BOOST_TEST(fits_whatever_was_held(history_after(history, time)), "seed " << seed);
    }
    for (const char* value : {"1", "2", "3"}) {
      BOOST_TEST(
          fits_in_some_order(history_without(history, {value}), std::nullopt), "seed " << seed);
    }
  }
  BOOST_TEST(linearizable > 1'000);
}

BOOST_AUTO_TEST_CASE(a_window_fits_in_no_order_and_is_small) {
  std::size_t shown = 0;
  std::size_t all = 0;
  for (std::uint64_t seed = 1; seed <= 5'000; ++seed) {
    harka::Random random(seed);
    const LinearizabilityReport report = check_linearizability(small_history(random), {});
    if (report.verdict != Verdict::violated) continue;
    const FailingWindow& window = *report.window;
    const bool fits = window.is_any_before ? fits_whatever_was_held(window.operations)
                                           : fits_in_some_order(window.operations, std::nullopt);
    BOOST_TEST(!fits, "seed " << seed);
    BOOST_TEST(!window.next.empty(), "seed " << seed);
    shown += window.operations.size();
    all += window.operations_of_key;
  }
  BOOST_TEST(shown * 2 < all);
}

BOOST_AUTO_TEST_CASE(a_window_shows_the_read_the_overwriting_write_and_nothing_else) {
  std::vector<Operation> history;
  for (std::int64_t i = 0; i < 200; ++i)
    history.push_back(write(std::to_string(i), 10 * i, 10 * i + 5));
  history.push_back(read("98", 1006, 1009));
  history.push_back(read("150", 1507, 1508));
  const LinearizabilityReport report = check_linearizability(history, {});
  BOOST_REQUIRE(report.window.has_value());
  BOOST_REQUIRE_EQUAL(report.window->operations.size(), 2U);
  BOOST_TEST(text_of(report.window->operations[0]) == "write 99");
  BOOST_TEST(text_of(report.window->operations[1]) == "read 98");
  BOOST_REQUIRE_EQUAL(report.window->next.size(), 1U);
  BOOST_TEST(report.window->next[0].reason == "it read 98, and the key holds 99");
}

BOOST_AUTO_TEST_CASE(a_drawing_has_a_lane_for_each_client_and_time_goes_right) {
  std::vector<Operation> history{
      write("a", 1, 9), write("b", 10, 20), read("a", 12, 15), read("a", 21, 25)};
  for (std::size_t i = 0; i < history.size(); ++i)
    history[i].client = static_cast<std::uint32_t>(i);
  const LinearizabilityReport report = check_linearizability(history, {});
  BOOST_REQUIRE(report.window.has_value());
  const std::string drawing = drawing_of(*report.window);
  BOOST_TEST(
      drawing.starts_with("  client 1   [write b]\n  client 3            [read a]\n\n"), drawing);
}

BOOST_AUTO_TEST_CASE(many_clients_on_one_key_are_decided_where_values_are_written_once) {
  harka::Random random(1);
  std::vector<Operation> history;
  for (std::int64_t i = 0; i < 4000; ++i) {  // 40 at a time, none of them slower than 400
    const auto late = static_cast<std::int64_t>(random.below(400));
    history.push_back(
        i % 2 == 0 ? write(std::to_string(i), 10 * i, 10 * i + late)
                   : read(std::to_string(i - 1), 10 * i, 10 * i + late));
  }
  LinearizabilityOptions options;
  options.budget.states_max = 100'000;
  BOOST_TEST((check_linearizability(history, options).verdict == Verdict::linearizable));
}

BOOST_AUTO_TEST_CASE(a_search_beyond_its_budget_is_undecided) {
  std::vector<Operation> history;
  for (int i = 0; i < 12; ++i) history.push_back(write(std::to_string(i), 0, 100));
  for (int i = 0; i < 12; ++i) history.push_back(read(std::to_string(i), 101 + i, 200));
  for (int i = 0; i < 12; ++i) history.push_back(write(std::to_string(i), 201, 300));
  LinearizabilityOptions options;
  options.budget.states_max = 10;
  BOOST_TEST((check_linearizability(history, options).verdict == Verdict::undecided));
  options.budget = {};
  BOOST_TEST((check_linearizability(history, options).verdict == Verdict::violated));
}

BOOST_DATA_TEST_CASE(recorded_histories_of_etcd_get_their_known_verdict, recorded_histories) {
  const auto history =
      read_history(std::string(HARKA_TESTDATA) + "/jepsen-etcd/" + sample.name + ".log");
  BOOST_REQUIRE(history.ok());
  BOOST_TEST(history.value().operations.size() > 20U);
  BOOST_TEST((verdict_of(history.value().operations) == sample.verdict));
}

BOOST_AUTO_TEST_SUITE_END()
