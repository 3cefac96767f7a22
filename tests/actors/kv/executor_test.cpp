// SPDX-License-Identifier: Apache-2.0
// Replies, errors and expiry of each data command. The texts are Redis 7.0's; tests/peers compares
// them with a real one.
#include "actors/kv/executor.hpp"

#include "base/limits.hpp"
#include "tests/actors/kv/map_view.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>
#include <vector>

using namespace harka;
using namespace harka::kv;

namespace harka::kv {

std::ostream& operator<<(std::ostream& out, CommandId id) {
  return out << find_command(id)->name;
}

}  // namespace harka::kv

namespace {

struct Fixture {
  MapView keys;
  WallTime now = 1'000'000;
  bool is_resp3 = false;

  std::string run(const std::vector<std::string_view>& words) {
    const CommandInfo* info = *words.begin() == "purge" ? find_command(CommandId::purge_expired)
                                                        : find_command(*words.begin());
    BOOST_REQUIRE(info != nullptr);
    std::string bytes;
    auto flags = static_cast<std::uint8_t>(is_resp3 ? encoded_flag::resp3 : 0);
    if (info->has(command_flag::write)) flags |= encoded_flag::may_write;
    CommandWriter(bytes).add(info->id, flags, words.data() + 1, words.size() - 1);
    CommandReader reader(bytes);
    BOOST_REQUIRE(reader.next());
    ReplyWriter replies;
    execute(reader.command(), keys, now, replies);
    BOOST_REQUIRE_EQUAL(replies.lengths().size(), 1U);
    BOOST_REQUIRE_EQUAL(replies.lengths()[0], replies.bytes().size());
    return replies.take_bytes();
  }
};

constexpr const char* ok = "+OK\r\n";
constexpr const char* null2 = "$-1\r\n";
constexpr const char* one = ":1\r\n";
constexpr const char* zero = ":0\r\n";
constexpr const char* no_integer = "-ERR value is not an integer or out of range\r\n";
constexpr const char* syntax = "-ERR syntax error\r\n";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(executor, Fixture)

BOOST_AUTO_TEST_CASE(get_returns_what_set_stored) {
  BOOST_TEST(run({"get", "k"}) == null2);
  BOOST_TEST(run({"set", "k", "value"}) == ok);
  BOOST_TEST(run({"get", "k"}) == "$5\r\nvalue\r\n");
  is_resp3 = true;
  BOOST_TEST(run({"get", "none"}) == "_\r\n");
}

BOOST_AUTO_TEST_CASE(set_nx_and_xx_look_first) {
  BOOST_TEST(run({"set", "k", "1", "XX"}) == null2);
  BOOST_TEST(run({"set", "k", "1", "NX"}) == ok);
  BOOST_TEST(run({"set", "k", "2", "NX"}) == null2);
  BOOST_TEST(run({"set", "k", "2", "NX", "GET"}) == "$1\r\n1\r\n");
  BOOST_TEST(run({"set", "k", "2", "xx", "get"}) == "$1\r\n1\r\n");
  BOOST_TEST(run({"get", "k"}) == "$1\r\n2\r\n");
}

BOOST_AUTO_TEST_CASE(set_refuses_options_that_contradict) {
  BOOST_TEST(run({"set", "k", "1", "NX", "XX"}) == syntax);
  BOOST_TEST(run({"set", "k", "1", "EX"}) == syntax);
  BOOST_TEST(run({"set", "k", "1", "EX", "1", "PX", "1"}) == syntax);
  BOOST_TEST(run({"set", "k", "1", "EX", "1", "KEEPTTL"}) == syntax);
  BOOST_TEST(run({"set", "k", "1", "PERSIST"}) == syntax);
  BOOST_TEST(run({"set", "k", "1", "EX", "1", "EX", "2"}) == ok);
}

BOOST_AUTO_TEST_CASE(set_refuses_times_that_are_not) {
  const char* bad = "-ERR invalid expire time in 'set' command\r\n";
  BOOST_TEST(run({"set", "k", "1", "EX", "0"}) == bad);
  BOOST_TEST(run({"set", "k", "1", "EX", "9223372036854775807"}) == bad);
  BOOST_TEST(run({"set", "k", "1", "PX", "9223372036854775807"}) == bad);
  BOOST_TEST(run({"set", "k", "1", "PX", "1.5"}) == no_integer);
  BOOST_TEST(run({"setex", "k", "-1", "v"}) == "-ERR invalid expire time in 'setex' command\r\n");
}

BOOST_AUTO_TEST_CASE(a_key_is_absent_from_the_moment_it_expires) {
  BOOST_TEST(run({"set", "k", "1", "PX", "100"}) == ok);
  now += 99;
  BOOST_TEST(run({"exists", "k"}) == one);
  BOOST_TEST(run({"pttl", "k"}) == one);
  now += 1;
  BOOST_TEST(run({"exists", "k"}) == zero);
  BOOST_TEST(run({"ttl", "k"}) == ":-2\r\n");
  BOOST_TEST(run({"del", "k"}) == zero);
  BOOST_TEST(run({"incr", "k"}) == one);
  BOOST_TEST(run({"ttl", "k"}) == ":-1\r\n");
}

BOOST_AUTO_TEST_CASE(a_set_in_the_past_leaves_no_key) {
  BOOST_TEST(run({"set", "k", "1"}) == ok);
  BOOST_TEST(run({"set", "k", "2", "PXAT", "5"}) == ok);
  BOOST_TEST(run({"get", "k"}) == null2);
  BOOST_TEST(keys.records.empty());
}

BOOST_AUTO_TEST_CASE(writes_drop_or_keep_the_time_to_live) {
  BOOST_TEST(run({"setex", "k", "100", "5"}) == ok);
  BOOST_TEST(run({"incrby", "k", "7"}) == ":12\r\n");
  BOOST_TEST(run({"append", "k", "3"}) == ":3\r\n");
  BOOST_TEST(run({"setrange", "k", "0", "9"}) == ":3\r\n");
  BOOST_TEST(run({"incrbyfloat", "k", "0.5"}) == "$5\r\n923.5\r\n");
  BOOST_TEST(run({"set", "k", "1", "KEEPTTL"}) == ok);
  BOOST_TEST(run({"ttl", "k"}) == ":100\r\n");
  BOOST_TEST(run({"getset", "k", "2"}) == "$1\r\n1\r\n");
  BOOST_TEST(run({"ttl", "k"}) == ":-1\r\n");
}

BOOST_AUTO_TEST_CASE(getex_changes_only_the_time_to_live) {
  BOOST_TEST(run({"getex", "k", "EX", "nonsense"}) == null2);
  BOOST_TEST(run({"set", "k", "v"}) == ok);
  BOOST_TEST(run({"getex", "k", "EX", "10"}) == "$1\r\nv\r\n");
  BOOST_TEST(run({"ttl", "k"}) == ":10\r\n");
  BOOST_TEST(run({"getex", "k", "PERSIST"}) == "$1\r\nv\r\n");
  BOOST_TEST(run({"ttl", "k"}) == ":-1\r\n");
  BOOST_TEST(run({"getex", "k", "EXAT", "1"}) == "$1\r\nv\r\n");
  BOOST_TEST(run({"exists", "k"}) == zero);
  BOOST_TEST(run({"getex", "k", "KEEPTTL"}) == syntax);
}

BOOST_AUTO_TEST_CASE(integers_are_strict_and_do_not_wrap) {
  for (const std::string_view bad :
       {"", " 1", "1 ", "+1", "01", "-0", "1e3", "9223372036854775808"}) {
    BOOST_TEST(run({"incrby", "k", bad}) == no_integer);
  }
  BOOST_TEST(run({"set", "k", "9223372036854775807"}) == ok);
  BOOST_TEST(run({"incr", "k"}) == "-ERR increment or decrement would overflow\r\n");
  BOOST_TEST(run({"decrby", "k", "-9223372036854775808"}) == "-ERR decrement would overflow\r\n");
  BOOST_TEST(run({"set", "k", "text"}) == ok);
  BOOST_TEST(run({"incr", "k"}) == no_integer);
}

BOOST_AUTO_TEST_CASE(floats_print_as_redis_prints_them) {
  BOOST_TEST(run({"incrbyfloat", "f", "3.0e3"}) == "$4\r\n3000\r\n");
  BOOST_TEST(run({"incrbyfloat", "f", "-3000"}) == "$1\r\n0\r\n");
  BOOST_TEST(run({"incrbyfloat", "f", "1.1"}) == "$3\r\n1.1\r\n");
  BOOST_TEST(run({"incrbyfloat", "f", "x"}) == "-ERR value is not a valid float\r\n");
  BOOST_TEST(
      run({"incrbyfloat", "f", "inf"}) == "-ERR increment would produce NaN or Infinity\r\n");
}

BOOST_AUTO_TEST_CASE(ranges_are_cut_to_the_value) {
  BOOST_TEST(run({"set", "k", "This is a string"}) == ok);
  BOOST_TEST(run({"getrange", "k", "0", "3"}) == "$4\r\nThis\r\n");
  BOOST_TEST(run({"getrange", "k", "-3", "-1"}) == "$3\r\ning\r\n");
  BOOST_TEST(run({"substr", "k", "10", "100"}) == "$6\r\nstring\r\n");
  BOOST_TEST(run({"getrange", "k", "-1", "-3"}) == "$0\r\n\r\n");
  BOOST_TEST(run({"getrange", "k", "-9223372036854775808", "9223372036854775807"}).size() == 23U);
  BOOST_TEST(run({"getrange", "none", "0", "x"}) == no_integer);
}

BOOST_AUTO_TEST_CASE(setrange_pads_with_zeros_and_knows_the_limit) {
  BOOST_TEST(run({"setrange", "k", "3", ""}) == zero);
  BOOST_TEST(run({"setrange", "k", "3", "x"}) == ":4\r\n");
  BOOST_TEST(run({"get", "k"}) == std::string("$4\r\n\0\0\0x\r\n", 10));
  BOOST_TEST(run({"setrange", "k", "-1", "x"}) == "-ERR offset is out of range\r\n");
  BOOST_TEST(
      run({"setrange", "k", "9223372036854775807", "x"}) ==
      "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n");
}

BOOST_AUTO_TEST_CASE(expire_options_compare_with_the_current_time) {
  BOOST_TEST(run({"expire", "k", "10"}) == zero);
  BOOST_TEST(run({"set", "k", "v"}) == ok);
  BOOST_TEST(run({"expire", "k", "10", "XX"}) == zero);
  BOOST_TEST(run({"expire", "k", "10", "GT"}) == zero);
  BOOST_TEST(run({"expire", "k", "10", "LT"}) == one);
  BOOST_TEST(run({"expire", "k", "20", "NX"}) == zero);
  BOOST_TEST(run({"expire", "k", "20", "gt"}) == one);
  BOOST_TEST(run({"expireat", "k", "1020"}) == one);
  BOOST_TEST(run({"expiretime", "k"}) == ":1020\r\n");
  BOOST_TEST(run({"persist", "k"}) == one);
  BOOST_TEST(run({"persist", "k"}) == zero);
  BOOST_TEST(run({"expire", "k", "-1"}) == one);
  BOOST_TEST(run({"exists", "k"}) == zero);
}

BOOST_AUTO_TEST_CASE(expire_errors_are_redis_own) {
  BOOST_TEST(run({"expire", "k", "1", "AB"}) == "-ERR Unsupported option AB\r\n");
  BOOST_TEST(
      run({"expire", "k", "1", "NX", "GT"}) ==
      "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n");
  BOOST_TEST(
      run({"expire", "k", "1", "GT", "LT"}) ==
      "-ERR GT and LT options at the same time are not compatible\r\n");
  BOOST_TEST(
      run({"pexpire", "k", "9223372036854775807"}) ==
      "-ERR invalid expire time in 'pexpire' command\r\n");
}

BOOST_AUTO_TEST_CASE(ttl_rounds_to_the_nearest_second) {
  BOOST_TEST(run({"psetex", "k", "1499", "v"}) == ok);
  BOOST_TEST(run({"ttl", "k"}) == one);
  now -= 1;
  BOOST_TEST(run({"ttl", "k"}) == ":2\r\n");
}

BOOST_AUTO_TEST_CASE(many_keys_at_once) {
  BOOST_TEST(run({"mset", "a", "1", "b", "2"}) == ok);
  BOOST_TEST(run({"mget", "a", "x", "b"}) == "*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n");
  BOOST_TEST(run({"msetnx", "c", "1", "b", "2"}) == zero);
  BOOST_TEST(run({"exists", "a", "a", "c"}) == ":2\r\n");
  BOOST_TEST(run({"unlink", "a", "a", "b"}) == ":2\r\n");
  BOOST_TEST(
      run({"mset", "a", "1", "b"}) == "-ERR wrong number of arguments for 'mset' command\r\n");
}

BOOST_DATA_TEST_CASE(
    a_batch_cannot_ask_for_replies_without_bound,
    boost::unit_test::data::make({CommandId::get, CommandId::getex, CommandId::set})) {
  keys.put("k", Record{SharedBytes(std::string(10'000'000, 'v')), 0});
  std::string bytes;
  const std::string_view words[] = {"k", "v", "NX", "GET"};
  const std::size_t count = sample == CommandId::set ? 4 : 1;
  for (int i = 0; i < 20; ++i) CommandWriter(bytes).add(sample, 0, words, count);
  CommandReader reader(bytes);
  ReplyWriter replies;
  while (reader.next()) execute(reader.command(), keys, now, replies);
  BOOST_TEST(replies.lengths().size() == 20U);
  BOOST_TEST(replies.bytes().size() < 80'000'000U);
  BOOST_TEST(replies.bytes().find("-TRYAGAIN ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_batch_cannot_let_keys_grow_by_much_more_than_it_brings) {
  std::string bytes;
  for (int i = 0; i < 20; ++i) {
    const std::string key = "k" + std::to_string(i);
    const std::string_view words[] = {key, "9999999", "x"};
    CommandWriter(bytes).add(CommandId::setrange, 0, words, 3);
  }
  const std::string_view first[] = {"k0"};
  CommandWriter(bytes).add(CommandId::del, 0, first, 1);
  CommandReader reader(bytes);
  ReplyWriter replies;
  while (reader.next()) execute(reader.command(), keys, now, replies);
  BOOST_TEST(keys.records.size() < 8U);
  BOOST_TEST(replies.bytes().find("-TRYAGAIN ") != std::string::npos);
  BOOST_TEST(replies.bytes().ends_with(one));  // what makes room is not refused
}

BOOST_AUTO_TEST_CASE(a_large_value_may_be_appended_to_often) {
  keys.put("k", Record{SharedBytes(std::string(10'000'000, 'v')), 0});
  std::string bytes;
  const std::string_view words[] = {"k", "x"};
  for (int i = 0; i < 20; ++i) CommandWriter(bytes).add(CommandId::append, 0, words, 2);
  CommandReader reader(bytes);
  ReplyWriter replies;
  while (reader.next()) execute(reader.command(), keys, now, replies);
  BOOST_TEST(replies.bytes().ends_with(":10000020\r\n"));
}

BOOST_AUTO_TEST_CASE(what_replies_shortly_works_behind_long_replies) {
  keys.put("k", Record{SharedBytes(std::string(10'000'000, 'v')), 0});
  std::string bytes;
  const std::string_view words[] = {"k", "v"};
  for (int i = 0; i < 10; ++i) CommandWriter(bytes).add(CommandId::get, 0, words, 1);
  CommandWriter(bytes).add(CommandId::set, 0, words, 2);
  CommandReader reader(bytes);
  ReplyWriter replies;
  while (reader.next()) execute(reader.command(), keys, now, replies);
  BOOST_TEST(replies.bytes().ends_with(ok));
}

BOOST_AUTO_TEST_CASE(purge_removes_only_what_is_expired_still) {
  BOOST_TEST(run({"psetex", "old", "10", "v"}) == ok);
  BOOST_TEST(run({"psetex", "young", "1000", "v"}) == ok);
  now += 100;
  BOOST_TEST(run({"purge", "old", "young", "none"}) == one);
  BOOST_TEST(keys.records.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_large_key_that_is_named_again_and_again_is_not_read_as_often) {
  keys.put("k", Record{SharedBytes(std::string(limits::value_bytes_max, 'v')), 0});
  std::vector<std::string_view> words(1001, "k");
  words[0] = "mget";
  BOOST_TEST(run(words) == "-ERR the reply would exceed the largest allowed size\r\n");
  BOOST_TEST(keys.find_count <= 2U);
  keys.find_count = 0;
  words[0] = "exists";
  BOOST_TEST(run(words) == ":1000\r\n");
  BOOST_TEST(keys.find_count + keys.look_count == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
