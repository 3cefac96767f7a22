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
    flush_.writes = state.begin_flush(index);
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

BOOST_FIXTURE_TEST_CASE(the_keys_are_counted_in_steps_and_looked_up_once, Fixture) {
  for (int i = 0; i < 100; ++i) put("stored" + std::to_string(i), "v");
  flush();
  for (int i = 50; i < 100; ++i) put("stored" + std::to_string(i), "w");
  for (int i = 0; i < 200; ++i) put("new" + std::to_string(i), "v");
  BOOST_TEST(!state.count(100).has_value());
  BOOST_TEST(engine.contains_count == 100U);
  BOOST_TEST(!state.count(100).has_value());
  BOOST_TEST((state.count(100) == 300U));
  BOOST_TEST((state.count(0) == 300U));
  BOOST_TEST(engine.contains_count == 250U);
  BOOST_TEST(state.remove("new0"));
  put("one more", "v");
  put("new1", "again");
  engine.contains_count = 0;
  BOOST_TEST((state.count(1) == 300U));
  BOOST_TEST(engine.contains_count == 1U);
}

BOOST_FIXTURE_TEST_CASE(the_count_holds_through_a_flush, Fixture) {
  const auto is_counted = [this](std::uint64_t keys) {
    for (int i = 0; i < 10; ++i) {
      if (const auto count = state.count(2)) return *count == keys;
    }
    return false;
  };
  put("a", "v");
  put("b", "v");
  flush();
  BOOST_TEST(state.remove("a"));
  put("c", "v");
  put("b", "w");
  BOOST_TEST(is_counted(2));
  begin_flush();
  BOOST_TEST(is_counted(2));
  put("a", "v");                  // removed by what is being flushed
  BOOST_TEST(state.remove("c"));  // put by it
  put("b", "x");
  put("d", "v");
  BOOST_TEST(is_counted(3));
  write_flush();
  BOOST_TEST(is_counted(3));
  BOOST_TEST(state.remove("d"));
  put("e", "v");
  BOOST_TEST(is_counted(3));
  state.flush_finished();
  BOOST_TEST(is_counted(3));
  flush();
  BOOST_TEST(is_counted(3));
  BOOST_TEST((state.count(0) == 3U));
}

BOOST_FIXTURE_TEST_CASE(scans_merge_both_layers_with_the_engine, Fixture) {
  for (int i = 0; i < 90; ++i) put("k" + std::to_string(i), "1");
  flush();
  for (int i = 0; i < 90; i += 3) put("k" + std::to_string(i), "2");
  begin_flush();
  for (int i = 0; i < 90; i += 2) put("k" + std::to_string(i), "3");
  for (int i = 0; i < 90; i += 5) (void)state.remove("k" + std::to_string(i));
  for (const bool is_written : {false, true}) {
    if (is_written) write_flush();
    std::uint64_t last = 0;
    std::size_t count = 0;
    state.scan(0, [&](std::uint64_t hash, std::string_view key, const RecordView& record) {
      BOOST_TEST(hash >= last);
      last = hash;
      ++count;
      const int i = std::stoi(std::string(key.substr(1)));
      BOOST_TEST(i % 5 != 0);
      BOOST_TEST(record.value == (i % 2 == 0 ? "3" : i % 3 == 0 ? "2" : "1"));
      return true;
    });
    BOOST_TEST(count == 72U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
