// SPDX-License-Identifier: Apache-2.0
// What a shard's state costs, over an engine that counts.
#include "actors/kv/shard_state.hpp"

#include "actors/kv/executor.hpp"
#include "tests/actors/kv/counting_engine.hpp"

#include <string>
#include <vector>

using namespace harka;
using namespace harka::kv;

namespace {

constexpr GroupId group{1};

struct Fixture {
  testing::CountingEngine engine;
  ShardState state{group, engine};
  LogIndex index = 0;

  void put(const std::string& key, const std::string& value, WallTime expire_at = 0) {
    state.put(key, Record{SharedBytes(value), expire_at});
  }

  void begin_flush() {
    flush_ = {};
    flush_.group = group.value;
    flush_.applied_index = ++index;
    flush_.writes = state.begin_flush();
  }

  void write_flush() { testing::write(engine, flush_); }

  void flush() {
    begin_flush();
    write_flush();
    state.flush_finished();
  }

  std::string run(CommandId id, const std::vector<std::string_view>& arguments) {
    std::string encoded;
    CommandWriter(encoded).add(id, 0, arguments.data(), arguments.size());
    CommandReader reader(encoded);
    BOOST_REQUIRE(reader.next());
    ReplyWriter replies;
    execute(reader.command(), state, 1000, replies);
    return std::string(replies.bytes());
  }

 private:
  msg::FlushState flush_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(shard_state)

BOOST_FIXTURE_TEST_CASE(what_needs_no_value_copies_none, Fixture) {
  const std::string large(1U << 20, 'v');
  put("k", large, 9000);
  flush();
  BOOST_TEST(run(CommandId::strlen, {"k"}) == ":1048576\r\n");
  BOOST_TEST(run(CommandId::pttl, {"k"}) == ":8000\r\n");
  BOOST_TEST(run(CommandId::type, {"k"}) == "+string\r\n");
  BOOST_TEST(run(CommandId::exists, {"k", "k", "none"}) == ":2\r\n");
  BOOST_TEST(run(CommandId::setnx, {"k", "x"}) == ":0\r\n");
  BOOST_TEST(run(CommandId::set, {"k", "x", "nx"}) == "$-1\r\n");
  BOOST_TEST(engine.bytes_copied == 0U);
  BOOST_TEST(run(CommandId::append, {"k", "+"}) == ":1048577\r\n");
  BOOST_TEST(engine.bytes_copied == 0U, "it goes from the engine to the overlay");
  BOOST_TEST((state.find("k") == Record{SharedBytes(large + "+"), 9000}));
  BOOST_TEST(run(CommandId::append, {"k", "-"}) == ":1048578\r\n");
  BOOST_TEST((state.find("k") == Record{SharedBytes(large + "+-"), 9000}));
  BOOST_TEST(run(CommandId::del, {"k"}) == ":1\r\n");
  BOOST_TEST(run(CommandId::append, {"k", "new"}) == ":3\r\n");
  BOOST_TEST((state.find("k") == Record{SharedBytes(std::string("new")), 0}));
  BOOST_TEST(engine.bytes_copied == 0U);
}

BOOST_FIXTURE_TEST_CASE(an_append_to_what_is_being_flushed_changes_only_the_newer_layer, Fixture) {
  put("k", "one");
  begin_flush();
  state.append("k", "two");
  write_flush();
  BOOST_TEST(testing::value_of(engine, group.value, stored_key("k")).ends_with("one"));
  state.flush_finished();
  BOOST_TEST((state.find("k") == Record{SharedBytes(std::string("onetwo")), 0}));
}

BOOST_AUTO_TEST_SUITE_END()
