// SPDX-License-Identifier: Apache-2.0
// The overlay beside a map that is told the same, and what its entries share with those who keep
// them longer.
#include "actors/kv/overlay.hpp"

#include "base/random.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace harka;
using namespace harka::kv;

namespace {

struct Fixture {
  Overlay overlay;

  void set(const std::string& key, const std::string& value, WallTime expire_at = 0) {
    overlay.set(key, hash48(key), Record{SharedBytes(value), expire_at});
  }

  std::vector<std::string> sorted_from(std::uint64_t from) const {
    std::vector<std::string> keys;
    for (Overlay::Cursor at(overlay, from); at.get() != nullptr; at.next()) {
      keys.emplace_back(at.get()->key());
    }
    return keys;
  }

  std::optional<std::string> get(const std::string& key) const {
    const Overlay::Entry* entry = overlay.find(key, hash48(key));
    if (entry == nullptr || entry->is_removed()) return std::nullopt;
    return std::string(entry->record()->value.view());
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(overlay, Fixture)

BOOST_AUTO_TEST_CASE(agrees_with_a_map_under_random_writes) {
  std::map<std::string, std::optional<std::string>> model;
  Random random(7);
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "key:" + std::to_string(random.below(3000));
    if (random.chance(0.2)) {
      overlay.set_removed(key, hash48(key));
      model[key] = std::nullopt;
    } else {
      const std::string value(
          random.below(i % 100 == 0 ? 40'000 : 200), static_cast<char>('a' + i % 26));
      set(key, value);
      model[key] = value;
    }
  }
  for (const auto& [key, value] : model) BOOST_TEST((get(key) == value), key);
  BOOST_TEST(overlay.entries().size() == model.size());
  BOOST_TEST((overlay.find("absent", hash48("absent")) == nullptr));
}

BOOST_AUTO_TEST_CASE(a_flush_gets_what_the_engine_stores) {
  set("k", "value", 1234);
  overlay.set_removed("gone", hash48("gone"));
  const Overlay::Entry& kept = overlay.entries()[0];
  BOOST_TEST(kept.stored_key.view() == stored_key("k"));
  BOOST_TEST((record_from(kept.stored_record) == Record{SharedBytes(std::string("value")), 1234}));
  BOOST_TEST(overlay.entries()[1].is_removed());
  BOOST_TEST(overlay.entries()[1].key() == "gone");
}

BOOST_AUTO_TEST_CASE(what_was_handed_out_outlives_writes_and_the_overlay_itself) {
  set("k", "first");
  const SharedBytes key = overlay.entries()[0].stored_key;
  const SharedBytes record = overlay.entries()[0].stored_record;
  set("k", "second");
  for (int i = 0; i < 1000; ++i) set("other" + std::to_string(i), std::string(100, 'x'));
  BOOST_TEST(*get("k") == "second");
  overlay.clear();
  BOOST_TEST(overlay.empty());
  BOOST_TEST(overlay.bytes() == 0U);
  BOOST_TEST(key.view() == stored_key("k"));
  BOOST_TEST(record_from(record).value.view() == "first");
}

// A value may be a part of the overlay's own memory: APPEND reads it, then writes.
BOOST_AUTO_TEST_CASE(a_record_of_the_overlay_can_be_written_back) {
  set("k", std::string(700, 'v'));
  for (int i = 0; i < 100; ++i) {
    overlay.set("k", hash48("k"), *overlay.find("k", hash48("k"))->record());
  }
  BOOST_TEST(*get("k") == std::string(700, 'v'));
}

BOOST_AUTO_TEST_CASE(writing_over_a_key_counts_as_memory_until_the_flush) {
  set("k", std::string(1000, 'v'));
  const std::size_t once = overlay.bytes();
  set("k", std::string(1000, 'v'));
  BOOST_TEST(overlay.bytes() >= once + 1000);
}

BOOST_AUTO_TEST_CASE(keys_of_one_hash_are_told_apart_and_sorted) {
  constexpr std::uint64_t hash = 42;
  overlay.set("b", hash, Record{SharedBytes(std::string("1")), 0});
  overlay.set("a", hash, Record{SharedBytes(std::string("2")), 0});
  overlay.set("c", hash - 1, Record{SharedBytes(std::string("3")), 0});
  BOOST_TEST(overlay.find("a", hash)->record()->value.view() == "2");
  BOOST_TEST(overlay.find("b", hash)->record()->value.view() == "1");
  BOOST_TEST((sorted_from(0) == std::vector<std::string>{"c", "a", "b"}));
  BOOST_TEST((sorted_from(hash) == std::vector<std::string>{"a", "b"}));
  BOOST_TEST(sorted_from(hash + 1).empty());
}

BOOST_AUTO_TEST_CASE(cursors_agree_with_a_map_while_entries_come) {
  std::map<std::pair<std::uint64_t, std::string>, int> model;
  Random random(11);
  for (int round = 0; round < 400; ++round) {
    for (std::uint64_t more = random.below(30); more > 0; --more) {
      const std::string key = "key:" + std::to_string(random.below(5000));
      set(key, "v");
      model[{hash48(key), key}] = 1;
    }
    const std::uint64_t from = random.chance(0.1) ? 0 : random.next() & hash_max;
    std::vector<std::string> expected;
    for (auto row = model.lower_bound({from, ""}); row != model.end(); ++row) {
      expected.push_back(row->first.second);
    }
    BOOST_REQUIRE((sorted_from(from) == expected));
  }
}

BOOST_AUTO_TEST_SUITE_END()
