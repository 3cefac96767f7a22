// SPDX-License-Identifier: Apache-2.0
// Slots as the Redis Cluster specification has them, and ranges that cover all of them once.
#include "cluster/routing/slots.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;
using namespace harka::routing;

BOOST_AUTO_TEST_SUITE(slots)

BOOST_AUTO_TEST_CASE(crc16_is_the_specifications) {
  BOOST_TEST(crc16("123456789") == 0x31C3);  // the check value of CRC16/XMODEM
  BOOST_TEST(slot_of("foo") == 12182);       // redis-cli CLUSTER KEYSLOT foo
  BOOST_TEST(slot_of("") == 0);
}

BOOST_AUTO_TEST_CASE(only_a_filled_hash_tag_is_hashed) {
  BOOST_TEST(slot_of("{user1000}.following") == slot_of("user1000"));
  BOOST_TEST(slot_of("foo{{bar}}zap") == slot_of("{bar"));
  BOOST_TEST(slot_of("foo{bar}{zap}") == slot_of("bar"));
  BOOST_TEST(slot_of("foo{}{bar}") == crc16("foo{}{bar}") % 16384);
  BOOST_TEST(slot_of("foo{bar") == crc16("foo{bar") % 16384);
}

BOOST_AUTO_TEST_CASE(every_slot_belongs_to_exactly_one_shard) {
  for (const std::uint32_t count : {1U, 2U, 3U, 7U, 100U, 1000U, 1024U}) {
    std::uint32_t next = 0;
    for (std::uint32_t shard = 0; shard < count; ++shard) {
      const SlotRange range = slots_of(ShardId{shard}, count);
      BOOST_REQUIRE_EQUAL(range.first, next);
      for (std::uint32_t slot = range.first; slot < range.end; ++slot) {
        BOOST_REQUIRE(shard_of_slot(static_cast<Slot>(slot), count) == ShardId{shard});
      }
      next = range.end;
    }
    BOOST_REQUIRE_EQUAL(next, limits::slot_count);
  }
}

BOOST_AUTO_TEST_SUITE_END()
