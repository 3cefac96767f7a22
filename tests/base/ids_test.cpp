// SPDX-License-Identifier: Apache-2.0
#include "base/ids.hpp"

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
