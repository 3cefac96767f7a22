// SPDX-License-Identifier: Apache-2.0
// What each workload objects to, by answers made by hand, and that a run of each is clean.
#include "sim/run.hpp"
#include "sim/violation.hpp"
#include "sim/workloads/load.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <map>
#include <ostream>

using namespace harka;
using namespace harka::sim;

namespace harka::sim {

std::ostream& operator<<(std::ostream& out, WorkloadKind kind) {  // for the names of cases
  return out << name_of(kind);
}

}  // namespace harka::sim

namespace {

/// A workload with one shard and two keys, whose answers a test makes up.
class Trial {
 public:
  explicit Trial(WorkloadKind kind)
      : load_(make_load(
            {.kind = kind, .shards = 1, .clients = 2, .keys = 2, .writes = 0.5, .appends = 0.5})) {}

  /// The next request of this kind; of a key if one is named.
  ClientRequest request(std::string_view act, const std::string& key = {}) {
    for (;;) {
      Random random(++operation_);
      ClientRequest drawn = load_->draw(random, 1, operation_);
      if (drawn.act == act && (key.empty() || drawn.key == key)) return drawn;
    }
  }

  /// The next one begins when it has ended.
  void answer(const ClientRequest& request, std::vector<std::string_view> replies) {
    Answered answered{request, 1, operation_, true, std::move(replies), now_, now_ + 10};
    now_ += 20;
    load_->answered(answered);
  }

  void lose(const ClientRequest& request) {
    load_->answered(Answered{request, 1, operation_, false, {}, now_, now_ + 10});
    now_ += 20;
  }

  /// What is broken; empty: nothing.
  template <typename Act>
  static std::string broken_by(const Act& act) {
    try {
      act();
    } catch (const Violation& violation) {
      return violation.what();
    }
    return {};
  }

  std::string audit(const std::map<std::string, std::string>& held) {
    return broken_by([&] {
      const auto find = [&](std::uint32_t, const std::string& key) {
        const auto found = held.find(key);
        return found == held.end() ? std::nullopt : std::optional(found->second);
      };
      load_->audit({find, now_});
    });
  }

 private:
  std::unique_ptr<Load> load_;
  std::uint64_t operation_ = 0;
  std::int64_t now_ = 0;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(workloads)

BOOST_AUTO_TEST_CASE(a_lost_write_of_a_register_is_noticed) {
  Trial trial(WorkloadKind::registers);
  const ClientRequest write = trial.request("write");
  trial.answer(write, {"+OK\r\n"});
  BOOST_TEST(contains(trial.audit({}), "key " + write.key + " is not linearizable"));
}

BOOST_AUTO_TEST_CASE(a_token_that_is_lost_or_there_twice_is_noticed) {
  for (const WorkloadKind kind :
       {WorkloadKind::mixed, WorkloadKind::append, WorkloadKind::session}) {
    for (const int times : {0, 1, 2}) {
      Trial trial(kind);
      const ClientRequest append = trial.request("append");
      const std::string length = ":" + std::to_string(append.value.size()) + "\r\n";
      trial.answer(append, {length});
      std::string held;
      for (int i = 0; i < times; ++i) held += append.value;
      const std::string broken = trial.audit({{append.key, held}});
      const std::string_view words[] = {"is lost", "", "took effect twice"};
      BOOST_TEST(contains(broken, words[times]), broken);
      BOOST_TEST(broken.empty() == (times == 1));
    }
  }
}

BOOST_AUTO_TEST_CASE(an_append_that_is_not_where_its_answer_said_is_noticed) {
  Trial trial(WorkloadKind::append);
  const ClientRequest append = trial.request("append");
  trial.answer(append, {":99\r\n"});
  BOOST_TEST(contains(trial.audit({{append.key, append.value}}), "was answered with length 99"));
}

BOOST_AUTO_TEST_CASE(a_read_that_misses_an_append_is_noticed) {
  Trial trial(WorkloadKind::append);
  const ClientRequest append = trial.request("append");
  trial.answer(append, {":" + std::to_string(append.value.size()) + "\r\n"});
  const ClientRequest read = trial.request("read", append.key);
  trial.answer(read, {"$-1\r\n"});
  BOOST_TEST(
      contains(trial.audit({{append.key, append.value}}), "G-single-realtime: T1 before T2"));
}

BOOST_AUTO_TEST_CASE(a_counter_counts_each_increment_once) {
  const auto twice = [](std::string_view first, std::string_view second) {
    Trial trial(WorkloadKind::counter);
    return Trial::broken_by([&] {
      trial.answer(trial.request("increment", "c0.0"), {first});
      trial.answer(trial.request("increment", "c0.0"), {second});
    });
  };
  BOOST_TEST(twice(":1\r\n", ":2\r\n") == "");
  BOOST_TEST(contains(twice(":1\r\n", ":1\r\n"), "answered 1 twice"));
  BOOST_TEST(contains(twice(":1\r\n", "+OK\r\n"), "a strange answer"));
}

BOOST_AUTO_TEST_CASE(a_counter_holds_what_was_acknowledged_and_perhaps_what_is_unknown) {
  for (const int held : {1, 2, 3, 4}) {
    Trial trial(WorkloadKind::counter);
    trial.answer(trial.request("increment", "c0.0"), {":1\r\n"});
    trial.answer(trial.request("increment", "c0.0"), {":2\r\n"});
    trial.lose(trial.request("increment", "c0.0"));
    const std::string broken = trial.audit({{"c0.0", std::to_string(held)}});
    BOOST_TEST(broken.empty() == (held == 2 || held == 3), broken);
  }
}

BOOST_AUTO_TEST_CASE(a_counter_that_goes_back_or_ahead_is_noticed) {
  Trial back(WorkloadKind::counter);
  back.answer(back.request("increment", "c0.0"), {":1\r\n"});
  back.answer(back.request("read", "c0.0"), {"$-1\r\n"});
  BOOST_TEST(contains(back.audit({{"c0.0", "1"}}), "answered 0 to what began when 1"));
  Trial ahead(WorkloadKind::counter);
  ahead.answer(ahead.request("increment", "c0.0"), {":2\r\n"});
  ahead.lose(ahead.request("increment", "c0.0"));
  BOOST_TEST(contains(ahead.audit({{"c0.0", "2"}}), "answered 2 when only 1"));
}

BOOST_AUTO_TEST_CASE(balances_that_do_not_add_up_are_noticed) {
  Trial trial(WorkloadKind::bank);
  const ClientRequest balances = trial.request("balances");
  trial.answer(balances, {"*3\r\n$-1\r\n$2\r\n-5\r\n$1\r\n5\r\n"});
  BOOST_TEST(contains(
      Trial::broken_by([&] { trial.answer(balances, {"*3\r\n$-1\r\n$2\r\n-5\r\n$1\r\n4\r\n"}); }),
      "add up to -1"));
}

BOOST_AUTO_TEST_CASE(a_transfer_that_took_effect_twice_is_noticed) {
  for (const int times : {0, 1, 2}) {
    Trial trial(WorkloadKind::bank);
    const ClientRequest transfer = trial.request("transfer");
    trial.answer(transfer, {":0\r\n", ":0\r\n"});
    const std::size_t gap = transfer.value.find(' ');
    const int amount = std::stoi(transfer.value.substr(0, gap)) * times;
    const std::string broken = trial.audit(
        {{transfer.key, std::to_string(-amount)},
         {transfer.value.substr(gap + 1), std::to_string(amount)}});
    BOOST_TEST(broken.empty() == (times == 1), broken);
  }
}

BOOST_AUTO_TEST_CASE(half_an_mset_is_noticed) {
  Trial trial(WorkloadKind::bank);
  const ClientRequest mget = trial.request("mget");
  BOOST_TEST(contains(
      Trial::broken_by([&] { trial.answer(mget, {"*3\r\n$1\r\na\r\n$1\r\na\r\n$1\r\nb\r\n"}); }),
      "are of several MSETs: a and b"));
}

BOOST_AUTO_TEST_CASE(an_old_answer_after_a_newer_acknowledgement_is_noticed) {
  Trial trial(WorkloadKind::lease);
  const ClientRequest first = trial.request("write", "v0.1");
  trial.answer(first, {"+OK\r\n"});
  const ClientRequest read = trial.request("read", "v0.1");
  const std::string old = "$" + std::to_string(first.value.size()) + "\r\n" + first.value + "\r\n";
  trial.answer(read, {old});
  trial.answer(trial.request("write", "v0.1"), {"+OK\r\n"});
  BOOST_TEST(
      contains(Trial::broken_by([&] { trial.answer(read, {old}); }), "had been acknowledged"));
}

BOOST_DATA_TEST_CASE(a_calm_run_of_each_workload_answers_every_operation, workload_kinds) {
  const RunResult result = run_plan(draw_plan(3, Profile::calm, sample));
  BOOST_TEST(result.property == "");
  BOOST_TEST(result.unknown == 0U);
  BOOST_TEST(result.operations > 20U);
}

BOOST_DATA_TEST_CASE(
    old_answers_are_noticed_by_what_they_say_in_each_workload_that_reads, workload_kinds) {
  if (sample == WorkloadKind::session) return;  // it only appends
  std::string property;
  for (std::uint64_t seed = 1; seed <= 60 && property.empty(); ++seed) {
    Plan plan = draw_plan(seed, Profile::core, sample);
    plan.mutant = "claims-to-be-fresh";
    const RunResult result = run_plan(plan);
    if (result.outcome == Outcome::correctness) property = result.property;
  }
  BOOST_TEST(property != "");
}

BOOST_AUTO_TEST_CASE(what_is_asked_again_and_executed_again_is_noticed) {
  Plan plan = draw_plan(1, Profile::core, WorkloadKind::session);
  plan.mutant = "strips-sessions";
  BOOST_TEST(contains(run_plan(plan).property, "when it is asked again"));
}

BOOST_AUTO_TEST_CASE(half_of_all_seeds_are_mixed_and_every_workload_comes) {
  std::map<WorkloadKind, int> drawn;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    ++drawn[draw_plan(seed, Profile::core).workload];
    BOOST_TEST((draw_plan(seed, Profile::cluster).workload != WorkloadKind::session));
  }
  BOOST_TEST(drawn[WorkloadKind::mixed] > 150);
  for (const WorkloadKind kind : workload_kinds) BOOST_TEST(drawn[kind] > 10);
}

BOOST_AUTO_TEST_SUITE_END()
