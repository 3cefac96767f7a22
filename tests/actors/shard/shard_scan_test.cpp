// SPDX-License-Identifier: Apache-2.0
// Pages of a shard's keys, over what is in the engine and what was applied since.
#include "actors/shard/shard_scan.hpp"

#include "tests/actors/shard/shard_fixture.hpp"

#include <set>

using namespace harka;
using kv::CommandId;

namespace {

struct Page {
  std::string next;
  std::vector<std::string> keys;
};

struct Fixture : testing::AloneFixture {
  std::uint64_t sequence = 0;

  void set(const std::string& key) {
    with(CommandId::set, {key, "v"}).submit(++sequence);
    expect("+OK\r\n");
  }

  Page page(const std::string& from, const std::string& count) {
    with(CommandId::scan, {from, count}).submit(++sequence);
    const msg::ShardReply got = reply();
    std::string_view rest = got.replies.view();
    const auto line = [&rest] {
      const std::size_t end = rest.find("\r\n");
      BOOST_REQUIRE(end != std::string_view::npos);
      const std::string text(rest.substr(0, end));
      rest.remove_prefix(end + 2);
      return text;
    };
    BOOST_TEST(line() == "*2");
    (void)line();
    Page made;
    made.next = line();
    for (int left = std::stoi(line().substr(1)); left > 0; --left) {
      (void)line();
      made.keys.push_back(line());
    }
    return made;
  }

  std::multiset<std::string> walk(const std::string& count) {
    std::multiset<std::string> keys;
    std::string from = "0";
    for (int pages = 0; pages < 1000; ++pages) {
      const Page got = page(from, count);
      keys.insert(got.keys.begin(), got.keys.end());
      from = got.next;
      if (from == "0") return keys;
    }
    BOOST_FAIL("the walk does not end");
    return keys;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(shard_scan)

BOOST_FIXTURE_TEST_CASE(a_walk_meets_each_key_once_wherever_it_lies, Fixture) {
  std::multiset<std::string> expected;
  for (int i = 0; i < 40; ++i) set("old" + std::to_string(i));
  host.pass(3s);  // into the engine
  for (int i = 0; i < 40; ++i) {
    if (i % 4 == 0) {
      with(CommandId::del, {"old" + std::to_string(i)}).submit(++sequence);
      expect(":1\r\n");
    } else {
      if (i % 4 == 1) set("old" + std::to_string(i));
      expected.insert("old" + std::to_string(i));
    }
    set("new" + std::to_string(i));
    expected.insert("new" + std::to_string(i));
  }
  for (const char* count : {"1", "7", "1000"}) BOOST_TEST((walk(count) == expected));
  with(CommandId::dbsize, {}).submit(++sequence);
  this->expect(":70\r\n");
}

BOOST_FIXTURE_TEST_CASE(many_new_keys_are_counted_in_steps, Fixture) {
  std::vector<std::string> keys;
  for (int i = 0; i < 2500; ++i) keys.push_back("k" + std::to_string(i));
  std::vector<std::string_view> words;
  for (const std::string& key : keys) words.insert(words.end(), {key, "v"});
  with(CommandId::mset, words).submit(++sequence);
  expect("+OK\r\n");
  for (const char* count : {":-1\r\n", ":-1\r\n", ":2500\r\n"}) {
    with(CommandId::dbsize, {}).submit(++sequence);
    expect(count);
  }
}

BOOST_FIXTURE_TEST_CASE(expired_keys_are_left_out, Fixture) {
  set("stays");
  with(CommandId::psetex, {"goes", "100", "v"}).submit(++sequence);
  expect("+OK\r\n");
  host.advance(100ms);
  BOOST_TEST((walk("10") == std::multiset<std::string>{"stays"}));
}

BOOST_FIXTURE_TEST_CASE(long_keys_end_a_page_early, Fixture) {
  std::multiset<std::string> expected;
  for (int i = 0; i < 40; ++i) {
    expected.insert(std::to_string(i) + std::string(60'000, 'k'));
  }
  for (const std::string& key : expected) set(key);
  const Page first = page("0", "1000");
  BOOST_TEST(first.keys.size() < 20U);
  BOOST_TEST(first.next != "0");
  BOOST_TEST((walk("1000") == expected));
}

BOOST_AUTO_TEST_SUITE_END()
