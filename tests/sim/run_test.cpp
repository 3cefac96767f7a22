// SPDX-License-Identifier: Apache-2.0
// Whole runs. HARKA_SIM_SEEDS=first:count runs other core seeds than the usual 500.
#include "sim/run.hpp"

#include <cstdlib>
#include <iostream>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace harka;
using namespace harka::sim;

namespace {

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 500;
};

Seeds seeds_from_environment() {
  const char* const text = std::getenv("HARKA_SIM_SEEDS");
  if (text == nullptr) return {};
  const std::string range(text);
  const std::size_t colon = range.find(':');
  return {std::stoull(range.substr(0, colon)), std::stoull(range.substr(colon + 1))};
}

std::string verdict(const RunResult& result, std::uint64_t seed, Profile profile) {
  return result.property + "\n  replay: harka sim run --seed " + std::to_string(seed) +
         " --profile " + std::string(sim::name_of(profile));
}

void expect_clean(const Seeds& seeds, Profile profile) {
  int failures = 0;
  for (std::uint64_t seed = seeds.first; seed < seeds.first + seeds.count && failures < 3; ++seed) {
    const Plan plan = draw_plan(seed, profile);
    const RunResult result = run_plan(plan);
    if (result.outcome != Outcome::clean) {
      ++failures;
      BOOST_ERROR(verdict(result, seed, profile));
    }
    if (seed % 20 == 0) BOOST_TEST(run_plan(plan).hash == result.hash, "seed " << seed << " differs");
  }
}

}  // namespace

namespace harka::sim {
std::ostream& boost_test_print_type(std::ostream& out, Mutant mutant) {
  return out << name_of(mutant);
}
}  // namespace harka::sim

BOOST_AUTO_TEST_SUITE(runs)

BOOST_AUTO_TEST_CASE(without_faults_every_operation_is_answered) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const RunResult result = run_plan(draw_plan(seed, Profile::calm));
    BOOST_TEST(static_cast<int>(result.outcome) == 0, result.property);
    BOOST_TEST(result.unknown == 0U);
    BOOST_TEST(result.operations > 100U);
  }
}

BOOST_AUTO_TEST_CASE(core_seeds_are_clean_and_each_twentieth_repeats_exactly) {
  expect_clean(seeds_from_environment(), Profile::core);
}

BOOST_AUTO_TEST_CASE(cluster_seeds_are_clean_and_each_twentieth_repeats_exactly) {
  expect_clean({1, 40}, Profile::cluster);
}

BOOST_DATA_TEST_CASE(every_planted_defect_is_noticed, boost::unit_test::data::make(mutants)) {
  // Within 200 seeds; most are found by the first.
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Plan plan = draw_plan(seed, Profile::core);
    plan.mutant = sample;
    const RunResult result = run_plan(plan);
    if (result.outcome == Outcome::clean || result.outcome == Outcome::liveness) continue;
    BOOST_TEST_MESSAGE(name_of(sample) << ": seed " << seed << ", " << result.property);
    BOOST_TEST(!result.property.empty());
    return;
  }
  BOOST_ERROR("not noticed in 200 seeds: " << name_of(sample));
}

BOOST_AUTO_TEST_SUITE_END()
