// SPDX-License-Identifier: Apache-2.0
// A seed that is printed today must replay the same run on any machine and in any later version.
#include "base/random.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

namespace harka {
namespace {

/// The reference outputs of splitmix64 for seed 1234567 (Vigna).
BOOST_AUTO_TEST_CASE(numbers_are_splitmix64s) {
  Random random(1234567);
  const std::array<std::uint64_t, 5> golden{
      6457827717110365317ULL,
      3203168211198807973ULL,
      9817491932198370423ULL,
      4593380528125082431ULL,
      16408922859458223821ULL};
  for (const std::uint64_t expected : golden) BOOST_TEST(random.next() == expected);
}

BOOST_AUTO_TEST_CASE(below_stays_below) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) BOOST_TEST_REQUIRE(random.below(7) < 7U);
  BOOST_CHECK_THROW((void)random.below(0), Bug);
}

BOOST_AUTO_TEST_CASE(between_includes_both_ends) {
  Random random(2);
  bool low = false;
  bool high = false;
  for (int i = 0; i < 1000; ++i) {
    const Duration drawn = random.between(Duration(3), Duration(5));
    BOOST_TEST_REQUIRE((drawn >= Duration(3) && drawn <= Duration(5)));
    low |= drawn == Duration(3);
    high |= drawn == Duration(5);
  }
  BOOST_TEST((low && high));
}

BOOST_AUTO_TEST_CASE(chance_keeps_its_promise) {
  Random random(3);
  int hits = 0;
  for (int i = 0; i < 10'000; ++i) hits += random.chance(0.25) ? 1 : 0;
  BOOST_TEST((hits > 2300 && hits < 2700));
  BOOST_TEST(!random.chance(0.0));
  BOOST_TEST(random.chance(1.0));
}

BOOST_AUTO_TEST_CASE(forks_are_independent_of_later_draws) {
  const Random parent(4);
  Random first = parent.fork(1);
  Random again = parent.fork(1);
  Random other = parent.fork(2);
  const std::uint64_t drawn = first.next();
  BOOST_TEST(drawn == again.next());
  BOOST_TEST(drawn != other.next());
}

}  // namespace
}  // namespace harka
