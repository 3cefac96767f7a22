// SPDX-License-Identifier: Apache-2.0
// Reads answered from what is kept, exchanges with a shard's leader, and the two bounds: of bytes
// and of staleness.
#include "actors/cache/cache.hpp"

#include "actors/kv/command.hpp"
#include "tests/support/turn_driver.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;

namespace {

constexpr std::uint64_t here = 1;
constexpr std::uint64_t there = 2;
constexpr std::uint32_t shard = 4;
const Address router = address_of(NodeId{here}, msg::ActorKind::router);

std::string value(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

struct Fixture {
  explicit Fixture(CacheOptions options = {}) : cache(options) { leads(there, 1); }

  Cache cache;
  testing::TurnDriver driver{cache, address_of(NodeId{here}, msg::ActorKind::cache)};
  msg::CacheRefresh asked;

  void leads(std::uint64_t node, Term term) {
    msg::LeaderHints hints;
    hints.hints.push_back(msg::LeaderHint{group_of(ShardId{shard}).value, term, node});
    driver.deliver(address_of(NodeId{here}, msg::ActorKind::control), hints);
  }

  void read(const std::vector<std::string>& keys, LogIndex min_index = 0) {
    std::string commands;
    kv::CommandWriter writer(commands);
    for (const std::string& key : keys) {
      const std::string_view argument = key;
      writer.add(kv::CommandId::get, 0, &argument, 1);
    }
    msg::ShardBatch batch;
    batch.shard = shard;
    batch.session = 9;
    batch.sequence = ++sequence;
    batch.count = static_cast<std::uint32_t>(keys.size());
    batch.stale_reads = true;
    batch.min_index = min_index;
    batch.commands = SharedBytes(std::move(commands));
    driver.deliver(router, batch, sequence);
  }

  /// The cache must have asked; null keys do not exist.
  void expect_question(const std::vector<std::string>& keys, LogIndex since) {
    const auto sent = driver.sent<msg::CacheRefresh>();
    BOOST_REQUIRE_EQUAL(sent.size(), 1U);
    asked = sent[0].second;
    asked_at = sent[0].first;
    std::vector<std::string> named;
    for (const SharedBytes& key : asked.keys) named.emplace_back(key.view());
    BOOST_TEST(named == keys, boost::test_tools::per_element());
    BOOST_TEST(asked.since == since);
  }

  struct Answer {
    LogIndex upto = 0;
    std::vector<std::optional<std::string>> values;
    std::vector<std::string> changed;
    bool all = false;
    WallTime expire_at = 0;
    WallTime clock = 0;
  };

  void tell(const Answer& answer) {
    msg::CacheChanges changes;
    changes.shard = shard;
    changes.token = asked.token;
    changes.is_done = true;
    changes.leader = there;
    changes.upto = answer.upto;
    changes.all = answer.all;
    changes.clock = answer.clock;
    for (const std::string& key : answer.changed) {
      changes.changed.push_back(SharedBytes::copy_of(key));
    }
    for (const auto& found : answer.values) {
      msg::CacheRecord record;
      record.is_found = found.has_value();
      if (found) record.value = SharedBytes::copy_of(*found);
      record.expire_at = answer.expire_at;
      changes.records.push_back(record);
    }
    driver.deliver(asked_at, changes);
  }

  msg::ShardReply reply() {
    const auto sent = driver.sent<msg::ShardReply>();
    BOOST_REQUIRE_EQUAL(sent.size(), 1U);
    BOOST_TEST((sent[0].first == router));
    BOOST_TEST(sent[0].second.sequence == sequence);
    return sent[0].second;
  }

  void expect_values(const std::string& replies, LogIndex index) {
    const msg::ShardReply got = reply();
    BOOST_TEST((got.outcome == msg::BatchOutcome::done));
    BOOST_TEST(got.replies.view() == replies);
    BOOST_TEST(got.applied_index == index);
  }

  void expect_refusal(msg::BatchOutcome outcome, std::uint64_t leader) {
    const msg::ShardReply got = reply();
    BOOST_TEST((got.outcome == outcome));
    BOOST_TEST(got.leader == leader);
  }

  /// Key "a" holds "one" as of index 10.
  void keep_a() {
    read({"a"});
    expect_question({"a"}, 0);
    tell({10, {"one"}, {}, true, 0, 0});
    expect_values(value("one"), 10);
  }

  std::uint64_t sequence = 0;
  Address asked_at;
};

struct SmallFixture : Fixture {
  SmallFixture() : Fixture(CacheOptions{.bytes_max = 1000, .time_to_live = 300ms}) {}
};

}  // namespace

BOOST_AUTO_TEST_SUITE(cache)

BOOST_FIXTURE_TEST_CASE(a_first_read_asks_the_leader_and_is_answered_as_of_its_index, Fixture) {
  read({"b", "a", "b"});
  expect_question({"a", "b"}, 0);
  BOOST_TEST((asked_at == replica_address(NodeId{there}, group_of(ShardId{shard}))));
  tell({7, {"one", "two"}, {}, true, 0, 0});
  expect_values(value("two") + value("one") + value("two"), 7);
}

BOOST_FIXTURE_TEST_CASE(a_follower_that_knows_no_leader_does_not_undo_a_known_one, Fixture) {
  leads(there, 9);
  leads(0, 9);
  read({"a"});
  expect_question({"a"}, 0);
}

BOOST_FIXTURE_TEST_CASE(a_kept_key_is_answered_without_asking, Fixture) {
  keep_a();
  read({"a"});
  expect_values(value("one"), 10);
}

BOOST_FIXTURE_TEST_CASE(a_key_that_does_not_exist_is_kept_as_such, Fixture) {
  read({"none"});
  expect_question({"none"}, 0);
  tell({3, {std::nullopt}, {}, true, 0, 0});
  expect_values("$-1\r\n", 3);
  read({"none"});
  expect_values("$-1\r\n", 3);
}

BOOST_FIXTURE_TEST_CASE(what_changed_is_asked_for_again, Fixture) {
  keep_a();
  read({"b"});
  expect_question({"b"}, 10);
  tell({12, {"two"}, {"a"}, false, 0, 0});
  expect_values(value("two"), 12);
  read({"a", "b"});
  expect_question({"a"}, 12);
  tell({12, {"newer"}, {}, false, 0, 0});
  expect_values(value("newer") + value("two"), 12);
}

BOOST_FIXTURE_TEST_CASE(everything_is_void_when_the_changes_cannot_be_listed, Fixture) {
  keep_a();
  read({"b"});
  expect_question({"b"}, 10);
  tell({5000, {"two"}, {}, true, 0, 0});
  expect_values(value("two"), 5000);
  read({"a"});
  expect_question({"a"}, 5000);
}

BOOST_FIXTURE_TEST_CASE(a_client_that_has_seen_more_makes_the_cache_ask, Fixture) {
  keep_a();
  read({"a"}, 11);
  expect_question({}, 10);
  tell({11, {}, {}, false, 0, 0});
  expect_values(value("one"), 11);
}

BOOST_FIXTURE_TEST_CASE(a_leader_that_has_seen_less_than_the_client_is_not_believed, Fixture) {
  keep_a();
  read({"a"}, 12);
  expect_question({}, 10);
  tell({11, {}, {}, false, 0, 0});
  expect_refusal(msg::BatchOutcome::retry_later, there);
}

BOOST_FIXTURE_TEST_CASE(beyond_the_bound_nothing_is_answered_without_asking, Fixture) {
  keep_a();
  driver.advance(limits::staleness_default + 1ms);
  read({"a"});
  expect_question({}, 10);
  tell({10, {}, {}, false, 0, 0});
  expect_values(value("one"), 10);
}

BOOST_FIXTURE_TEST_CASE(staleness_counts_from_the_question_and_not_from_the_answer, Fixture) {
  read({"a"});
  expect_question({"a"}, 0);
  driver.advance(550ms);
  tell({10, {"one"}, {}, true, 0, 0});
  expect_values(value("one"), 10);
  driver.advance(limits::staleness_default - 550ms + 1ms);  // the answer is younger than half
  read({"a"});
  expect_question({}, 10);
}

BOOST_FIXTURE_TEST_CASE(in_the_second_half_of_the_bound_it_asks_without_letting_wait, Fixture) {
  keep_a();
  driver.advance(limits::staleness_default / 2 + 1ms);
  read({"a"});
  expect_question({}, 10);
  read({"a"});
  expect_values(value("one"), 10);  // without waiting
  tell({11, {}, {}, false, 0, 0});
  driver.advance(limits::staleness_default - 1ms);
  read({"a"});
  expect_values(value("one"), 11);
}

BOOST_FIXTURE_TEST_CASE(one_exchange_at_a_time_and_the_next_takes_all_that_waited, Fixture) {
  read({"a"});
  expect_question({"a"}, 0);
  read({"b"});
  read({"c"});
  BOOST_TEST(driver.sent<msg::CacheRefresh>().empty());
  tell({4, {"one"}, {}, true, 0, 0});
  expect_question({"b", "c"}, 4);
  tell({5, {"two", "three"}, {}, false, 0, 0});
  BOOST_TEST(driver.sent<msg::ShardReply>().size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(what_it_found_may_change_while_the_rest_is_fetched, Fixture) {
  keep_a();
  read({"a", "b"});
  expect_question({"b"}, 10);
  tell({11, {"two"}, {"a"}, false, 0, 0});
  expect_question({"a", "b"}, 11);
  tell({12, {"newer", "two"}, {}, false, 0, 0});
  expect_values(value("newer") + value("two"), 12);
}

BOOST_FIXTURE_TEST_CASE(without_a_leader_a_read_is_handed_back, Fixture) {
  leads(0, 2);
  read({"a"});
  expect_refusal(msg::BatchOutcome::retry_later, 0);
}

BOOST_FIXTURE_TEST_CASE(a_lost_answer_hands_the_read_back_and_is_ignored_when_late, Fixture) {
  read({"a"});
  expect_question({"a"}, 0);
  driver.advance(700ms);
  expect_refusal(msg::BatchOutcome::retry_later, there);
  tell({10, {"one"}, {}, true, 0, 0});
  read({"a"});
  expect_question({"a"}, 0);
}

BOOST_FIXTURE_TEST_CASE(a_refusal_hands_the_read_back_and_names_the_leader, Fixture) {
  read({"a"});
  expect_question({"a"}, 0);
  msg::CacheChanges refusal;
  refusal.shard = shard;
  refusal.token = asked.token;
  refusal.leader = 3;
  driver.deliver(asked_at, refusal);
  expect_refusal(msg::BatchOutcome::retry_later, 3);
  read({"a"});
  expect_question({"a"}, 0);
  BOOST_TEST(asked_at.node == 3U);
}

BOOST_FIXTURE_TEST_CASE(a_new_leader_is_asked_at_once, Fixture) {
  read({"a"});
  expect_question({"a"}, 0);
  const msg::CacheRefresh first = asked;
  leads(3, 2);
  expect_question({"a"}, 0);
  BOOST_TEST(asked_at.node == 3U);
  const msg::CacheRefresh second = std::exchange(asked, first);
  tell({4, {"late"}, {}, true, 0, 0});  // of the old leader
  BOOST_TEST(driver.sent<msg::ShardReply>().empty());
  asked = second;
  tell({10, {"one"}, {}, true, 0, 0});
  expect_values(value("one"), 10);
}

BOOST_FIXTURE_TEST_CASE(an_index_that_goes_back_is_not_believed, Fixture) {
  keep_a();
  read({"b"});
  expect_question({"b"}, 10);
  tell({9, {"two"}, {}, true, 0, 0});
  expect_refusal(msg::BatchOutcome::retry_later, there);
  read({"a"});
  expect_values(value("one"), 10);
}

BOOST_FIXTURE_TEST_CASE(a_key_expires_by_the_clock_of_its_shard, Fixture) {
  const WallTime wall = driver.wall_now();
  read({"a"});
  expect_question({"a"}, 0);
  tell({10, {"one"}, {}, true, wall + 200, wall});
  expect_values(value("one"), 10);
  driver.advance(100ms);
  read({"b"});
  expect_question({"b"}, 10);
  tell({11, {"two"}, {}, false, 0, wall + 300});  // the shard is ahead of this node
  expect_values(value("two"), 11);
  read({"a"});
  expect_values("$-1\r\n", 11);
}

BOOST_FIXTURE_TEST_CASE(what_the_answer_has_no_room_for_is_left_to_the_leader, Fixture) {
  read({"a"});
  expect_question({"a"}, 0);
  msg::CacheChanges changes;
  changes.shard = shard;
  changes.token = asked.token;
  changes.is_done = true;
  changes.upto = 10;
  changes.records.emplace_back().is_omitted = true;
  driver.deliver(asked_at, changes);
  expect_refusal(msg::BatchOutcome::not_leader, there);
}

BOOST_FIXTURE_TEST_CASE(writes_are_not_its_business, Fixture) {
  std::string commands;
  const std::string_view arguments[] = {"a", "b"};
  kv::CommandWriter(commands).add(kv::CommandId::set, kv::encoded_flag::may_write, arguments, 2);
  msg::ShardBatch batch;
  batch.shard = shard;
  batch.sequence = ++sequence;
  batch.count = batch.writes = 1;
  batch.commands = SharedBytes(std::move(commands));
  driver.deliver(router, batch);
  expect_refusal(msg::BatchOutcome::not_leader, there);
}

BOOST_FIXTURE_TEST_CASE(bytes_are_bounded_and_the_key_used_least_lately_goes, SmallFixture) {
  const std::string text(250, 'v');  // two fit
  for (const std::string key : {"a", "b", "a", "c"}) {
    read({key});
    if (const auto sent = driver.sent<msg::CacheRefresh>(); !sent.empty()) {
      asked = sent[0].second;
      tell({10, {text}, {}, false, 0, 0});
    }
    (void)driver.sent<msg::ShardReply>();
  }
  read({"a"});
  BOOST_TEST(driver.sent<msg::CacheRefresh>().empty());
  read({"b"});
  BOOST_TEST(driver.sent<msg::CacheRefresh>().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_record_is_kept_for_its_time_to_live_only, SmallFixture) {
  keep_a();
  driver.advance(299ms);
  read({"a"});
  expect_values(value("one"), 10);
  driver.advance(1ms);
  read({"a"});
  expect_question({"a"}, 10);
}

BOOST_FIXTURE_TEST_CASE(what_is_larger_than_the_bound_is_answered_and_not_kept, SmallFixture) {
  const std::string text(2000, 'v');
  read({"a"});
  expect_question({"a"}, 0);
  tell({10, {text}, {}, true, 0, 0});
  expect_values(value(text), 10);
  read({"a"});
  expect_question({"a"}, 10);
}

BOOST_AUTO_TEST_SUITE_END()
