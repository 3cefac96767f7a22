// SPDX-License-Identifier: Apache-2.0
// Keys of every length that clients may choose, in an engine whose library knows only short ones.
#include "storage/lmdb/long_key.hpp"

#include "base/limits.hpp"
#include "tests/storage/engine_fixture.hpp"

#include <boost/test/data/test_case.hpp>

namespace bdata = boost::unit_test::data;

using namespace harka;
using storage::Engine;
using testing::flush_of;
using testing::Folder;
using testing::open_engine;
using testing::value_of;
using testing::write;

namespace {

std::vector<std::string> keys_from(const Engine& engine, const std::string& from) {
  std::vector<std::string> keys;
  engine.scan(GroupId{1}, from, [&](std::string_view key, std::string_view) {
    keys.emplace_back(key);
    return true;
  });
  return keys;
}

/// Around the bound of the library, and three keys that it could not tell apart.
std::map<std::string, std::string> keys_of_all_lengths() {
  std::map<std::string, std::string> all;
  for (const std::size_t length : {1, 510, 511, 512, 513, 2000}) {
    all[std::string(length, 'k')] = "value of " + std::to_string(length);
  }
  all[std::string(511, 'k') + "a"] = "a";
  all[std::string(511, 'k') + "z"] = "z";
  all["l"] = "behind them";
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(long_key)

BOOST_DATA_TEST_CASE(
    a_key_of_any_length_is_kept,
    bdata::make({1UL, 510UL, 511UL, 512UL, limits::key_bytes_max + 6}),
    length) {
  const Folder folder;
  const std::string key(length, 'k');
  {
    const auto engine = open_engine(folder);
    write(*engine, flush_of(1, 1, {{key, "value"}}));
    BOOST_TEST(value_of(*engine, 1, key) == "value");
    BOOST_TEST(value_of(*engine, 1, key + "x") == "(absent)");
  }
  const auto engine = open_engine(folder);
  BOOST_TEST(value_of(*engine, 1, key) == "value");
  write(*engine, flush_of(1, 2, {{key, ""}}));
  BOOST_TEST(value_of(*engine, 1, key) == "(absent)");
  BOOST_TEST(engine->count(GroupId{1}) == 0U);
}

BOOST_AUTO_TEST_CASE(long_keys_that_begin_alike_are_different_keys) {
  const Folder folder;
  const auto engine = open_engine(folder);
  const auto all = keys_of_all_lengths();
  write(*engine, flush_of(1, 1, all));
  for (const auto& [key, value] : all) BOOST_TEST(value_of(*engine, 1, key) == value);
  const std::string one = std::string(511, 'k') + "a";
  write(*engine, flush_of(1, 2, {{one, ""}, {std::string(512, 'k'), "changed"}}));
  BOOST_TEST(value_of(*engine, 1, one) == "(absent)");
  BOOST_TEST(value_of(*engine, 1, std::string(512, 'k')) == "changed");
  BOOST_TEST(value_of(*engine, 1, std::string(513, 'k')) == "value of 513");
}

BOOST_AUTO_TEST_CASE(a_scan_meets_long_keys_in_their_order) {
  const Folder folder;
  const auto engine = open_engine(folder);
  const auto all = keys_of_all_lengths();
  write(*engine, flush_of(1, 1, all));
  for (const auto& [from, unused] : all) {
    std::vector<std::string> expected;
    for (auto key = all.find(from); key != all.end(); ++key) expected.push_back(key->first);
    BOOST_TEST(keys_from(*engine, from) == expected);
  }
}

BOOST_AUTO_TEST_CASE(a_snapshot_carries_long_keys_also_where_a_part_ends_between_them) {
  const Folder folder;
  const Folder other;
  const auto from = open_engine(folder);
  std::map<std::string, std::string> all = keys_of_all_lengths();
  for (char last = 'b'; last < 'h'; ++last) {
    all[std::string(511, 'k') + last] = std::string(100'000, last);  // more than one part's worth
  }
  write(*from, flush_of(1, 1, all));
  const auto to = open_engine(other);
  BOOST_TEST(testing::install_all(*from->snapshot(GroupId{1}), *to, 1) > 1U);
  for (const auto& [key, value] : all) BOOST_TEST(value_of(*to, 1, key) == value);
  BOOST_TEST(keys_from(*to, "").size() == all.size());
}

BOOST_AUTO_TEST_SUITE_END()
