// SPDX-License-Identifier: Apache-2.0
// Elections: who may stand, who may vote, and what must be durable before anybody hears of it.
#include "lab.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;
using namespace harka::raft;

namespace {

msg::VoteRequest request(Term term, LogIndex last = 0, Term last_term = 0) {
  msg::VoteRequest message;
  message.term = term;
  message.last_index = last;
  message.last_term = last_term;
  return message;
}

msg::VoteRequest pre_vote(Term term, LogIndex last = 0, Term last_term = 0) {
  msg::VoteRequest message = request(term, last, last_term);
  message.pre_vote = true;
  return message;
}

msg::Heartbeat heartbeat(Term term, LogIndex commit = 0) {
  msg::Heartbeat message;
  message.beat.term = term;
  message.beat.commit = commit;
  message.beat.read_context = 1;
  return message;
}

Restored lone_voter() {
  Restored restored;
  restored.config.voters = {1};
  return restored;
}

Restored damaged_at(Term floor) {
  Restored restored;
  restored.hard_state.term = floor;
  restored.config.voters = {1, 2, 3};
  restored.tainted = true;
  restored.term_floor = floor;
  return restored;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(election)

BOOST_AUTO_TEST_CASE(three_replicas_elect_one_leader) {
  Lab lab;
  lab.run(2s);
  BOOST_TEST(lab.leaders().size() == 1U);
}

BOOST_AUTO_TEST_CASE(lone_voter_leads_only_when_its_vote_is_durable) {
  Solo solo(lone_voter());
  (void)solo.tick(1s);
  BOOST_TEST(!solo.raft->is_leader());
  (void)solo.sync();
  BOOST_TEST(solo.raft->is_leader());
}

BOOST_AUTO_TEST_CASE(lone_voter_never_leads_one_term_twice) {
  Lab lab({1, {1}, {}});
  lab.stall(1);
  lab.run(2s);
  const Term before = lab(1).term();
  BOOST_TEST(!lab(1).is_leader());
  lab.crash(1);
  lab.restart(1);
  lab.run(2s);
  BOOST_TEST(lab(1).is_leader());
  BOOST_TEST(lab(1).term() <= before);  // the term that nobody led is used now, for the first time
}

BOOST_AUTO_TEST_CASE(preferred_leader_of_a_new_group_stands_at_once) {
  Options options;
  options.preferred_leader = true;
  Solo solo(0, {}, options);
  BOOST_TEST(count<msg::VoteRequest>(solo.tick(0ms)) == 2U);
}

BOOST_AUTO_TEST_CASE(candidate_asks_only_when_its_own_vote_is_durable) {
  Solo solo;
  (void)solo.tick(1s);
  BOOST_TEST(count<msg::VoteRequest>(solo.step(2, msg::VoteReply{7, 1, true, true})) == 0U);
  BOOST_TEST(count<msg::VoteRequest>(solo.sync()) == 2U);
}

// What it says of its log may be wrong by then (core seed 2277).
BOOST_AUTO_TEST_CASE(candidature_that_was_given_up_is_not_announced) {
  Solo solo;
  (void)solo.tick(1s);
  (void)solo.step(2, msg::VoteReply{7, 1, true, true});
  (void)solo.step(3, heartbeat(1));
  BOOST_TEST(count<msg::VoteRequest>(solo.sync()) == 0U);
}

BOOST_AUTO_TEST_CASE(vote_is_sent_only_when_durable) {
  Solo solo;
  BOOST_TEST(solo.step(2, request(1)).messages.empty());
  const Output output = solo.sync();
  BOOST_TEST(the<msg::VoteReply>(output).granted);
}

BOOST_AUTO_TEST_CASE(repeated_request_gets_the_vote_again) {
  Solo solo;
  (void)solo.step(2, request(1));
  (void)solo.sync();
  BOOST_TEST(the<msg::VoteReply>(solo.step(2, request(1))).granted);
}

BOOST_AUTO_TEST_CASE(one_vote_a_term) {
  Solo solo;
  (void)solo.step(2, request(1));
  (void)solo.sync();
  BOOST_TEST(!the<msg::VoteReply>(solo.step(3, request(1))).granted);
}

BOOST_AUTO_TEST_CASE(vote_survives_a_restart) {
  Restored restored;
  restored.hard_state = {4, 2};
  restored.config.voters = {1, 2, 3};
  Solo solo(restored);
  BOOST_TEST(!the<msg::VoteReply>(solo.step(3, request(4))).granted);
}

BOOST_AUTO_TEST_CASE(shorter_log_gets_no_vote) {
  Solo solo(2, {entry(1, 1), entry(2, 2)});
  BOOST_TEST(!the<msg::VoteReply>(solo.step(2, request(3, 1, 2))).granted);
}

BOOST_AUTO_TEST_CASE(longer_log_of_an_older_term_gets_no_vote) {
  Solo solo(2, {entry(1, 1), entry(2, 2)});
  BOOST_TEST(!the<msg::VoteReply>(solo.step(2, request(3, 9, 1))).granted);
}

BOOST_AUTO_TEST_CASE(vote_of_an_old_term_does_not_count) {
  Solo solo;
  (void)solo.tick(1s);
  (void)solo.step(2, msg::VoteReply{7, 1, true, true});
  (void)solo.sync();  // a candidate of term 1
  (void)solo.tick(1s);
  (void)solo.step(2, msg::VoteReply{7, 2, true, true});
  (void)solo.sync();  // of term 2
  BOOST_TEST(solo.raft->term() == 2U);
  (void)solo.step(2, msg::VoteReply{7, 1, true, false});
  BOOST_TEST(!solo.raft->is_leader());
}

BOOST_AUTO_TEST_CASE(same_voter_counts_once) {
  Restored restored;
  restored.config.voters = {1, 2, 3, 4, 5};
  Solo solo(restored);
  (void)solo.tick(1s);
  (void)solo.step(2, msg::VoteReply{7, 1, true, true});
  (void)solo.step(2, msg::VoteReply{7, 1, true, true});
  BOOST_TEST(solo.raft->term() == 0U);
}

BOOST_AUTO_TEST_CASE(pre_vote_changes_nothing_at_the_voter) {
  Solo solo;
  const Output output = solo.step(2, pre_vote(5));
  BOOST_TEST(the<msg::VoteReply>(output).granted);
  BOOST_TEST(output.appends.empty());
  BOOST_TEST(solo.raft->term() == 0U);
}

BOOST_AUTO_TEST_CASE(isolated_node_does_not_raise_its_term) {
  Lab lab;
  lab.lead(1);
  lab.isolate(3);
  lab.run(10s);
  BOOST_TEST(lab(3).term() == lab(1).term());
}

BOOST_AUTO_TEST_CASE(returning_node_does_not_disturb_the_leader) {
  Lab lab;
  lab.lead(1);
  const Term term = lab(1).term();
  lab.isolate(3);
  lab.run(10s);
  lab.mend();
  lab.run(2s);
  BOOST_TEST(lab(1).is_leader());
  BOOST_TEST(lab(1).term() == term);
}

BOOST_AUTO_TEST_CASE(who_heard_a_leader_votes_for_nobody_else) {
  Solo solo;
  (void)solo.step(2, heartbeat(1));
  (void)solo.sync();
  solo.now += 100ms;
  BOOST_TEST(solo.step(3, request(2)).messages.empty());
  BOOST_TEST(solo.raft->term() == 1U);
}

BOOST_AUTO_TEST_CASE(who_heard_a_leader_grants_no_pre_vote) {
  Solo solo;
  (void)solo.step(2, heartbeat(1));
  solo.now += 100ms;
  BOOST_TEST(!the<msg::VoteReply>(solo.step(3, pre_vote(2))).granted);
}

BOOST_AUTO_TEST_CASE(loyalty_ends_with_time_not_with_news) {
  Solo solo;
  (void)solo.step(2, heartbeat(1));
  (void)solo.sync();
  solo.now += 301ms;
  (void)solo.step(3, request(2));
  BOOST_TEST(the<msg::VoteReply>(solo.sync()).granted);
}

BOOST_AUTO_TEST_CASE(loyalty_outlives_a_change_of_term) {
  Solo solo;
  (void)solo.step(2, heartbeat(1));
  (void)solo.step(2, msg::AppendReply{7, 5, false, 0, 0, 0});  // news of term 5, leader unknown
  BOOST_TEST(solo.raft->term() == 5U);
  solo.now += 100ms;
  BOOST_TEST(solo.step(3, request(6)).appends.empty());
  BOOST_TEST(solo.raft->term() == 5U);
}

BOOST_AUTO_TEST_CASE(restarted_replica_is_silent_for_one_timeout) {
  Solo solo(3);
  solo.now -= 900ms;  // 100 ms after its start
  BOOST_TEST(solo.step(2, request(4)).appends.empty());
  BOOST_TEST(solo.raft->term() == 3U);
  solo.now += 300ms;
  (void)solo.step(2, request(4));
  BOOST_TEST(the<msg::VoteReply>(solo.sync()).granted);
}

BOOST_AUTO_TEST_CASE(new_replica_votes_at_once) {
  Solo solo;
  solo.now -= 1s;
  (void)solo.step(2, request(1));
  BOOST_TEST(the<msg::VoteReply>(solo.sync()).granted);
}

BOOST_AUTO_TEST_CASE(transfer_overrides_loyalty) {
  Solo solo;
  (void)solo.step(2, heartbeat(1));
  msg::VoteRequest message = request(2);
  message.transfer = true;
  (void)solo.step(3, message);
  BOOST_TEST(the<msg::VoteReply>(solo.sync()).granted);
}

BOOST_AUTO_TEST_CASE(leader_steps_down_on_higher_term) {
  Lab lab;
  lab.lead(1);
  lab(1).step(NodeId{2}, msg::AppendReply{7, 9, false, 0, 0, 0}, lab.now());
  BOOST_TEST(!lab(1).is_leader());
  BOOST_TEST(lab(1).term() == 9U);
}

BOOST_AUTO_TEST_CASE(stale_leader_learns_of_the_new_term) {
  Solo solo(5);
  const Output output = solo.step(2, solo.append(3, 0, 0, {}));
  BOOST_TEST(the<msg::AppendReply>(output).term == 5U);
  BOOST_TEST(!the<msg::AppendReply>(output).success);
}

BOOST_AUTO_TEST_CASE(leader_without_a_quorum_steps_down) {
  Lab lab;
  lab.lead(1);
  lab.isolate(1);
  lab.run(1s);
  BOOST_TEST(!lab(1).is_leader());
}

BOOST_AUTO_TEST_CASE(leader_ignores_a_candidate_while_its_quorum_answers) {
  Lab lab;
  lab.lead(1);
  const Term term = lab(1).term();
  msg::VoteRequest message = request(term + 1, 99, 99);
  message.group = 7;
  lab(1).step(NodeId{3}, message, lab.now());
  BOOST_TEST(lab(1).is_leader());
  BOOST_TEST(lab(1).term() == term);
}

BOOST_AUTO_TEST_CASE(of_two_pre_candidates_the_later_one_in_the_configuration_waits) {
  const auto waits = [](const std::vector<std::uint64_t>& voters) {
    Restored restored;
    restored.config.voters = voters;
    Solo solo(restored);  // node 1
    (void)solo.tick(1s);
    BOOST_REQUIRE((solo.raft->role() == Role::pre_candidate));
    BOOST_TEST(the<msg::VoteReply>(solo.step(2, pre_vote(1))).granted);
    return solo.raft->role() == Role::follower;
  };
  BOOST_TEST(waits({3, 2, 1}));
  BOOST_TEST(!waits({3, 1, 2}));
}

BOOST_AUTO_TEST_CASE(a_pre_candidate_waits_for_one_with_a_newer_log) {
  Solo solo(2, {entry(1, 1)});
  (void)solo.tick(1s);
  BOOST_REQUIRE((solo.raft->role() == Role::pre_candidate));
  (void)solo.step(3, pre_vote(3, 1, 1));
  BOOST_TEST((solo.raft->role() == Role::pre_candidate));
  (void)solo.step(3, pre_vote(3, 2, 1));
  BOOST_TEST((solo.raft->role() == Role::follower));
}

BOOST_AUTO_TEST_CASE(tainted_replica_does_not_vote) {
  Restored restored;
  restored.hard_state.term = 2;
  restored.config.voters = {1, 2, 3};
  restored.tainted = true;
  restored.high_water = 5;
  Solo solo(restored);
  BOOST_TEST(!the<msg::VoteReply>(solo.step(2, request(3, 9, 9))).granted);
}

BOOST_AUTO_TEST_CASE(tainted_replica_does_not_stand) {
  Restored restored;
  restored.hard_state.term = 2;
  restored.config.voters = {1};
  restored.tainted = true;
  restored.high_water = 5;
  Solo solo(restored);
  (void)solo.tick(10s);
  (void)solo.sync();
  BOOST_TEST(solo.raft->term() == 2U);
}

BOOST_AUTO_TEST_CASE(tainted_replica_votes_again_when_it_caught_up) {
  Restored restored;
  restored.hard_state.term = 2;
  restored.config.voters = {1, 2, 3};
  restored.tainted = true;
  restored.high_water = 2;
  Solo solo(restored);
  (void)solo.step(2, solo.append(2, 0, 0, {entry(1, 2)}));
  (void)solo.sync();
  BOOST_TEST(solo.raft->is_tainted());
  (void)solo.step(2, solo.append(2, 1, 2, {entry(2, 2)}));
  BOOST_TEST(solo.raft->is_tainted());  // not durable yet
  (void)solo.sync();
  BOOST_TEST(!solo.raft->is_tainted());
}

BOOST_AUTO_TEST_CASE(after_damage_only_an_entry_above_the_floor_makes_a_log_whole) {
  Solo solo(damaged_at(100));
  (void)solo.step(2, solo.append(101, 0, 0, {entry(1, 2), entry(2, 99)}));
  (void)solo.sync();
  BOOST_TEST(solo.raft->is_tainted());
  (void)solo.step(2, solo.append(101, 2, 99, {entry(3, 101)}));
  BOOST_TEST(solo.raft->is_tainted());  // not durable yet
  (void)solo.sync();
  BOOST_TEST(!solo.raft->is_tainted());
}

BOOST_AUTO_TEST_CASE(after_damage_a_leader_from_before_it_is_not_followed) {
  Solo solo(damaged_at(100));
  const auto reply = the<msg::AppendReply>(solo.step(2, solo.append(3, 0, 0, {entry(1, 3)})));
  BOOST_TEST(!reply.success);
  BOOST_TEST(reply.term == 100U);  // which makes it step down
  BOOST_TEST(solo.raft->last_index() == 0U);
}

BOOST_AUTO_TEST_CASE(after_damage_a_state_above_the_floor_makes_a_log_whole) {
  Restored restored = damaged_at(100);
  restored.applied_index = 7;
  restored.applied_term = 101;
  BOOST_TEST(!Solo(restored).raft->is_tainted());
  restored.applied_term = 99;
  BOOST_TEST(Solo(restored).raft->is_tainted());
}

BOOST_AUTO_TEST_CASE(a_damaged_replica_of_an_idle_group_votes_again) {
  Lab lab;
  lab.lead(1);
  lab.put(1, "a");
  lab.crash(3);
  lab.damage_log(3);
  lab.restart(3);
  BOOST_TEST(lab(3).is_tainted());
  lab.run(3s);
  BOOST_TEST(!lab(3).is_tainted());
  BOOST_TEST(lab.applied(3).size() == 1U);
}

BOOST_AUTO_TEST_CASE(tainted_replica_of_an_idle_group_asks_for_a_probe) {
  Restored restored;
  restored.hard_state.term = 2;
  restored.config.voters = {1, 2, 3};
  restored.start_index = 5;
  restored.start_term = 2;
  restored.applied_index = 5;  // it has everything, but nobody has said so since it started
  restored.applied_term = 2;
  restored.tainted = true;
  restored.high_water = 5;
  Solo solo(restored);
  msg::Heartbeat heartbeat;
  heartbeat.from = 2;
  heartbeat.beat.term = 2;
  heartbeat.beat.commit = 5;
  heartbeat.beat.group = solo.append(2, 0, 0, {}).group;
  const auto asks = the<msg::AppendReply>(solo.step(2, heartbeat));
  BOOST_TEST(!asks.success);
  BOOST_TEST(asks.index < 5U);
  BOOST_TEST(asks.rejected_prev == 5U);
  (void)solo.step(2, solo.append(2, 5, 2, {}));
  BOOST_TEST(!solo.raft->is_tainted());
}

BOOST_AUTO_TEST_CASE(a_replica_whose_state_is_gone_begins_anew_and_does_not_vote_meanwhile) {
  Restored restored;
  restored.hard_state.term = 2;
  restored.config.voters = {1, 2, 3};
  restored.start_index = 7;  // what came before was only in the state
  restored.start_term = 1;
  restored.entries = {entry(8, 2)};
  restored.tainted = true;
  restored.high_water = 8;
  Solo solo(restored);
  BOOST_TEST(solo.raft->applied_index() == 0U);
  BOOST_TEST(!the<msg::VoteReply>(solo.step(2, request(3, 9, 9))).granted);
  const auto reply = the<msg::AppendReply>(solo.step(2, solo.append(3, 8, 2, {entry(9, 3)})));
  BOOST_TEST(!reply.success);
  BOOST_TEST(reply.index == 0U);  // all of it, please
}

BOOST_AUTO_TEST_CASE(replica_that_was_told_no_configuration_does_not_vote) {
  Solo solo(Restored{});
  BOOST_TEST(!the<msg::VoteReply>(solo.step(2, pre_vote(3, 9, 9))).granted);
  BOOST_TEST(!the<msg::VoteReply>(solo.step(2, request(3, 9, 9))).granted);
}

BOOST_AUTO_TEST_CASE(who_hears_a_leader_has_spent_its_vote_of_that_term) {
  Solo solo;
  const Output output = solo.step(2, solo.append(3, 0, 0, {entry(1, 3)}));
  BOOST_REQUIRE(output.appends.size() == 1U);
  BOOST_TEST(output.appends[0].hard_state->vote == 2U);
}

BOOST_AUTO_TEST_CASE(server_outside_its_newest_uncommitted_configuration_stands) {
  msg::GroupConfig without;
  without.voters = {2};
  Solo solo(1, {config_entry(1, 1, {{2}, {1, 2, 3}, {}}), config_entry(2, 1, without)});
  BOOST_TEST(count<msg::VoteRequest>(solo.tick(1s)) == 1U);  // and asks by the newest one
}

BOOST_AUTO_TEST_CASE(server_outside_its_committed_configuration_does_not_stand) {
  Restored restored;
  restored.hard_state.term = 1;
  restored.entries = {config_entry(1, 1, {{2}, {}, {}})};
  restored.applied_index = 1;
  restored.applied_term = 1;
  restored.config.voters = {2};
  Solo solo(restored);
  BOOST_TEST(solo.tick(5s).messages.empty());
}

BOOST_AUTO_TEST_CASE(learner_does_not_stand) {
  Restored restored;
  restored.config.voters = {2, 3};
  restored.config.learners = {1};
  Solo solo(restored);
  BOOST_TEST(solo.raft->is_learner());
  BOOST_TEST(solo.tick(5s).messages.empty());
}

BOOST_AUTO_TEST_CASE(messages_of_other_groups_are_ignored) {
  Solo solo;
  msg::VoteRequest message = request(1);
  message.group = 8;
  solo.raft->step(NodeId{2}, message, solo.now);
  BOOST_TEST(solo.raft->take().empty());
}

BOOST_AUTO_TEST_SUITE_END()
