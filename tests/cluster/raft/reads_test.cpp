// SPDX-License-Identifier: Apache-2.0
// Linearizable reads: leases, read index, and every way in which a deposed leader might answer.
#include "lab.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;
using namespace harka::raft;

namespace {

Lab::Setup without_leases() {
  Lab::Setup setup;
  setup.options.leases = false;
  return setup;
}

bool is_ok(const std::optional<ReadDone>& answer) {
  return answer.has_value() && answer->ok;
}

bool is_failed(const std::optional<ReadDone>& answer) {
  return answer.has_value() && !answer->ok;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reads)

BOOST_AUTO_TEST_CASE(leased_read_is_answered_at_once) {
  Lab lab;
  lab.lead(1);
  lab.put(1, "a");
  lab.run(100ms);
  lab.read(1, 5);
  BOOST_TEST(is_ok(lab.answer(1, 5)));
  BOOST_TEST(lab.answer(1, 5)->index == lab(1).commit_index());
}

BOOST_AUTO_TEST_CASE(lease_ends_before_the_followers_loyalty_does) {
  Lab lab;
  lab.lead(1);
  lab.run(200ms);
  BOOST_TEST(lab(1).has_lease(lab.now() + 269ms));
  BOOST_TEST(!lab(1).has_lease(lab.now() + 271ms));  // 300 ms less 10 % drift
}

// So that the beats of all groups of a node share a message to each peer.
BOOST_AUTO_TEST_CASE(leaders_of_different_ages_beat_at_the_same_ticks) {
  Solo early;
  early.win();
  Solo late;
  late.now += 30ms;
  late.win();
  early.now = late.now + 20ms;
  late.now = early.now;
  const Instant settled = early.now + 150ms;
  for (Instant now = early.now + 50ms; now < settled + 2s; now += 50ms) {
    bool has_early_beat = false;
    for (Solo* const solo : {&early, &late}) {
      (void)solo->step(2, msg::AppendReply{7, 1, true, 1, 0, 0});  // a follower is there
      const bool has_beat = !solo->tick(now - solo->now).beats.empty();
      if (solo == &early) {
        has_early_beat = has_beat;
      } else if (now >= settled) {
        BOOST_TEST(has_beat == has_early_beat);
      }
    }
  }
}

// The lease counts from the time a heartbeat left, not from its answer's arrival.
BOOST_AUTO_TEST_CASE(late_answers_do_not_stretch_the_lease) {
  Solo solo;
  solo.win();
  (void)solo.step(2, msg::AppendReply{7, 1, true, 1, 0, 0});
  const Output output = solo.tick(100ms);
  BOOST_REQUIRE(!output.beats.empty());
  solo.now += 250ms;
  (void)solo.step(2, msg::HeartbeatReply{{7, 1, output.beats[0].beat.read_context}, 2});
  BOOST_TEST(solo.raft->has_lease(solo.now));
  BOOST_TEST(!solo.raft->has_lease(solo.now + 21ms));
}

BOOST_AUTO_TEST_CASE(isolated_leader_answers_no_read_after_its_lease) {
  Lab lab;
  lab.lead(1);
  lab.run(200ms);
  lab.isolate(1);
  lab.run(300ms);
  lab.read(1, 5);
  BOOST_TEST(!lab.answer(1, 5).has_value());
  lab.run(2s);
  BOOST_TEST(is_failed(lab.answer(1, 5)));
}

BOOST_AUTO_TEST_CASE(without_leases_a_read_costs_a_round) {
  Lab lab(without_leases());
  lab.lead(1);
  lab.forget_sent();
  lab.read(1, 5);
  BOOST_TEST(!lab.answer(1, 5).has_value());
  lab.settle();
  BOOST_TEST(is_ok(lab.answer(1, 5)));
  BOOST_TEST(lab.sent<msg::Heartbeat>() == 2U);
}

// Nobody is left whose answer to another heartbeat could do it (core seed 337).
BOOST_AUTO_TEST_CASE(read_is_answered_when_its_leader_is_left_alone) {
  Options options;
  options.leases = false;
  Solo solo(0, {}, options);
  solo.win();
  (void)solo.step(2, msg::AppendReply{7, 1, true, 1, 0, 0});
  solo.raft->read(5, solo.now);
  BOOST_TEST(solo.tick(0ms).reads.empty());
  BOOST_TEST(solo.raft->change_config({NodeId{1}}, {}, solo.now).ok());
  (void)solo.tick(0ms);
  (void)solo.sync();
  (void)solo.step(2, msg::AppendReply{7, 1, true, 2, 0, 0});
  (void)solo.sync();
  BOOST_REQUIRE(!solo.raft->is_change_pending());
  const Output output = solo.tick(50ms);
  BOOST_REQUIRE(output.reads.size() == 1U);
  BOOST_TEST(output.reads[0].ok);
}

BOOST_AUTO_TEST_CASE(reads_that_wait_together_share_a_round) {
  Lab lab(without_leases());
  lab.lead(1);
  lab.forget_sent();
  for (std::uint64_t context = 1; context <= 10; ++context) {
    lab.read(1, context);
  }
  lab.settle();
  BOOST_TEST(is_ok(lab.answer(1, 10)));
  BOOST_TEST(lab.sent<msg::Heartbeat>() == 4U);  // the first read's round, and one for the rest
}

BOOST_AUTO_TEST_CASE(round_that_began_before_the_read_does_not_serve_it) {
  Options options;
  options.leases = false;
  Solo solo(0, {}, options);
  solo.win();
  (void)solo.step(2, msg::AppendReply{7, 1, true, 1, 0, 0});
  const Output before = solo.tick(100ms);
  solo.raft->read(5, solo.now);
  const Output during = solo.raft->take();
  (void)during;
  BOOST_TEST(solo.step(2, msg::HeartbeatReply{{7, 1, before.beats[0].beat.read_context}, 2})
                 .reads.empty());
}

// Dissertation, 6.4: a new leader does not know yet what is committed.
BOOST_AUTO_TEST_CASE(new_leaders_read_waits_for_its_first_commit) {
  Restored restored;
  restored.hard_state.term = 1;
  restored.entries = {entry(1, 1), entry(2, 1)};
  restored.applied_index = 1;
  restored.applied_term = 1;
  restored.config.voters = {1, 2, 3};
  Solo solo(restored);
  solo.win();
  solo.raft->read(5, solo.now);
  const Output asked = solo.raft->take();
  BOOST_TEST(asked.reads.empty());
  BOOST_TEST(count<msg::Heartbeat>(asked) == 0U);  // no round helps before the commit
  const Output output = solo.step(2, msg::AppendReply{7, 2, true, 3, 0, 0});
  std::uint64_t context = 0;
  for (const Outgoing& outgoing : output.messages) {
    if (const auto* beat = std::get_if<msg::Heartbeat>(&outgoing.message); beat != nullptr) {
      context = std::max(context, beat->beat.read_context);
    }
  }
  const Output done = solo.step(2, msg::HeartbeatReply{{7, 2, context}, 2});
  BOOST_REQUIRE(done.reads.size() == 1U);
  BOOST_TEST(done.reads[0].index == 3U);
}

BOOST_AUTO_TEST_CASE(lone_voter_answers_reads_alone) {
  Lab lab({1, {1}, {}});
  lab.run(1s);
  lab.read(1, 5);
  BOOST_TEST(is_ok(lab.answer(1, 5)));
}

BOOST_AUTO_TEST_CASE(follower_asks_its_leader) {
  Lab lab;
  lab.lead(1);
  lab.put(1, "a");
  lab.read(3, 5);
  lab.settle();
  BOOST_TEST(is_ok(lab.answer(3, 5)));
  BOOST_TEST(lab.answer(3, 5)->index == lab(1).commit_index());
}

BOOST_AUTO_TEST_CASE(followers_read_fails_when_the_leader_is_gone) {
  Lab lab;
  lab.lead(1);
  lab.isolate(1);
  lab.read(3, 5);
  lab.run(1s);
  BOOST_TEST(is_failed(lab.answer(3, 5)));
}

BOOST_AUTO_TEST_CASE(read_without_a_leader_fails_at_once) {
  Lab lab;
  lab.read(3, 5);
  BOOST_TEST(is_failed(lab.answer(3, 5)));
}

BOOST_AUTO_TEST_CASE(answer_for_an_earlier_life_is_not_taken) {
  Solo solo;
  (void)solo.step(2, solo.append(1, 0, 0, {}));
  solo.raft->read(5, solo.now);
  const auto first = only<msg::ReadIndexRequest>(solo.raft->take());
  BOOST_REQUIRE(first.has_value());
  Options options;
  options.random_seed = 99;  // another incarnation
  Solo reborn(0, {}, options);
  (void)reborn.step(2, reborn.append(1, 0, 0, {}));
  reborn.raft->read(5, reborn.now);
  (void)reborn.raft->take();
  BOOST_TEST(reborn.step(2, msg::ReadIndexReply{7, first->context, 0, true}).reads.empty());
}

BOOST_AUTO_TEST_CASE(deposed_leader_fails_its_reads) {
  Lab lab(without_leases());
  lab.lead(1);
  lab.isolate(1);
  lab.read(1, 5);
  lab(1).step(NodeId{2}, msg::AppendReply{7, 9, false, 0, 0, 0}, lab.now());
  lab.pump(1);
  BOOST_TEST(is_failed(lab.answer(1, 5)));
}

BOOST_AUTO_TEST_CASE(lease_is_dropped_while_a_transfer_is_pending) {
  Lab lab;
  lab.lead(1);
  lab.run(200ms);
  lab.cut(1, 2);
  BOOST_TEST(lab(1).transfer(NodeId{2}, lab.now()).ok());
  BOOST_TEST(!lab(1).has_lease(lab.now()));
}

// The TimeoutNow may be delivered long after the leader gave the transfer up.
BOOST_AUTO_TEST_CASE(lease_stays_forfeited_after_an_aborted_transfer) {
  Lab lab;
  lab.lead(1);
  lab.run(200ms);
  lab.cut(1, 2);
  BOOST_TEST(lab(1).transfer(NodeId{2}, lab.now()).ok());
  lab.pump(1);
  lab.run(1s);
  BOOST_TEST(!lab(1).is_transfer_pending());
  BOOST_TEST(!lab(1).has_lease(lab.now()));
  lab.mend();
  lab.read(1, 5);
  lab.settle();
  BOOST_TEST(is_ok(lab.answer(1, 5)));  // by a round
}

BOOST_AUTO_TEST_CASE(beat_is_answered_only_when_the_term_is_durable) {
  Solo solo;
  msg::Heartbeat beat;
  beat.beat.term = 4;
  beat.beat.read_context = 9;
  BOOST_TEST(solo.step(2, beat).messages.empty());
  BOOST_TEST(the<msg::HeartbeatReply>(solo.sync()).reply.read_context == 9U);
}

BOOST_AUTO_TEST_CASE(coalesced_beat_is_answered_coalesced) {
  Solo solo(4);
  solo.raft->beat(NodeId{2}, msg::Beat{7, 4, 0, 9}, solo.now);
  // With it the vote of this term is spent, and that must be durable first.
  BOOST_TEST(solo.collect().beat_replies.empty());
  BOOST_TEST(the<msg::HeartbeatReply>(solo.sync()).reply.read_context == 9U);
  solo.raft->beat(NodeId{2}, msg::Beat{7, 4, 0, 10}, solo.now);
  const Output output = solo.collect();
  BOOST_REQUIRE(output.beat_replies.size() == 1U);
  BOOST_TEST(output.beat_replies[0].reply.read_context == 10U);
}

BOOST_AUTO_TEST_SUITE_END()
