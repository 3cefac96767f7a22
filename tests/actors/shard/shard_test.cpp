// SPDX-License-Identifier: Apache-2.0
// Batches with writes: durable before they are answered, in order, once, by the leader's clock.
#include "tests/actors/shard/shard_fixture.hpp"

using namespace harka;
using kv::CommandId;
using testing::AloneFixture;
using testing::bulk;
using testing::FollowerFixture;
using testing::ShardFixture;
using testing::there;

namespace {

struct TightFixture : ShardFixture {
  explicit TightFixture(std::size_t waiting_max = 1)
      : ShardFixture(
            {1},
            ShardOptions{.shard = ShardId{0}, .dirty_bytes_max = 1, .waiting_max = waiting_max}) {
    host.lead();
  }

  /// Until a flush is over, before the tick that takes what waited for it.
  void pass_until_flushed() {
    const ReplicatedState& state = host.replica().state();
    while (state.dirty_bytes() > 0) host.pass(limits::tick_interval);
  }
};

struct ThreeFixture : ShardFixture {
  ThreeFixture() : ShardFixture({1, 2, 3}) { host.lead(); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(shard)

BOOST_FIXTURE_TEST_CASE(a_write_is_answered_when_it_is_durable, AloneFixture) {
  host.hold_log(true);
  with(CommandId::set, {"k", "v"}).submit(1);
  BOOST_TEST(!is_answered());
  host.hold_log(false);
  expect("+OK\r\n");
}

BOOST_FIXTURE_TEST_CASE(a_batch_runs_in_order_and_tells_its_replies_apart, AloneFixture) {
  with(CommandId::set, {"n", "1"}).with(CommandId::incr, {"n"}).with(CommandId::get, {"n"});
  submit(1);
  const msg::ShardReply got = reply();
  BOOST_TEST(got.replies.view() == "+OK\r\n:2\r\n" + bulk("2"));
  BOOST_TEST(
      got.lengths == (std::vector<std::uint32_t>{5, 4, 7}), boost::test_tools::per_element());
  BOOST_TEST(got.session == 7U);
  BOOST_TEST(got.sequence == 1U);
  BOOST_TEST(got.applied_index == host.replica().core()->applied_index());
}

BOOST_FIXTURE_TEST_CASE(a_repeated_batch_takes_effect_once_and_gets_the_same_answer, AloneFixture) {
  with(CommandId::incr, {"n"}).submit(1);
  expect(":1\r\n");
  with(CommandId::incr, {"n"}).submit(1);
  const msg::ShardReply again = reply();
  BOOST_TEST(again.replies.view() == ":1\r\n");
  BOOST_TEST(again.duplicate);
  with(CommandId::get, {"n"}).submit(2);
  expect(bulk("1"));
}

BOOST_FIXTURE_TEST_CASE(
    a_batch_repeated_while_it_is_under_way_is_not_proposed_again, AloneFixture) {
  host.hold_log(true);
  with(CommandId::incr, {"n"}).submit(1);
  const LogIndex last = host.replica().core()->last_index();
  with(CommandId::incr, {"n"}).submit(1);
  BOOST_TEST(host.replica().core()->last_index() == last);
  host.hold_log(false);
  expect(":1\r\n");
}

BOOST_FIXTURE_TEST_CASE(a_batch_that_two_leaders_proposed_takes_effect_once, ThreeFixture) {
  with(CommandId::incr, {"n"}).submit(1);
  host.acknowledge();
  expect(":1\r\n");
  kv::EntryHeader header;  // the router asked here when it had no answer from there
  header.session = 7;
  header.sequence = 1;
  header.count = 1;
  with(CommandId::incr, {"n"});
  batch = {};
  host.follow(9, {SharedBytes(kv::encode_entry(header, std::exchange(commands, {})))});
  const auto found = dynamic_cast<const Shard&>(host.replica().state()).state().find("n");
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->value.view() == "1");
}

BOOST_FIXTURE_TEST_CASE(another_session_may_use_the_same_sequence, AloneFixture) {
  with(CommandId::incr, {"n"}).submit(1);
  expect(":1\r\n");
  with(CommandId::incr, {"n"}).submit(1, 0, 8);
  expect(":2\r\n");
}

BOOST_FIXTURE_TEST_CASE(what_was_acknowledged_and_comes_again_has_no_effect, AloneFixture) {
  with(CommandId::incr, {"n"}).submit(1);
  with(CommandId::incr, {"n"}).submit(2, 1);
  (void)is_answered();
  with(CommandId::incr, {"n"}).submit(1);
  (void)is_answered();
  with(CommandId::get, {"n"}).submit(3);
  expect(bulk("2"));
}

BOOST_FIXTURE_TEST_CASE(a_repeated_batch_is_known_after_a_restart_too, AloneFixture) {
  with(CommandId::incr, {"n"}).submit(1);
  with(CommandId::incr, {"n"}).submit(2);
  (void)is_answered();
  for (const bool is_flushed : {false, true}) {  // from the log alone, then from the engine
    if (is_flushed) host.pass(3s);
    host.start();
    host.lead();
    with(CommandId::incr, {"n"}).submit(2);
    expect(":2\r\n");
    with(CommandId::get, {"n"}).submit(3);
    expect(bulk("2"));
  }
}

BOOST_FIXTURE_TEST_CASE(a_read_behind_writes_of_its_connection_sees_them, AloneFixture) {
  with(CommandId::set, {"k", "old"}).submit(1);
  expect("+OK\r\n");
  host.hold_log(true);
  with(CommandId::set, {"k", "new"}).submit(2);
  with(CommandId::get, {"k"}, kv::encoded_flag::after_writes).submit(3);
  BOOST_TEST(!is_answered());
  host.hold_log(false);
  const auto sent = host.sent<msg::ShardReply>();
  BOOST_REQUIRE_EQUAL(sent.size(), 2U);
  BOOST_TEST(sent[1].second.replies.view() == bulk("new"));
}

BOOST_FIXTURE_TEST_CASE(a_follower_names_the_leader_for_writes_and_plain_reads, FollowerFixture) {
  with(CommandId::set, {"k", "v"}).submit(1);
  expect_refusal(msg::BatchOutcome::not_leader, there);
  with(CommandId::get, {"k"}).submit(2);
  expect_refusal(msg::BatchOutcome::not_leader, there);
}

BOOST_AUTO_TEST_CASE(without_a_leader_nothing_happens_and_the_router_tries_later) {
  ShardFixture fixture({1, 2, 3});
  fixture.with(CommandId::set, {"k", "v"}).submit(1);
  fixture.expect_refusal(msg::BatchOutcome::retry_later, 0);
}

BOOST_FIXTURE_TEST_CASE(
    a_leader_that_is_deposed_does_not_know_what_becomes_of_writes, ThreeFixture) {
  with(CommandId::set, {"k", "v"}).submit(1);
  BOOST_TEST(!is_answered());
  host.deliver_from(there, msg::AppendEntries{testing::hosted_group.value, 9, 0, 0, 0, {}});
  expect_refusal(msg::BatchOutcome::unknown, there);
}

BOOST_FIXTURE_TEST_CASE(a_majority_is_waited_for, ThreeFixture) {
  with(CommandId::set, {"k", "v"}).submit(1);
  BOOST_TEST(!is_answered());
  host.acknowledge();
  expect("+OK\r\n");
}

BOOST_FIXTURE_TEST_CASE(a_malformed_batch_is_refused, AloneFixture) {
  with(CommandId::get, {"k"});
  batch.count = 2;
  submit(1);
  expect_refusal(msg::BatchOutcome::retry_later, 1);
  commands = "not commands";
  batch.count = 1;
  submit(2);
  expect_refusal(msg::BatchOutcome::retry_later, 1);
}

BOOST_FIXTURE_TEST_CASE(beyond_the_dirty_bound_writes_wait_for_the_flush, TightFixture) {
  with(CommandId::set, {"a", "1"}).submit(1);
  expect("+OK\r\n");
  with(CommandId::set, {"b", "2"}).submit(2);
  BOOST_TEST(!is_answered());
  with(CommandId::set, {"c", "3"}).submit(3);
  expect_refusal(msg::BatchOutcome::retry_later, 1);  // no more than waiting_max
  host.pass(3s);
  expect("+OK\r\n");
}

BOOST_AUTO_TEST_CASE(a_write_does_not_overtake_one_that_waits_for_the_flush) {
  TightFixture fixture(10);
  fixture.with(CommandId::set, {"a", "1"}).submit(1);
  fixture.expect("+OK\r\n");
  fixture.with(CommandId::append, {"k", "x"}).submit(2);
  fixture.pass_until_flushed();
  BOOST_TEST(!fixture.is_answered());
  fixture.with(CommandId::append, {"k", "y"}).submit(3);
  fixture.host.pass(6s);
  fixture.with(CommandId::get, {"k"}).submit(4);
  const auto sent = fixture.host.sent<msg::ShardReply>();
  BOOST_REQUIRE_EQUAL(sent.size(), 3U);
  BOOST_TEST(sent[2].second.replies.view() == bulk("xy"));
}

BOOST_FIXTURE_TEST_CASE(a_write_does_not_overtake_one_that_was_refused, TightFixture) {
  with(CommandId::set, {"a", "1"}).submit(1);
  with(CommandId::set, {"b", "2"}).submit(2);
  with(CommandId::append, {"k", "x"}).submit(3);  // no more than waiting_max
  host.pass(6s);
  BOOST_TEST(host.sent<msg::ShardReply>().size() == 3U);
  with(CommandId::append, {"k", "y"}).submit(4);  // was under way when the third was refused
  expect_refusal(msg::BatchOutcome::retry_later, 1);
  with(CommandId::append, {"k", "x"}).submit(3);
  expect(":1\r\n");
  host.pass(3s);
  with(CommandId::append, {"k", "y"}).submit(4);
  expect(":2\r\n");
}

BOOST_FIXTURE_TEST_CASE(a_refused_write_that_its_router_gave_up_holds_up_nothing, TightFixture) {
  with(CommandId::set, {"a", "1"}).submit(1);
  with(CommandId::set, {"b", "2"}).submit(2);
  with(CommandId::set, {"c", "3"}).submit(3);
  host.pass(6s);
  BOOST_TEST(host.sent<msg::ShardReply>().size() == 3U);
  with(CommandId::set, {"d", "4"}).submit(4, 2, 8);  // of another router
  expect("+OK\r\n");
  host.pass(3s);
  with(CommandId::set, {"d", "4"}).submit(4, 3);
  expect("+OK\r\n");
}

BOOST_FIXTURE_TEST_CASE(a_key_expires_when_its_time_is_up, AloneFixture) {
  with(CommandId::psetex, {"k", "1000", "v"}).submit(1);
  expect("+OK\r\n");
  host.pass(950ms);
  with(CommandId::get, {"k"}).submit(2);
  expect(bulk("v"));
  host.pass(50ms);
  with(CommandId::get, {"k"}).submit(3);
  expect("$-1\r\n");
}

BOOST_FIXTURE_TEST_CASE(expired_keys_are_removed_by_an_entry_of_the_leader, AloneFixture) {
  const auto& state = dynamic_cast<const Shard&>(host.replica().state()).state();
  with(CommandId::psetex, {"k", "100", "v"}).with(CommandId::set, {"l", "v"}).submit(1);
  const auto key_count = [&state] {
    std::size_t count = 0;
    state.scan(
        0, [&](std::uint64_t, std::string_view, const kv::RecordView&) { return ++count > 0; });
    return count;
  };
  BOOST_TEST(key_count() == 2U);
  host.pass(5s);
  BOOST_TEST(key_count() == 1U);
}

BOOST_FIXTURE_TEST_CASE(expiry_is_decided_by_the_leaders_clock_on_every_replica, FollowerFixture) {
  const WallTime now = host.driver().wall_now() + 60'000;  // the leader's clock is a minute ahead
  with(CommandId::psetex, {"k", "1000", "v"});
  host.follow(1, {entry(now)});
  with(CommandId::incr, {"k"});  // an error, if the key were still there
  host.follow(1, {entry(now + 1000)});
  const auto found = dynamic_cast<const Shard&>(host.replica().state()).state().find("k");
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->value.view() == "1");
}

BOOST_FIXTURE_TEST_CASE(a_leader_whose_clock_is_behind_does_not_turn_time_back, AloneFixture) {
  const WallTime ahead = host.driver().wall_now() + 60'000;
  host.follow(9);
  with(CommandId::psetex, {"k", "1000", "v"});
  host.follow(9, {entry(ahead), entry(ahead + 2000)});
  host.lead();
  with(CommandId::get, {"k"}).submit(1);
  expect("$-1\r\n");
}

BOOST_AUTO_TEST_SUITE_END()
