// SPDX-License-Identifier: Apache-2.0
// Whole runs. What `make test-all` adds to them is tests/sim/long_lanes.
#include "sim/run.hpp"

#include "sim/failover.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <iostream>
#include <set>

using namespace harka;
using namespace harka::sim;

namespace {

// Sanitizers cost a factor of ten, and the runs are the same.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t share = 10;
#else
constexpr std::uint64_t share = 1;
#endif

std::string verdict(const RunResult& result, std::uint64_t seed, Profile profile) {
  return result.property + "\n  replay: harka sim run --seed " + std::to_string(seed) +
         " --profile " + std::string(sim::name_of(profile));
}

void expect_clean(std::uint64_t first, std::uint64_t last, Profile profile) {
  int failures = 0;
  for (std::uint64_t seed = first; seed <= last && failures < 3; ++seed) {
    const Plan plan = draw_plan(seed, profile);
    const RunResult result = run_plan(plan);
    if (result.outcome != Outcome::clean) {
      ++failures;
      BOOST_ERROR(verdict(result, seed, profile));
    }
    if (seed % 20 == 0)
      BOOST_TEST(run_plan(plan).hash == result.hash, "seed " << seed << " differs");
  }
}

/// The first seed's run that a correctness oracle or a crash ends.
RunResult first_noticed(std::string_view mutant, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Plan plan = draw_plan(seed, Profile::core);
    plan.mutant = mutant;
    RunResult result = run_plan(plan);
    if (result.outcome != Outcome::clean && result.outcome != Outcome::liveness) return result;
  }
  BOOST_ERROR("not noticed in " << seeds << " seeds: " << mutant);
  return {};
}

/// When disks were wiped.
class Wipes final : public Watcher {
 public:
  void begins(const Plan&, const World& world) override { world_ = &world; }

  void observed(const ClientEvent&) override {}

  void ends(const std::string&) override {}

  void wiped(NodeId) override { times.push_back(world_->now()); }

  std::vector<Instant> times;

 private:
  const World* world_ = nullptr;
};

/// Of a run in which node 4 is replaced so long before the faults end.
std::vector<Instant> wipes(Duration before_the_end, Instant& end) {
  Plan plan = draw_plan(1, Profile::calm);
  plan.nodes = 4;
  plan.voters = 4;
  plan.faults = {
      {plan.fault_phase - before_the_end, FaultKind::replace, Target{false, 4}, {}, {}, 0}};
  Wipes watcher;
  BOOST_TEST(static_cast<int>(run_plan(plan, &watcher).outcome) == 0);
  end = Instant(plan.warm_up + plan.fault_phase);
  return watcher.times;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core_first)

BOOST_AUTO_TEST_CASE(core_seeds_are_clean_and_each_twentieth_repeats_exactly) {
  expect_clean(1, 250 / share, Profile::core);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(core_second)

BOOST_AUTO_TEST_CASE(more_core_seeds_are_clean_and_each_twentieth_repeats_exactly) {
  expect_clean(251, 250 + 250 / share, Profile::core);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(runs)

BOOST_AUTO_TEST_CASE(without_faults_every_operation_is_answered) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const RunResult result = run_plan(draw_plan(seed, Profile::calm));
    BOOST_TEST(static_cast<int>(result.outcome) == 0, result.property);
    BOOST_TEST(result.unknown == 0U);
    BOOST_TEST(result.operations > 50U);
  }
}

BOOST_AUTO_TEST_CASE(cluster_seeds_are_clean_and_each_twentieth_repeats_exactly) {
  expect_clean(1, 40 / share, Profile::cluster);
}

// Half a round trip between the regions that are left is a third of what timeouts differ by.
BOOST_AUTO_TEST_CASE(a_region_dies_and_no_two_elections_in_a_row_are_split) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const std::vector<Duration> times = measure_failover({.seed = seed});
    BOOST_TEST(times.size() > 30U);
    BOOST_TEST((std::ranges::max(times) < 1200ms), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(no_disk_is_wiped_after_the_faults_ended) {
  Instant end;
  const std::vector<Instant> in_time = wipes(1s, end);
  BOOST_REQUIRE_EQUAL(in_time.size(), 1U);
  BOOST_TEST((in_time.front() < end));
  BOOST_TEST(wipes(150ms, end).empty());
}

BOOST_AUTO_TEST_CASE(a_damaged_log_that_counts_too_early_is_noticed) {
  for (const char* mutant :
       {"takes-damage-for-whole", "heals-at-its-first-append", "leaps-over-no-term"}) {
    (void)first_noticed(mutant, 60);
  }
}

BOOST_AUTO_TEST_CASE(broken_promises_are_noticed_as_they_are_made) {
  // By what is sent or synced, long before a client could see it.
  const std::set<std::string> of_boundaries{
      "a vote is granted before it is durable", "a candidate asks before its own vote is durable"};
  const RunResult votes = first_noticed("forgets-votes", 20);
  BOOST_TEST(of_boundaries.contains(votes.property), votes.property);
  BOOST_TEST(votes.operations == 0U);
  BOOST_TEST(first_noticed("answers-before-sync", 20).operations == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
