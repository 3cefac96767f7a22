// SPDX-License-Identifier: Apache-2.0
// Coalescing, hints, preference and drain.
#include "actors/pulse/pulse.hpp"

#include "tests/support/turn_driver.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <set>

using namespace harka;

namespace {

const Address control = address_of(NodeId{1}, msg::ActorKind::control);

struct Fixture {
  Pulse pulse{PulseOptions{}};
  testing::TurnDriver driver{pulse, address_of(NodeId{1}, msg::ActorKind::pulse)};

  Fixture() {
    driver.start();
    msg::MembershipChanged change;
    for (const std::uint64_t node : {1, 2, 3}) {
      msg::Member member;
      member.node = node;
      change.members.push_back(member);
    }
    driver.deliver(control, change);
  }

  void leads(std::uint32_t group, Term term, std::uint64_t leader) {
    driver.deliver(
        replica_address(NodeId{1}, GroupId{group}), msg::LeadershipChanged{group, term, leader});
  }

  void beats_out(std::uint32_t group) {
    msg::BeatsOut out;
    out.beats = {
        msg::BeatTo{2, msg::Beat{group, 1, 0, 0}}, msg::BeatTo{3, msg::Beat{group, 1, 0, 0}}};
    driver.deliver(replica_address(NodeId{1}, GroupId{group}), out);
  }

  void is(std::uint64_t node, msg::MemberState state) {
    msg::MembershipChanged change;
    msg::Member member;
    member.node = node;
    member.state = state;
    change.members.push_back(member);
    driver.deliver(control, change);
  }

  void prefer(std::uint64_t node) {
    msg::MapUpdate update;
    msg::ShardRecord record;
    record.replicas = {node};
    update.map.shards.push_back(record);
    driver.deliver(control, update);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(pulse)

BOOST_AUTO_TEST_CASE(a_pulse_asks_for_what_it_may_have_forgotten) {
  Pulse fresh{PulseOptions{}};
  testing::TurnDriver started(fresh, address_of(NodeId{1}, msg::ActorKind::pulse));
  started.start();
  const auto asked = started.sent<msg::MapRequest>();
  BOOST_REQUIRE_EQUAL(asked.size(), 2U);
  BOOST_TEST((asked[0].first == control));
  BOOST_TEST((asked[1].first == address_of(NodeId{1}, msg::ActorKind::membership)));
}

BOOST_FIXTURE_TEST_CASE(a_group_whose_leader_beats_is_not_ticked, Fixture) {
  leads(1, 1, 2);
  leads(2, 1, 1);
  for (int i = 0; i < 10; ++i) {
    msg::Beats beats;
    beats.beats.push_back(msg::Beat{1, 1, 0, 0});
    driver.deliver(address_of(NodeId{2}, msg::ActorKind::pulse), beats);
    driver.advance(90ms);
  }
  std::map<std::uint32_t, int> ticks;
  for (const auto& [to, tick] : driver.sent<msg::Tick>()) ++ticks[to.index];
  BOOST_TEST(ticks[1] == 0);
  BOOST_TEST(ticks[2] == 10);  // this node leads it: the first one, and each heartbeat interval
  driver.advance(200ms);       // the leader is silent: its followers' clocks must go on
  for (const auto& [to, tick] : driver.sent<msg::Tick>()) ++ticks[to.index];
  BOOST_TEST(ticks[1] >= 2);
}

BOOST_FIXTURE_TEST_CASE(
    beats_of_many_groups_leave_with_the_last_one_in_one_message_a_peer, Fixture) {
  for (std::uint32_t group = 1; group <= 10; ++group) leads(group, 1, 1);
  driver.advance(limits::heartbeat_interval);
  (void)driver.sent<msg::Beats>();
  for (std::uint32_t group = 1; group <= 10; ++group) {
    BOOST_TEST(driver.sent<msg::Beats>().empty());
    beats_out(group);
  }
  const auto sent = driver.sent<msg::Beats>();
  BOOST_REQUIRE_EQUAL(sent.size(), 2U);
  BOOST_TEST(sent[0].second.beats.size() == 10U);
}

BOOST_FIXTURE_TEST_CASE(a_replica_that_does_not_answer_holds_up_the_others_once, Fixture) {
  for (std::uint32_t group = 1; group <= 3; ++group) leads(group, 1, 1);
  driver.advance(limits::heartbeat_interval);
  (void)driver.sent<msg::Beats>();
  beats_out(1);
  beats_out(2);
  driver.advance(limits::tick_interval);
  BOOST_TEST(driver.sent<msg::Beats>().size() == 2U);
  driver.advance(limits::tick_interval);  // the next beats are due
  beats_out(1);
  beats_out(2);
  BOOST_TEST(driver.sent<msg::Beats>().empty());
  driver.advance(PulseOptions{}.coalesce);
  BOOST_TEST(driver.sent<msg::Beats>().size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(answers_to_beats_leave_with_the_last_one, Fixture) {
  leads(1, 1, 2);
  leads(2, 1, 2);
  msg::Beats beats;
  beats.beats = {msg::Beat{1, 1, 0, 5}, msg::Beat{2, 1, 0, 5}};
  driver.deliver(address_of(NodeId{2}, msg::ActorKind::pulse), beats);
  msg::BeatReplyOut out;
  out.to = 2;
  out.reply.group = 1;
  driver.deliver(replica_address(NodeId{1}, GroupId{1}), out);
  BOOST_TEST(driver.sent<msg::BeatReplies>().empty());
  out.reply.group = 2;
  driver.deliver(replica_address(NodeId{1}, GroupId{2}), out);
  const auto sent = driver.sent<msg::BeatReplies>();
  BOOST_REQUIRE_EQUAL(sent.size(), 1U);
  BOOST_TEST(sent[0].second.replies.size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(received_beats_are_unpacked_with_their_sender, Fixture) {
  msg::Beats beats;
  beats.beats = {msg::Beat{4, 2, 7, 0}, msg::Beat{5, 2, 8, 0}};
  driver.deliver(address_of(NodeId{3}, msg::ActorKind::pulse), beats);
  const auto sent = driver.sent<msg::Heartbeat>();
  BOOST_REQUIRE_EQUAL(sent.size(), 2U);
  BOOST_TEST(sent[0].second.from == 3U);
  BOOST_TEST(sent[1].first.index == 5U);
}

BOOST_FIXTURE_TEST_CASE(a_new_leadership_is_told_to_every_node_at_once, Fixture) {
  leads(1, 5, 1);
  driver.advance(2ms);
  const auto hints = driver.sent<msg::LeaderHints>();
  BOOST_REQUIRE(!hints.empty());
  BOOST_TEST(hints[0].second.hints.at(0).leader == 1U);
}

BOOST_FIXTURE_TEST_CASE(every_known_group_is_ticked, Fixture) {
  leads(1, 1, 0);
  leads(2, 1, 0);
  (void)driver.sent<msg::Tick>();
  driver.advance(limits::tick_interval);
  BOOST_TEST(driver.sent<msg::Tick>().size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(leadership_moves_to_the_preferred_node_once_it_is_settled, Fixture) {
  prefer(2);
  leads(1, 1, 1);
  driver.advance(2s);
  BOOST_TEST(driver.sent<msg::TransferLeadership>().empty());
  driver.advance(3s);
  const auto moves = driver.sent<msg::TransferLeadership>();
  BOOST_REQUIRE(!moves.empty());
  BOOST_TEST(moves[0].second.target == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_refuted_suspicion_does_not_delay_the_preferred_node, Fixture) {
  prefer(2);
  leads(1, 1, 1);
  driver.advance(2s);
  is(2, msg::MemberState::suspect);
  driver.advance(1s);
  is(2, msg::MemberState::alive);
  driver.advance(1s);
  BOOST_TEST(!driver.sent<msg::TransferLeadership>().empty());
}

BOOST_FIXTURE_TEST_CASE(leadership_does_not_move_to_a_suspect, Fixture) {
  prefer(2);
  leads(1, 1, 1);
  is(2, msg::MemberState::suspect);
  driver.advance(6s);
  BOOST_TEST(driver.sent<msg::TransferLeadership>().empty());
}

BOOST_FIXTURE_TEST_CASE(a_node_that_was_dead_must_settle_again, Fixture) {
  prefer(2);
  leads(1, 1, 1);
  is(2, msg::MemberState::dead);
  driver.advance(4s);
  is(2, msg::MemberState::alive);
  driver.advance(2s);
  BOOST_TEST(driver.sent<msg::TransferLeadership>().empty());
}

BOOST_FIXTURE_TEST_CASE(a_suspect_still_hears_who_leads, Fixture) {
  is(2, msg::MemberState::suspect);
  (void)driver.sent<msg::LeaderHints>();
  leads(1, 5, 1);
  driver.advance(2ms);
  bool is_told = false;
  for (const auto& [to, hints] : driver.sent<msg::LeaderHints>()) {
    is_told = is_told || to == address_of(NodeId{2}, msg::ActorKind::control);
  }
  BOOST_TEST(is_told);
}

BOOST_FIXTURE_TEST_CASE(groups_that_cannot_move_do_not_keep_others_from_their_turn, Fixture) {
  constexpr std::uint32_t count = 20;  // more than one batch, and none of them ever moves
  msg::MapUpdate update;
  for (std::uint32_t shard = 0; shard < count; ++shard) {
    msg::ShardRecord record;
    record.shard = shard;
    record.replicas = {2};
    update.map.shards.push_back(record);
    leads(group_of(ShardId{shard}).value, 1, 1);
  }
  driver.deliver(control, update);
  driver.advance(6s);
  std::set<std::uint32_t> asked;
  for (const auto& [to, transfer] : driver.sent<msg::TransferLeadership>()) {
    asked.insert(transfer.group);
  }
  BOOST_TEST(asked.size() == count);
}

BOOST_FIXTURE_TEST_CASE(leadership_does_not_move_to_a_draining_node, Fixture) {
  prefer(2);
  leads(1, 1, 1);
  msg::LeaderHints hints;
  hints.draining = true;
  driver.deliver(address_of(NodeId{2}, msg::ActorKind::pulse), hints);
  driver.advance(6s);
  BOOST_TEST(driver.sent<msg::TransferLeadership>().empty());
}

BOOST_FIXTURE_TEST_CASE(drain_moves_everything_away_and_says_when_done, Fixture) {
  leads(1, 1, 1);
  driver.deliver(control, msg::DrainNode{}, 9);
  BOOST_TEST(driver.sent<msg::TransferLeadership>().at(0).second.target == 0U);
  leads(1, 2, 3);
  driver.advance(1s);
  const auto progress = driver.sent<msg::DrainProgress>();
  BOOST_REQUIRE(!progress.empty());
  BOOST_TEST(progress.back().second.done);
}

BOOST_FIXTURE_TEST_CASE(who_asks_for_a_drain_again_is_told_once_a_round, Fixture) {
  leads(1, 1, 1);
  driver.deliver(control, msg::DrainNode{}, 9);
  driver.deliver(control, msg::DrainNode{}, 9);
  (void)driver.sent<msg::DrainProgress>();
  driver.advance(100ms);
  BOOST_TEST(driver.sent<msg::DrainProgress>().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
