// SPDX-License-Identifier: Apache-2.0
// Spread, balance and determinism of the first placement.
#include "cluster/placement.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace harka;

namespace {

std::vector<msg::NodeRecord> nodes(int regions, int per_region) {
  std::vector<msg::NodeRecord> made;
  for (int r = 0; r < regions; ++r) {
    for (int n = 0; n < per_region; ++n) {
      msg::NodeRecord node;
      node.node = 1000 + static_cast<std::uint64_t>(r * 10 + n);
      node.region = "region-" + std::to_string(r);
      made.push_back(node);
    }
  }
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(placement)

BOOST_AUTO_TEST_CASE(replicas_of_a_shard_stand_in_different_regions) {
  const auto all = nodes(3, 3);
  const auto records = place_shards({all, 100, 3});
  BOOST_REQUIRE(records.ok());
  for (const msg::ShardRecord& record : records.value()) {
    std::set<std::uint64_t> regions;
    for (const std::uint64_t node : record.replicas) regions.insert((node - 1000) / 10);
    BOOST_TEST(regions.size() == 3U);
  }
}

BOOST_AUTO_TEST_CASE(replicas_and_leaders_are_balanced) {
  const auto records = place_shards({nodes(3, 3), 100, 3});
  BOOST_REQUIRE(records.ok());
  std::map<std::uint64_t, int> replicas;
  std::map<std::uint64_t, int> leaders;
  for (const msg::ShardRecord& record : records.value()) {
    for (const std::uint64_t node : record.replicas) ++replicas[node];
    ++leaders[record.replicas.front()];
  }
  BOOST_TEST(replicas.size() == 9U);
  for (const auto& [node, count] : replicas) BOOST_TEST((count == 33 || count == 34));
  for (const auto& [node, count] : leaders) BOOST_TEST((count >= 10 && count <= 13));
}

BOOST_AUTO_TEST_CASE(the_order_of_the_nodes_does_not_matter) {
  auto all = nodes(3, 2);
  const auto first = place_shards({all, 50, 3});
  std::reverse(all.begin(), all.end());
  const auto second = place_shards({all, 50, 3});
  BOOST_TEST((first.value() == second.value()));
}

BOOST_AUTO_TEST_CASE(fewer_nodes_than_the_factor_lower_it) {
  const auto records = place_shards({nodes(1, 2), 4, 3});
  BOOST_REQUIRE(records.ok());
  for (const auto& record : records.value()) BOOST_TEST(record.replicas.size() == 2U);
}

BOOST_AUTO_TEST_CASE(impossible_requests_are_refused) {
  BOOST_TEST(!place_shards({{}, 4, 3}).ok());
  BOOST_TEST(!place_shards({nodes(1, 1), 0, 3}).ok());
  BOOST_TEST(!place_shards({nodes(1, 1), 100'000, 3}).ok());
  BOOST_TEST(!place_shards({nodes(1, 1), 4, 0}).ok());
}

BOOST_AUTO_TEST_CASE(the_meta_group_is_odd_and_spread) {
  BOOST_TEST(place_meta({}).empty());
  BOOST_TEST(place_meta(nodes(1, 1)).size() == 1U);
  BOOST_TEST(place_meta(nodes(1, 2)).size() == 1U);
  BOOST_TEST(place_meta(nodes(3, 1)).size() == 3U);
  const auto five = place_meta(nodes(3, 3));
  std::set<std::uint64_t> regions;
  for (const std::uint64_t node : five) regions.insert((node - 1000) / 10);
  BOOST_TEST(five.size() == 5U);
  BOOST_TEST(regions.size() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
