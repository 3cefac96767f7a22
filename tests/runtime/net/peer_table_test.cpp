// SPDX-License-Identifier: Apache-2.0
// Places for peers: bounded, found without a lock, and used again.
#include "runtime/net/peer_table.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>

using namespace harka;
using namespace harka::net;

namespace {

Route* add(PeerTable& table, std::uint64_t node) {
  return table.add(NodeId{node}, 1, 1);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(peer_table)

BOOST_AUTO_TEST_CASE(a_place_that_was_given_up_is_used_again) {
  const auto table = std::make_unique<PeerTable>(3);
  for (std::uint64_t node = 1; node <= 3; ++node) BOOST_TEST(add(*table, node) != nullptr);
  Route* const kept = table->find(NodeId{2});
  BOOST_TEST(add(*table, 2) == kept);
  BOOST_TEST(add(*table, 4) == nullptr);
  table->retire(NodeId{2});
  table->retire(NodeId{2});
  BOOST_TEST(table->find(NodeId{2}) == nullptr);
  BOOST_TEST(kept->node.value == 2U, "a sender may still hold it");
  BOOST_TEST(add(*table, 4) != nullptr);
  BOOST_TEST(add(*table, 5) == nullptr);
  for (const std::uint64_t node : {1U, 3U, 4U}) {
    BOOST_REQUIRE(table->find(NodeId{node}) != nullptr);
    BOOST_TEST(table->find(NodeId{node})->node.value == node);
  }
}

BOOST_AUTO_TEST_CASE(nodes_may_come_and_go_for_ever) {
  const auto table = std::make_unique<PeerTable>(8);
  for (std::uint64_t node = 1; node <= 20'000; ++node) {
    if (node > 8) table->retire(NodeId{node - 8});
    BOOST_REQUIRE(add(*table, node) != nullptr);
  }
  for (std::uint64_t node = 19'993; node <= 20'000; ++node) {
    BOOST_TEST(table->find(NodeId{node}) != nullptr);
  }
  BOOST_TEST(table->find(NodeId{19'992}) == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
