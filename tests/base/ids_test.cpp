// SPDX-License-Identifier: Apache-2.0
#include "base/ids.hpp"

#include "base/node_id.hpp"

#include <boost/test/unit_test.hpp>

#include <type_traits>

namespace harka {
namespace {

static_assert(
    !std::is_convertible_v<std::uint64_t, NodeId>, "numbers must not become ids silently");
static_assert(!std::is_convertible_v<NodeId, Epoch>, "ids of two kinds must not mix");

BOOST_AUTO_TEST_CASE(zero_is_no_node) {
  BOOST_TEST(NodeId().is_none());
  BOOST_TEST(!NodeId(1).is_none());
}

// FNV-1a's published values: nodes of every version must agree on whose id is whose.
static_assert(node_id_of("a") == NodeId(0xaf63dc4c8601ec8cULL));
static_assert(node_id_of("foobar") == NodeId(0x85944171f73967e8ULL));

BOOST_AUTO_TEST_CASE(shards_and_groups_map_onto_each_other) {
  BOOST_TEST((group_of(ShardId(0)) == GroupId(1)));
  BOOST_TEST((shard_of(group_of(ShardId(99))) == ShardId(99)));
  BOOST_TEST((group_of(ShardId(0)) != meta_group));
}

BOOST_AUTO_TEST_CASE(ids_are_ordered_and_hashable) {
  BOOST_TEST((NodeId(1) < NodeId(2)));
  BOOST_TEST((std::hash<NodeId>{}(NodeId(7)) == std::hash<NodeId>{}(NodeId(7))));
}

}  // namespace
}  // namespace harka
