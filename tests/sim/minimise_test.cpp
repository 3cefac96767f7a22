// SPDX-License-Identifier: Apache-2.0
#include "sim/minimise.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;
using namespace harka::sim;

namespace {

/// The first seed with more than `nodes_min` nodes whose run the mutant breaks.
Plan failing(std::string_view mutant, std::uint32_t nodes_min) {
  for (std::uint64_t seed = 1; seed < 500; ++seed) {
    Plan plan = draw_plan(seed, Profile::core);
    plan.mutant = mutant;
    if (plan.nodes > nodes_min && run_plan(plan).outcome != Outcome::clean) return plan;
  }
  throw std::runtime_error("no seed fails");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(minimising)

BOOST_AUTO_TEST_CASE(a_failure_becomes_small_and_stays_the_same_failure) {
  for (const std::string_view mutant : {"forgets-votes", "confirms-snapshots-early"}) {
    const Plan plan = failing(mutant, 3);
    const RunResult result = run_plan(plan);
    const Minimised small = minimise(plan, result, 500, [](const std::string&) {});
    BOOST_TEST(is_same_failure(small.result, result));
    BOOST_TEST(small.plan.nodes <= 3U);
    BOOST_TEST(small.plan.faults.size() <= 5U);
    BOOST_TEST(small.runs <= 500U);
    // What it says of its plan is what the plan does.
    BOOST_TEST(run_plan(small.plan).hash == small.result.hash);
  }
}

BOOST_AUTO_TEST_CASE(numbers_do_not_make_another_failure) {
  RunResult one;
  one.outcome = Outcome::correctness;
  one.property = "two leaders in term 7";
  RunResult other = one;
  other.property = "two leaders in term 12";
  BOOST_TEST(is_same_failure(one, other));
  other.property = "a vote is granted before it is durable";
  BOOST_TEST(!is_same_failure(one, other));
  other = one;
  other.outcome = Outcome::liveness;
  BOOST_TEST(!is_same_failure(one, other));
}

BOOST_AUTO_TEST_SUITE_END()
