// SPDX-License-Identifier: Apache-2.0
// Routing, redirection and retries that keep their sequence.
#include "actors/router/router.hpp"

#include "tests/support/turn_driver.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;

namespace {

constexpr std::uint64_t here = 1;
constexpr std::uint64_t there = 2;
constexpr std::uint32_t placed_elsewhere = 2;  // a shard without a replica here
const Address client = address_of(NodeId{here}, msg::ActorKind::client, 7);

struct Fixture {
  Router router{RouterOptions{.session = 99}};
  testing::TurnDriver driver{router, address_of(NodeId{here}, msg::ActorKind::router)};

  Fixture() {
    driver.start();
    msg::ClusterMap map;
    map.cluster_id = 5;
    map.version = 1;
    map.shard_count = 3;
    for (std::uint32_t shard = 0; shard < 3; ++shard) {
      msg::ShardRecord record;
      record.shard = shard;
      record.epoch = 1;
      record.replicas = {here, there, 3};
      if (shard == placed_elsewhere) record.replicas = {there, 3, 4};
      map.shards.push_back(record);
    }
    driver.deliver(control(), msg::MapUpdate{map});
  }

  static Address control() { return address_of(NodeId{here}, msg::ActorKind::control); }

  void leads(std::uint32_t shard, std::uint64_t node, Term term) {
    msg::LeaderHints hints;
    hints.hints.push_back(msg::LeaderHint{group_of(ShardId{shard}).value, term, node});
    driver.deliver(control(), hints);
  }

  void submit(std::uint32_t shard, std::uint32_t writes, std::uint64_t correlation) {
    msg::ShardBatch batch;
    batch.shard = shard;
    batch.count = 1;
    batch.writes = writes;
    driver.deliver(client, batch, correlation);
  }

  void submit_stale(std::uint32_t shard) {
    msg::ShardBatch batch;
    batch.shard = shard;
    batch.count = 1;
    batch.stale_reads = true;
    driver.deliver(client, batch, 1);
  }

  void reply(const msg::ShardBatch& to, msg::BatchOutcome outcome, std::uint64_t leader = 0) {
    msg::ShardReply reply;
    reply.shard = to.shard;
    reply.session = to.session;
    reply.sequence = to.sequence;
    reply.outcome = outcome;
    reply.leader = leader;
    driver.deliver(replica_address(NodeId{here}, group_of(ShardId{to.shard})), reply);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(router)

BOOST_FIXTURE_TEST_CASE(another_node_tells_a_router_nothing, Fixture) {
  leads(0, here, 1);
  const Address stranger = address_of(NodeId{there}, msg::ActorKind::control);
  msg::LeaderHints hints;
  hints.hints.push_back(msg::LeaderHint{group_of(ShardId{0}).value, 9, there});
  driver.deliver(stranger, hints);
  BOOST_TEST(router.leader_of(0) == here);
  msg::MapUpdate broken;
  broken.map.version = 9;
  broken.map.shard_count = 5;
  driver.deliver(stranger, broken);
  BOOST_TEST(router.map().version == 1U);
  msg::Member dead;
  dead.node = here;
  dead.state = msg::MemberState::dead;
  driver.deliver(stranger, msg::MembershipChanged{{dead}});
  BOOST_TEST(router.leader_of(0) == here);
}

BOOST_FIXTURE_TEST_CASE(a_batch_for_a_local_leader_goes_to_its_replica, Fixture) {
  leads(0, here, 1);
  submit(0, 1, 11);
  const auto sent = driver.sent<msg::ShardBatch>();
  BOOST_REQUIRE_EQUAL(sent.size(), 1U);
  BOOST_TEST(sent[0].first.node == here);
  BOOST_TEST(sent[0].first.index == group_of(ShardId{0}).value);
  BOOST_TEST(sent[0].second.session == 99U);
  reply(sent[0].second, msg::BatchOutcome::done);
  const auto answered = driver.sent<msg::ShardReply>();
  BOOST_REQUIRE_EQUAL(answered.size(), 1U);
  BOOST_TEST((answered[0].first == client));
}

BOOST_FIXTURE_TEST_CASE(a_remote_leader_is_answered_with_where_to_go, Fixture) {
  leads(1, there, 3);
  submit(1, 1, 12);
  const auto answered = driver.sent<msg::ShardReply>();
  BOOST_REQUIRE_EQUAL(answered.size(), 1U);
  BOOST_TEST((answered[0].second.outcome == msg::BatchOutcome::not_leader));
  BOOST_TEST(answered[0].second.leader == there);
}

BOOST_FIXTURE_TEST_CASE(a_follower_that_knows_no_leader_does_not_undo_a_known_one, Fixture) {
  leads(1, there, 3);
  leads(1, 0, 3);
  BOOST_TEST(router.leader_of(1) == there);
  leads(1, 0, 4);
  BOOST_TEST(router.leader_of(1) == 0U);
}

BOOST_FIXTURE_TEST_CASE(without_a_leader_a_batch_waits_and_then_runs, Fixture) {
  submit(0, 1, 13);
  BOOST_TEST(driver.sent<msg::ShardBatch>().empty());
  leads(0, here, 2);
  BOOST_TEST(driver.sent<msg::ShardBatch>().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(patience_ends_with_retry_later, Fixture) {
  submit(0, 1, 14);
  driver.advance(3s);
  const auto answered = driver.sent<msg::ShardReply>();
  BOOST_REQUIRE_EQUAL(answered.size(), 1U);
  BOOST_TEST((answered[0].second.outcome == msg::BatchOutcome::retry_later));
}

BOOST_FIXTURE_TEST_CASE(an_unknown_write_is_retried_at_the_new_leader_with_its_sequence, Fixture) {
  leads(0, here, 1);
  submit(0, 1, 15);
  const msg::ShardBatch first = driver.sent<msg::ShardBatch>().at(0).second;
  reply(first, msg::BatchOutcome::unknown);
  leads(0, there, 2);
  const auto again = driver.sent<msg::ShardBatch>();
  BOOST_REQUIRE_EQUAL(again.size(), 1U);
  BOOST_TEST(again[0].first.node == there);
  BOOST_TEST(again[0].second.sequence == first.sequence);
}

BOOST_FIXTURE_TEST_CASE(an_unanswered_write_ends_as_unknown, Fixture) {
  leads(0, here, 1);
  submit(0, 1, 16);
  driver.advance(10s);
  const auto answered = driver.sent<msg::ShardReply>();
  BOOST_REQUIRE(!answered.empty());
  BOOST_TEST((answered.back().second.outcome == msg::BatchOutcome::unknown));
}

BOOST_FIXTURE_TEST_CASE(a_batch_behind_parked_ones_keeps_the_order, Fixture) {
  submit(0, 1, 17);
  submit(0, 1, 18);
  leads(0, here, 1);
  const auto sent = driver.sent<msg::ShardBatch>();
  BOOST_REQUIRE_EQUAL(sent.size(), 2U);
  BOOST_TEST(sent[0].second.sequence < sent[1].second.sequence);
}

BOOST_FIXTURE_TEST_CASE(a_leader_on_a_dead_node_counts_as_none, Fixture) {
  leads(0, there, 1);
  msg::Member member;
  member.node = there;
  member.state = msg::MemberState::dead;
  driver.deliver(control(), msg::MembershipChanged{{member}});
  submit(0, 0, 19);
  BOOST_TEST(driver.sent<msg::ShardReply>().empty());
}

BOOST_FIXTURE_TEST_CASE(acknowledged_is_below_the_oldest_outstanding, Fixture) {
  leads(0, here, 1);
  submit(0, 1, 20);
  submit(0, 1, 21);
  const auto sent = driver.sent<msg::ShardBatch>();
  BOOST_TEST(sent.at(0).second.acknowledged == sent.at(0).second.sequence - 1);
  reply(sent.at(0).second, msg::BatchOutcome::done);
  submit(0, 1, 22);
  const auto third = driver.sent<msg::ShardBatch>().at(0).second;
  BOOST_TEST(third.acknowledged == sent.at(1).second.sequence - 1);
}

BOOST_FIXTURE_TEST_CASE(stale_reads_go_to_the_replica_here, Fixture) {
  leads(1, there, 3);
  submit_stale(1);
  const auto sent = driver.sent<msg::ShardBatch>();
  BOOST_REQUIRE_EQUAL(sent.size(), 1U);
  BOOST_TEST((sent[0].first == replica_address(NodeId{here}, group_of(ShardId{1}))));
}

BOOST_FIXTURE_TEST_CASE(stale_reads_go_to_the_cache_where_no_replica_is, Fixture) {
  leads(placed_elsewhere, there, 3);
  submit_stale(placed_elsewhere);
  const auto sent = driver.sent<msg::ShardBatch>();
  BOOST_REQUIRE_EQUAL(sent.size(), 1U);
  BOOST_TEST((sent[0].first == address_of(NodeId{here}, msg::ActorKind::cache)));
  reply(sent[0].second, msg::BatchOutcome::done);
  BOOST_TEST(driver.sent<msg::ShardReply>().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(stale_reads_wait_neither_for_a_leader_nor_behind_writes, Fixture) {
  submit(0, 1, 24);
  submit_stale(0);
  BOOST_TEST(driver.sent<msg::ShardBatch>().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(what_the_replica_here_cannot_answer_the_cache_is_asked, Fixture) {
  submit_stale(0);
  reply(driver.sent<msg::ShardBatch>().at(0).second, msg::BatchOutcome::retry_later);
  driver.advance(50ms);
  const auto second = driver.sent<msg::ShardBatch>();
  BOOST_REQUIRE_EQUAL(second.size(), 1U);
  BOOST_TEST((second[0].first.kind == msg::ActorKind::cache));
  reply(second[0].second, msg::BatchOutcome::retry_later);
  driver.advance(50ms);
  const auto third = driver.sent<msg::ShardBatch>();
  BOOST_REQUIRE_EQUAL(third.size(), 1U);
  BOOST_TEST((third[0].first.kind == msg::ActorKind::replica));
}

BOOST_FIXTURE_TEST_CASE(a_replica_here_that_says_nothing_is_passed_over, Fixture) {
  submit_stale(0);
  (void)driver.sent<msg::ShardBatch>();
  driver.advance(1s);
  const auto sent = driver.sent<msg::ShardBatch>();
  BOOST_REQUIRE_EQUAL(sent.size(), 1U);
  BOOST_TEST((sent[0].first.kind == msg::ActorKind::cache));
}

BOOST_FIXTURE_TEST_CASE(stale_reads_that_the_cache_hands_back_are_tried_again, Fixture) {
  submit_stale(placed_elsewhere);
  reply(driver.sent<msg::ShardBatch>().at(0).second, msg::BatchOutcome::retry_later);
  driver.advance(100ms);
  BOOST_TEST(driver.sent<msg::ShardBatch>().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_shard_that_does_not_exist_is_refused, Fixture) {
  submit(9, 1, 23);
  BOOST_TEST(driver.sent<msg::ShardReply>().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
