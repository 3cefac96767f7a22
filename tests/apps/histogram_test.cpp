// SPDX-License-Identifier: Apache-2.0
#include "apps/bench/histogram.hpp"

#include "base/random.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

namespace harka::apps {

BOOST_AUTO_TEST_SUITE(histogram)

BOOST_AUTO_TEST_CASE(nothing_has_no_latencies) {
  const Histogram empty;
  BOOST_TEST(empty.count() == 0U);
  BOOST_TEST(empty.percentile_ms(0.5) == 0);
  BOOST_TEST(empty.max_ms() == 0);
}

BOOST_AUTO_TEST_CASE(percentiles_are_those_of_a_sorted_list_within_two_percent) {
  Random random(7);
  Histogram counted;
  std::vector<std::int64_t> sorted;
  for (int i = 0; i < 20'000; ++i) {
    const auto nanos = static_cast<std::int64_t>(random.below(1ULL << random.below(40)));
    counted.add(Duration(nanos));
    sorted.push_back(nanos);
  }
  std::sort(sorted.begin(), sorted.end());
  for (const double ratio : {0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(ratio * 20'000) - 1;
    const double exact = static_cast<double>(sorted[rank]) / 1e6;
    const double found = counted.percentile_ms(ratio);
    BOOST_TEST(found >= exact, "p" << ratio << ": " << found << " < " << exact);
    BOOST_TEST(found <= exact * 1.02 + 1e-6, "p" << ratio << ": " << found << " > " << exact);
  }
  BOOST_TEST(counted.percentile_ms(1.0) == counted.max_ms());
}

BOOST_AUTO_TEST_CASE(two_histograms_add_up) {
  Histogram all;
  Histogram first;
  Histogram second;
  for (int i = 1; i <= 1000; ++i) {
    all.add(std::chrono::microseconds(i * i));
    (i % 3 == 0 ? first : second).add(std::chrono::microseconds(i * i));
  }
  first.merge(second);
  BOOST_TEST(first.count() == all.count());
  for (const double ratio : {0.25, 0.5, 0.99}) {
    BOOST_TEST(first.percentile_ms(ratio) == all.percentile_ms(ratio));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace harka::apps
