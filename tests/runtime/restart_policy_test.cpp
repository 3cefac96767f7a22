// SPDX-License-Identifier: Apache-2.0
// The policy against OTP's published semantics: stdlib's supervisor documentation, "Tuning the
// intensity and period" and the restart types table of the supervisor behaviour.
#include "runtime/restart_policy.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <ostream>

namespace harka {
namespace {

using Act = RestartPolicy::Act;

Instant at(Duration since_start) {
  return Instant(100s + since_start);
}

struct ExitCase {
  RestartType type;
  bool is_normal;
  Act expected;
};

std::ostream& operator<<(std::ostream& out, const ExitCase& one) {
  return out << "type " << static_cast<int>(one.type) << (one.is_normal ? " normal" : " abnormal");
}

const std::vector<ExitCase> exit_cases{
    {RestartType::permanent, true, Act::restart},
    {RestartType::permanent, false, Act::restart},
    {RestartType::transient, true, Act::keep},
    {RestartType::transient, false, Act::restart},
    {RestartType::temporary, true, Act::forget},
    {RestartType::temporary, false, Act::forget}};

BOOST_DATA_TEST_CASE(restart_type_decides, boost::unit_test::data::make(exit_cases), one) {
  RestartPolicy policy{RestartPolicyOptions{}};
  RestartPolicy::History history;
  Random random(1);
  const auto decision = policy.on_exit(one.type, one.is_normal, history, at(0s), random);
  BOOST_TEST((decision.act == one.expected));
}

struct StrategyCase {
  RestartStrategy strategy;
  std::size_t begin;
  std::size_t end;
};

std::ostream& operator<<(std::ostream& out, const StrategyCase& one) {
  return out << "strategy " << static_cast<int>(one.strategy);
}

const std::vector<StrategyCase> strategy_cases{
    {RestartStrategy::one_for_one, 2, 3},
    {RestartStrategy::one_for_all, 0, 5},
    {RestartStrategy::rest_for_one, 2, 5}};

BOOST_DATA_TEST_CASE(
    strategy_names_the_affected, boost::unit_test::data::make(strategy_cases), one) {
  RestartPolicyOptions options;
  options.strategy = one.strategy;
  const auto range = RestartPolicy(options).affected(2, 5);
  BOOST_TEST(range.begin == one.begin);
  BOOST_TEST(range.end == one.end);
}

/// The decisions for a permanent child that fails at these times.
std::vector<Act> acts_at(const RestartPolicyOptions& options, const std::vector<Duration>& exits) {
  RestartPolicy policy(options);
  RestartPolicy::History history;
  Random random(1);
  std::vector<Act> acts;
  for (const Duration exit : exits) {
    acts.push_back(policy.on_exit(RestartType::permanent, false, history, at(exit), random).act);
  }
  return acts;
}

BOOST_AUTO_TEST_CASE(more_than_intensity_within_the_period_gives_up) {
  RestartPolicyOptions options;
  options.intensity = 2;
  options.period = 5s;
  const auto acts = acts_at(options, {0s, 1s, 2s});
  const std::vector<Act> expected{Act::restart, Act::restart, Act::give_up};
  BOOST_TEST((acts == expected));
}

BOOST_AUTO_TEST_CASE(restarts_older_than_the_period_do_not_count) {
  RestartPolicyOptions options;
  options.intensity = 1;
  options.period = 5s;
  const auto acts = acts_at(options, {0s, 6s, 12s, 13s});
  const std::vector<Act> expected{Act::restart, Act::restart, Act::restart, Act::give_up};
  BOOST_TEST((acts == expected));
}

BOOST_AUTO_TEST_CASE(a_restart_exactly_one_period_ago_counts) {
  RestartPolicyOptions options;
  options.intensity = 1;
  options.period = 5s;
  BOOST_TEST((acts_at(options, {0s, 5s}).back() == Act::give_up));
}

BOOST_AUTO_TEST_CASE(intensity_zero_never_restarts) {
  RestartPolicyOptions options;
  options.intensity = 0;
  BOOST_TEST((acts_at(options, {0s}).back() == Act::give_up));
}

BOOST_AUTO_TEST_CASE(backoff_doubles_with_jitter_up_to_its_maximum) {
  RestartPolicyOptions options;
  options.intensity = 100;
  options.period = 5s;
  options.backoff_min = 10ms;
  options.backoff_max = 100ms;
  RestartPolicy policy(options);
  RestartPolicy::History history;
  Random random(7);
  Duration expected = 10ms;
  for (int exit = 0; exit < 8; ++exit) {
    const auto decision =
        policy.on_exit(RestartType::permanent, false, history, at(exit * 1s), random);
    BOOST_TEST((decision.delay >= expected * 8 / 10));
    BOOST_TEST((decision.delay <= expected * 12 / 10));
    expected = std::min<Duration>(expected * 2, 100ms);
  }
}

BOOST_AUTO_TEST_CASE(backoff_starts_anew_after_a_quiet_period) {
  RestartPolicyOptions options;
  options.intensity = 100;
  RestartPolicy policy(options);
  RestartPolicy::History history;
  Random random(7);
  for (int exit = 0; exit < 5; ++exit) {
    (void)policy.on_exit(RestartType::permanent, false, history, at(exit * 1s), random);
  }
  const auto decision = policy.on_exit(RestartType::permanent, false, history, at(60s), random);
  BOOST_TEST((decision.delay <= options.backoff_min * 12 / 10));
}

}  // namespace
}  // namespace harka
