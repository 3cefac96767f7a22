// SPDX-License-Identifier: Apache-2.0
// The cycle check: each anomaly by hand, all small histories against trying every order, and larger
// ones from executors that are right or wrong on purpose.
#include "sim/checkers/cycles.hpp"

#include "base/random.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace harka;
using namespace harka::sim;

namespace {

using Values = std::vector<std::string>;
using Lists = std::map<std::string, Values>;
using Transactions = std::vector<Transaction>;

ListAct append(const std::string& key, const std::string& value) {
  return {key, value, std::nullopt};
}

ListAct read(const std::string& key, Values seen) {
  return {key, std::nullopt, std::move(seen)};
}

/// All at the same time.
Transaction together(std::vector<ListAct> acts) {
  return {0, Transaction::Outcome::committed, 0, 1000, std::move(acts)};
}

Transaction between(std::int64_t start, std::int64_t end, std::vector<ListAct> acts) {
  return {0, Transaction::Outcome::committed, start, end, std::move(acts)};
}

std::set<std::string> names_in(const Transactions& history) {
  const auto report = check_transactions(history, {});
  BOOST_REQUIRE(report.ok());
  std::set<std::string> names;
  for (const Anomaly& anomaly : report.value().anomalies) names.insert(anomaly.name);
  return names;
}

std::string text_in(const Transactions& history, const std::string& name) {
  const auto report = check_transactions(history, {});
  BOOST_REQUIRE(report.ok());
  for (const Anomaly& anomaly : report.value().anomalies) {
    if (anomaly.name == name) return anomaly.text;
  }
  return {};
}

struct Bad {
  const char* name;
  Transactions history;
};

std::ostream& operator<<(std::ostream& out, const Bad& bad) {
  return out << bad.name;
}

Transaction aborted(std::vector<ListAct> acts) {
  Transaction transaction = together(std::move(acts));
  transaction.outcome = Transaction::Outcome::aborted;
  return transaction;
}

/// Keys of their own, so that each can be planted among others.
const std::vector<Bad>& bad_histories() {
  static const std::vector<Bad> all{
      {"G0",
       {together({append("p", "1"), append("q", "1")}),
        together({append("p", "2"), append("q", "2")}),
        together({read("p", {"1", "2"}), read("q", {"2", "1"})})}},
      {"G1a", {aborted({append("p", "1")}), together({read("p", {"1"})})}},
      {"G1b", {together({append("p", "1"), append("p", "2")}), together({read("p", {"1"})})}},
      {"G1c",
       {together({append("p", "1"), read("q", {"2"})}),
        together({append("q", "2"), read("p", {"1"})})}},
      {"G-single",
       {together({append("p", "1"), append("q", "1")}),
        together({read("p", {}), read("q", {"1"})}),
        together({read("p", {"1"})})}},
      {"G2",
       {together({read("p", {}), append("q", "1")}),
        together({read("q", {}), append("p", "1")}),
        together({read("p", {"1"}), read("q", {"1"})})}},
      {"lost update",
       {together({read("p", {}), append("p", "1")}),
        together({read("p", {}), append("p", "2")}),
        together({read("p", {"1", "2"})})}},
      {"incompatible order",
       {together({append("p", "1")}),
        together({append("p", "2")}),
        together({read("p", {"1", "2"})}),
        together({read("p", {"2"})})}},
      {"duplicate elements", {together({append("p", "1")}), together({read("p", {"1", "1"})})}},
      {"unwritten", {together({read("p", {"1"})})}},
      {"internal", {together({append("p", "1"), read("p", {})})}},
      {"G-single-realtime", {between(0, 10, {append("p", "1")}), between(20, 30, {read("p", {})})}},
      {"G0-realtime",
       {between(0, 10, {append("p", "1")}),
        between(20, 30, {append("p", "2")}),
        between(15, 40, {read("p", {"2", "1"})})}},
      {"G1c-realtime", {between(0, 10, {read("p", {"1"})}), between(20, 30, {append("p", "1")})}},
      {"G2-realtime",
       {between(0, 40, {read("p", {}), append("q", "1")}),
        between(0, 10, {append("p", "1")}),
        between(20, 30, {read("q", {})})}},
  };
  return all;
}

/// By definition: some order explains what everybody saw.
bool fits_in_some_order(const Transactions& history, std::vector<bool> done, const Lists& lists) {
  bool is_complete = true;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Transaction& next = history[i];
    if (done[i] || next.outcome == Transaction::Outcome::aborted) continue;
    is_complete = is_complete && next.outcome == Transaction::Outcome::unknown;
    bool is_too_early = false;
    for (std::size_t other = 0; other < history.size(); ++other) {
      is_too_early = is_too_early ||
                     (!done[other] && history[other].outcome == Transaction::Outcome::committed &&
                      *history[other].end < next.start);
    }
    if (is_too_early) continue;
    Lists after = lists;
    bool fits = true;
    for (const ListAct& act : next.acts) {
      if (act.appended) after[act.key].push_back(*act.appended);
      if (act.seen) fits = fits && after[act.key] == *act.seen;
    }
    if (!fits) continue;
    done[i] = true;
    if (fits_in_some_order(history, done, after)) return true;
    done[i] = false;
  }
  return is_complete;
}

/// Transactions at random moments; `execute` gives each its answers, in the order of their effects.
class Executor {
 public:
  explicit Executor(std::uint64_t seed) : random_(seed) {}

  Transactions serializable(std::size_t count) {
    Lists lists;
    return run(count, [&](Transaction& transaction) { take_effect(transaction, lists); });
  }

  /// Reads are of the lists as they were some transactions ago.
  Transactions from_snapshots(std::size_t count) {
    std::vector<Lists> past(1);
    return run(count, [&](Transaction& transaction) {
      const std::size_t age = std::min<std::size_t>(random_.below(4), past.size() - 1);
      Lists seen = past[past.size() - 1 - age];
      Lists now = past.back();
      for (ListAct& act : transaction.acts) {
        if (!act.appended) act.seen = seen[act.key];
        if (act.appended) seen[act.key].push_back(*act.appended);
        if (act.appended) now[act.key].push_back(*act.appended);
      }
      past.push_back(now);
    });
  }

 private:
  static void take_effect(Transaction& transaction, Lists& lists) {
    for (ListAct& act : transaction.acts) {
      if (act.appended) lists[act.key].push_back(*act.appended);
      if (!act.appended) act.seen = lists[act.key];
    }
  }

  template <typename Execute>
  Transactions run(std::size_t count, const Execute& execute) {
    Transactions history;
    for (std::size_t i = 0; i < count; ++i) {
      const auto effect = static_cast<std::int64_t>(100 * i + 1000);
      Transaction transaction;
      transaction.client = static_cast<std::uint32_t>(i % 5);
      transaction.start = effect - static_cast<std::int64_t>(random_.below(300));
      transaction.end = effect + static_cast<std::int64_t>(random_.below(300));
      for (std::uint64_t left = 1 + random_.below(3); left > 0; --left) {
        const std::string key = "k" + std::to_string(random_.below(3));
        const bool appends = random_.chance(0.5);
        transaction.acts.push_back(appends ? append(key, std::to_string(next_++)) : read(key, {}));
      }
      if (random_.chance(0.1)) {
        transaction.outcome = Transaction::Outcome::aborted;
      } else {
        finish(transaction, execute);
      }
      history.push_back(std::move(transaction));
    }
    return history;
  }

  template <typename Execute>
  void finish(Transaction& transaction, const Execute& execute) {
    const bool is_unknown = random_.chance(0.1);
    if (!is_unknown || random_.chance(0.5)) execute(transaction);
    if (!is_unknown) return;
    transaction.outcome = Transaction::Outcome::unknown;
    transaction.end.reset();
    for (ListAct& act : transaction.acts) act.seen.reset();
  }

  Random random_;
  int next_ = 1;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(cycles)

BOOST_DATA_TEST_CASE(each_anomaly_has_its_name, bad_histories()) {
  BOOST_TEST(names_in(sample.history).contains(sample.name));
}

BOOST_DATA_TEST_CASE(each_anomaly_is_found_among_what_is_right, bad_histories()) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Transactions history = Executor(seed).serializable(200);
    BOOST_TEST(names_in(history).empty());
    for (Transaction planted : sample.history) {
      planted.start += 5000;
      if (planted.end) *planted.end += 5000;
      history.push_back(planted);
    }
    BOOST_TEST(names_in(history).contains(sample.name), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(what_a_serializable_executor_did_is_right) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto names = names_in(Executor(seed).serializable(150));
    BOOST_TEST(names.empty(), "seed " << seed << ": " << (names.empty() ? "" : *names.begin()));
  }
}

BOOST_AUTO_TEST_CASE(what_reads_from_old_snapshots_did_is_wrong) {
  std::set<std::string> all;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto names = names_in(Executor(seed).from_snapshots(150));
    BOOST_TEST(!names.empty(), "seed " << seed);
    all.insert(names.begin(), names.end());
  }
  BOOST_TEST(all.contains("lost update"));
  BOOST_TEST(all.contains("G-single"));
}

BOOST_AUTO_TEST_CASE(small_histories_get_the_verdict_that_trying_all_orders_gives) {
  int right = 0;
  int wrong = 0;
  for (std::uint64_t seed = 1; seed <= 6'000; ++seed) {
    Executor executor(seed);
    const Transactions history =
        seed % 2 == 0 ? executor.serializable(6) : executor.from_snapshots(6);
    const bool fits = fits_in_some_order(history, std::vector<bool>(history.size()), {});
    BOOST_TEST(names_in(history).empty() == fits, "seed " << seed);
    fits ? ++right : ++wrong;
  }
  BOOST_TEST(right > 3'000);
  BOOST_TEST(wrong > 500);
}

BOOST_AUTO_TEST_CASE(real_time_can_be_left_out) {
  const Transactions history{between(0, 10, {append("p", "1")}), between(20, 30, {read("p", {})})};
  BOOST_TEST(check_transactions(history, {.keeps_real_time = false}).value().anomalies.empty());
}

BOOST_AUTO_TEST_CASE(a_value_of_unknown_outcome_took_effect_if_somebody_saw_it) {
  Transaction unknown = between(0, 0, {append("p", "1")});
  unknown.outcome = Transaction::Outcome::unknown;
  unknown.end.reset();
  BOOST_TEST(names_in({unknown, between(20, 30, {read("p", {})})}).empty());
  BOOST_TEST(names_in({unknown, between(20, 30, {read("p", {"1"})})}).empty());
  BOOST_TEST(
      names_in({unknown, between(20, 30, {read("p", {"1"})}), between(40, 50, {read("p", {})})})
          .contains("G-single-realtime"));
}

BOOST_AUTO_TEST_CASE(what_took_effect_took_effect_as_a_whole) {
  Transaction unknown = together({append("p", "1"), append("q", "1")});
  unknown.outcome = Transaction::Outcome::unknown;
  unknown.end.reset();
  const auto names = names_in(
      {unknown, between(2000, 2010, {read("q", {"1"})}), between(2020, 2030, {read("p", {})})});
  BOOST_TEST(names.contains("G-single-realtime"));
}

BOOST_AUTO_TEST_CASE(an_acknowledged_append_that_no_later_read_shows_is_lost) {
  BOOST_TEST(names_in({between(0, 10, {append("p", "1")}),
                       between(0, 10, {append("p", "2")}),
                       between(20, 30, {read("p", {"2"})})})
                 .contains("G-single-realtime"));
}

BOOST_AUTO_TEST_CASE(a_cycle_is_told_with_the_values_that_prove_each_step) {
  const std::string told = text_in(bad_histories()[5].history, "G2");
  BOOST_TEST(
      told ==
      "T1 before T2 before T1\n"
      "  T1 = client 0 [0, 1000]: read p [], append q 1\n"
      "  T2 = client 0 [0, 1000]: read q [], append p 1\n"
      "  T1 read p empty, and T2 appended 1 behind that (rw)\n"
      "  T2 read q empty, and T1 appended 1 behind that (rw)");
}

BOOST_AUTO_TEST_CASE(the_shortest_cycle_is_told) {
  Transactions history;  // a ring of ten, with a shortcut
  const auto name = [](int i) { return "r" + std::to_string(i % 10); };
  for (int i = 0; i < 10; ++i) {
    history.push_back(together({append(name(i), "1"), read(name(i + 1), {"1"})}));
  }
  history[3].acts.push_back(append("a", "1"));
  history[5].acts.push_back(read("a", {"1"}));
  const std::string told = text_in(history, "G1c");
  BOOST_TEST(told.substr(0, told.find('\n')) == "T4 before T6 before T5 before T4");
}

BOOST_AUTO_TEST_CASE(of_a_chain_of_real_time_only_its_ends_are_told) {
  const Transactions history{
      between(0, 10, {append("p", "1")}),
      between(20, 30, {append("q", "1")}),
      between(40, 50, {append("q", "2")}),
      between(60, 70, {read("p", {})}),
      between(80, 90, {read("q", {"1", "2"})})};
  const std::string told = text_in(history, "G-single-realtime");
  BOOST_TEST(told.substr(0, told.find('\n')) == "T1 before T4 before T1");
}

BOOST_AUTO_TEST_CASE(a_value_that_two_append_is_refused) {
  const auto report =
      check_transactions({together({append("p", "1")}), together({append("p", "1")})}, {});
  BOOST_REQUIRE(!report.ok());
  BOOST_TEST(report.error().detail.starts_with("1 is appended to p twice"));
}

BOOST_AUTO_TEST_SUITE_END()
