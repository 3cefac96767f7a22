// SPDX-License-Identifier: Apache-2.0
#include "sim/capsule.hpp"

#include "sim/run.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace harka;
using namespace harka::sim;

namespace {

std::string refusal(std::string_view capsule) {
  const Result<Plan> plan = plan_of(capsule);
  return plan.ok() ? "it was taken" : plan.error().detail;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(capsules)

BOOST_AUTO_TEST_CASE(a_plan_reads_back_as_it_was_written) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Plan plan = draw_plan(seed, seed % 2 == 0 ? Profile::core : Profile::cluster);
    plan.skipped = {{1, seed}, {2, 7}};
    const std::string text = capsule_of(plan, {"a comment"});
    const Result<Plan> again = plan_of(text);
    BOOST_REQUIRE_MESSAGE(again.ok(), "seed " << seed << ": " << refusal(text));
    BOOST_TEST(capsule_of(again.value(), {"a comment"}) == text);
  }
}

BOOST_AUTO_TEST_CASE(a_capsule_runs_as_its_seed_does) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Plan plan = draw_plan(seed, Profile::core);
    BOOST_TEST(run_plan(plan_of(capsule_of(plan, {})).value()).hash == run_plan(plan).hash);
  }
}

BOOST_AUTO_TEST_CASE(strikes_that_are_written_down_as_faults_change_nothing) {
  int struck = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Plan plan = draw_plan(seed, Profile::core);
    const RunResult result = run_plan(plan);
    if (result.struck.empty()) continue;
    ++struck;
    plan.mix.strikes = 0;
    plan.faults.insert(plan.faults.end(), result.struck.begin(), result.struck.end());
    std::ranges::stable_sort(plan.faults, {}, &Fault::at);
    BOOST_TEST(run_plan(plan).hash == result.hash, "seed " << seed);
  }
  BOOST_TEST(struck > 0);
}

BOOST_AUTO_TEST_CASE(a_skipped_operation_is_not_sent_and_the_others_stay_the_same) {
  Plan plan = draw_plan(4, Profile::calm);
  const RunResult whole = run_plan(plan);
  BOOST_REQUIRE(whole.sent.size() > 20U);
  plan.skipped = {whole.sent[10]};
  const RunResult result = run_plan(plan);
  BOOST_TEST(std::ranges::count(result.sent, whole.sent[10]) == 0);
  BOOST_TEST(std::ranges::count(result.sent, whole.sent[11]) == 1);
  BOOST_TEST(result.property == "");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_capsule_is_said_with_its_line) {
  BOOST_TEST(refusal("seed 1\nnodez 3\n") == "line 2: no such setting: nodez");
  BOOST_TEST(refusal("nodes many") == "line 1: not a value of nodes: 'many'");
  BOOST_TEST(refusal("# c\n\nfault 1s explode node 1").starts_with("line 3: no such fault"));
  BOOST_TEST(refusal("skip 3").starts_with("line 1: not client.operation"));
  BOOST_TEST(refusal("nodes 3\nvoters 4").starts_with("voters: between"));
  BOOST_TEST(refusal("loss 1.5").find("between 0 and 1") != std::string::npos);
  BOOST_TEST(refusal("nodes 3 # three\n") == "it was taken");
}

BOOST_AUTO_TEST_SUITE_END()
