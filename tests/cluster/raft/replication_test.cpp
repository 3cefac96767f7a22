// SPDX-License-Identifier: Apache-2.0
// Replication: what is accepted, what is acknowledged when, what commits.
#include "lab.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;
using namespace harka::raft;

namespace {

msg::AppendReply ack(Term term, LogIndex index) {
  return {7, term, true, index, 0, 0};
}

msg::AppendReply reject(Term term, LogIndex rejected, LogIndex hint, Term hint_term) {
  return {7, term, false, hint, hint_term, rejected};
}

const msg::AppendEntries* to(const Output& output, std::uint64_t id) {
  for (const Outgoing& outgoing : output.messages) {
    const auto* message = std::get_if<msg::AppendEntries>(&outgoing.message);
    if (outgoing.to.value == id && message != nullptr) {
      return message;
    }
  }
  return nullptr;
}

std::vector<std::string> strings(std::initializer_list<const char*> list) {
  return {list.begin(), list.end()};
}

Output propose(Solo& solo, const std::string& text) {
  (void)solo.raft->propose(bytes(text), solo.now);
  Output output = solo.raft->take();
  for (const Append& append : output.appends) {
    solo.ticket = append.ticket;
  }
  return output;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replication)

BOOST_AUTO_TEST_CASE(command_reaches_every_state_machine) {
  Lab lab;
  lab.lead(2);
  lab.put(2, "a");
  lab.put(2, "b");
  for (const std::uint64_t id : {1, 2, 3}) {
    BOOST_TEST(lab.applied(id) == strings({"a", "b"}), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(only_a_leader_takes_proposals) {
  Solo solo;
  BOOST_TEST((solo.raft->propose(bytes("x"), solo.now).error().code == Code::not_leader));
}

BOOST_AUTO_TEST_CASE(entries_go_out_before_the_own_disk_has_them) {
  Solo solo;
  solo.win();
  (void)solo.step(2, ack(1, 1));
  const Output output = propose(solo, "x");
  BOOST_REQUIRE(to(output, 2) != nullptr);
  BOOST_TEST(to(output, 2)->entries.size() == 1U);
}

BOOST_AUTO_TEST_CASE(proposals_of_one_turn_share_a_message) {
  Solo solo;
  solo.win();
  (void)solo.step(2, ack(1, 1));
  (void)solo.raft->propose(bytes("x"), solo.now);
  (void)solo.raft->propose(bytes("y"), solo.now);
  const Output output = propose(solo, "z");
  BOOST_TEST(to(output, 2)->entries.size() == 3U);
  BOOST_TEST(output.appends.size() == 1U);
}

BOOST_AUTO_TEST_CASE(leader_does_not_count_itself_before_its_disk) {
  Solo solo;
  solo.win();
  (void)solo.step(2, ack(1, 1));
  (void)propose(solo, "x");
  (void)solo.step(2, ack(1, 2));
  BOOST_TEST(solo.raft->commit_index() == 1U);
  (void)solo.sync();
  BOOST_TEST(solo.raft->commit_index() == 2U);
}

BOOST_AUTO_TEST_CASE(followers_alone_commit_while_the_leaders_disk_stalls) {
  Solo solo;
  solo.win();
  (void)propose(solo, "x");
  (void)solo.step(2, ack(1, 2));
  (void)solo.step(3, ack(1, 2));
  BOOST_TEST(solo.raft->commit_index() == 2U);
}

// Dissertation, figure 3.7: an entry of an older term on a majority is not committed by counting.
BOOST_AUTO_TEST_CASE(older_terms_entry_commits_only_with_one_of_the_own_term) {
  Solo solo(2, {entry(1, 1), entry(2, 2)});
  solo.win();  // term 3, its noop at 3
  (void)solo.step(2, ack(3, 2));
  BOOST_TEST(solo.raft->commit_index() == 0U);
  (void)solo.step(2, ack(3, 3));
  BOOST_TEST(solo.raft->commit_index() == 3U);
}

BOOST_AUTO_TEST_CASE(acknowledgement_waits_for_the_disk) {
  Solo solo;
  BOOST_TEST(solo.step(2, solo.append(1, 0, 0, {entry(1, 1)})).messages.empty());
  BOOST_TEST(the<msg::AppendReply>(solo.sync()).index == 1U);
}

BOOST_AUTO_TEST_CASE(acknowledgement_of_what_is_durable_is_immediate) {
  Solo solo;
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1)}));
  (void)solo.sync();
  const Output output = solo.step(2, solo.append(1, 0, 0, {entry(1, 1)}));
  BOOST_TEST(the<msg::AppendReply>(output).index == 1U);
}

BOOST_AUTO_TEST_CASE(acknowledgements_come_one_by_one_as_the_disk_goes) {
  Solo solo;
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1)}));
  const std::uint64_t first = solo.ticket;
  (void)solo.step(2, solo.append(1, 1, 1, {entry(2, 1)}));
  solo.raft->persisted(first, solo.now);
  BOOST_TEST(the<msg::AppendReply>(solo.raft->take()).index == 1U);
  BOOST_TEST(the<msg::AppendReply>(solo.sync()).index == 2U);
}

BOOST_AUTO_TEST_CASE(acknowledgement_to_a_deposed_leader_is_dropped) {
  Solo solo;
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1)}));
  (void)solo.step(3, solo.append(2, 0, 0, {entry(1, 2)}));
  const Output output = solo.sync();
  BOOST_TEST(count<msg::AppendReply>(output) == 1U);
  BOOST_TEST(the<msg::AppendReply>(output).term == 2U);
}

// A truncated entry's sync must not be taken for its successor's.
BOOST_AUTO_TEST_CASE(sync_of_a_truncated_entry_proves_nothing) {
  Solo solo;
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1), entry(2, 1)}));
  const std::uint64_t first = solo.ticket;
  (void)solo.step(3, solo.append(2, 1, 1, {entry(2, 2)}));
  solo.raft->persisted(first, solo.now);
  BOOST_TEST(solo.raft->durable_index() == 1U);
  (void)solo.raft->take();
  (void)solo.sync();
  BOOST_TEST(solo.raft->durable_index() == 2U);
}

BOOST_AUTO_TEST_CASE(truncation_takes_durability_back) {
  Solo solo(1, {entry(1, 1), entry(2, 1)});
  BOOST_TEST(solo.raft->durable_index() == 2U);
  BOOST_TEST(solo.step(2, solo.append(2, 1, 1, {entry(2, 2)})).messages.empty());
  BOOST_TEST(solo.raft->durable_index() == 1U);
}

BOOST_AUTO_TEST_CASE(repeated_message_truncates_nothing) {
  Solo solo;
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1), entry(2, 1), entry(3, 1)}));
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1)}));
  BOOST_TEST(solo.raft->last_index() == 3U);
}

BOOST_AUTO_TEST_CASE(conflicting_suffix_is_replaced) {
  Solo solo(1, {entry(1, 1), entry(2, 1), entry(3, 1)});
  const Output output = solo.step(2, solo.append(2, 1, 1, {entry(2, 2)}));
  BOOST_TEST(solo.raft->last_index() == 2U);
  BOOST_TEST(*solo.raft->term_at(2) == 2U);
  BOOST_REQUIRE(output.appends.size() == 1U);
  BOOST_TEST(output.appends[0].entries.front().index == 2U);
}

BOOST_AUTO_TEST_CASE(commit_stays_within_what_the_message_vouches_for) {
  Solo solo(1, {entry(1, 1), entry(2, 1), entry(3, 1)});
  (void)solo.step(2, solo.append(2, 1, 1, {}, 3));  // 2 and 3 may be another leader's
  BOOST_TEST(solo.raft->commit_index() == 1U);
}

BOOST_AUTO_TEST_CASE(late_message_does_not_move_the_commit_index_back) {
  Solo solo;
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1), entry(2, 1)}, 2));
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1)}, 9));
  BOOST_TEST(solo.raft->commit_index() == 2U);
}

BOOST_AUTO_TEST_CASE(gap_is_rejected_with_a_hint) {
  Solo solo(1, {entry(1, 1)});
  const Output output = solo.step(2, solo.append(1, 7, 1, {entry(8, 1)}));
  const auto reply = only<msg::AppendReply>(output);
  BOOST_TEST(!reply->success);
  BOOST_TEST(reply->index == 1U);
  BOOST_TEST(reply->hint_term == 1U);
  BOOST_TEST(reply->rejected_prev == 7U);
}

BOOST_AUTO_TEST_CASE(hint_skips_whole_terms) {
  Solo solo(4, {entry(1, 1), entry(2, 4), entry(3, 4), entry(4, 4), entry(5, 4)});
  const auto reply = only<msg::AppendReply>(solo.step(2, solo.append(5, 5, 3, {})));
  BOOST_TEST(reply->index == 1U);
}

BOOST_AUTO_TEST_CASE(leader_finds_the_point_of_agreement_by_the_hint) {
  Solo solo(3, {entry(1, 1), entry(2, 3), entry(3, 3), entry(4, 3)});
  solo.win();  // noop at 5, probes with prev 4
  const Output output = solo.step(2, reject(4, 4, 3, 1));
  BOOST_REQUIRE(to(output, 2) != nullptr);
  BOOST_TEST(to(output, 2)->prev_index == 1U);
}

BOOST_AUTO_TEST_CASE(stale_rejection_is_ignored) {
  Solo solo(1, {entry(1, 1)});
  solo.win();
  (void)solo.step(2, ack(2, 2));
  BOOST_TEST(solo.step(2, reject(2, 1, 0, 0)).messages.size() <= 1U);
  BOOST_TEST(solo.raft->progress()[0].match == 2U);
}

BOOST_AUTO_TEST_CASE(acknowledgement_of_what_was_never_sent_is_ignored) {
  Solo solo;
  solo.win();
  (void)solo.step(2, ack(1, 140724058864912));
  BOOST_TEST(solo.raft->commit_index() == 0U);
  BOOST_TEST(solo.raft->progress()[0].match == 0U);
}

BOOST_AUTO_TEST_CASE(pipeline_is_bounded_by_count) {
  Options options;
  options.in_flight_max = 3;
  Solo solo(0, {}, options);
  solo.win();
  (void)solo.step(2, ack(1, 1));
  std::size_t sent = 0;
  for (int i = 0; i < 10; ++i) {
    sent += to(propose(solo, "x"), 2) != nullptr ? 1 : 0;
  }
  BOOST_TEST(sent == 3U);
  const Output output = solo.step(2, ack(1, 2));  // one answered: the rest goes in one message
  BOOST_TEST(to(output, 2)->entries.size() == 7U);
}

BOOST_AUTO_TEST_CASE(pipeline_is_bounded_by_bytes) {
  Options options;
  options.append_bytes_max = 1000;
  options.in_flight_bytes_max = 2000;
  Solo solo(0, {}, options);
  solo.win();
  (void)solo.step(2, ack(1, 1));
  std::size_t sent = 0;
  for (int i = 0; i < 10; ++i) {
    sent += to(propose(solo, std::string(900, 'x')), 2) != nullptr ? 1 : 0;
  }
  BOOST_TEST(sent == 3U);
}

BOOST_AUTO_TEST_CASE(leader_refuses_what_it_cannot_hold_uncommitted) {
  Options options;
  options.uncommitted_bytes_max = 1000;
  Solo solo(0, {}, options);
  solo.win();
  (void)propose(solo, std::string(900, 'x'));
  const Result<LogIndex> refused = solo.raft->propose(bytes(std::string(900, 'x')), solo.now);
  BOOST_TEST((refused.error().code == Code::retry_later));
  (void)solo.step(2, ack(1, 2));
  (void)solo.step(3, ack(1, 2));
  BOOST_TEST(solo.raft->propose(bytes(std::string(900, 'x')), solo.now).ok());
}

BOOST_AUTO_TEST_CASE(log_writes_gather_while_the_disk_is_busy) {
  Options options;
  options.log_writes_pending_max = 2;
  Solo solo(0, {}, options);
  solo.win();
  BOOST_TEST(propose(solo, "a").appends.size() == 1U);
  const std::uint64_t first = solo.ticket;
  BOOST_TEST(propose(solo, "b").appends.size() == 1U);
  BOOST_TEST(propose(solo, "c").appends.empty());
  BOOST_TEST(propose(solo, "d").appends.empty());
  solo.raft->persisted(first, solo.now);
  const Output output = solo.raft->take();
  BOOST_REQUIRE(output.appends.size() == 1U);
  BOOST_TEST(output.appends[0].entries.size() == 2U);
  solo.raft->persisted(output.appends[0].ticket, solo.now);
  BOOST_TEST(solo.raft->durable_index() == solo.raft->last_index());
}

// An acknowledgement of gathered entries belongs to the write that will carry them.
BOOST_AUTO_TEST_CASE(acknowledgement_of_gathered_entries_waits_for_their_own_write) {
  Options options;
  options.log_writes_pending_max = 1;
  Solo solo(0, {}, options);
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1)}));
  const Output gathered = solo.step(2, solo.append(1, 1, 1, {entry(2, 1)}));
  BOOST_TEST(gathered.appends.empty());
  BOOST_TEST(the<msg::AppendReply>(solo.sync()).index == 1U);  // and hands out the second write
  BOOST_TEST(solo.raft->durable_index() == 1U);
  BOOST_TEST(the<msg::AppendReply>(solo.sync()).index == 2U);
}

BOOST_AUTO_TEST_CASE(vote_given_while_the_disk_is_busy_waits_for_its_own_write) {
  Options options;
  options.log_writes_pending_max = 1;
  Solo solo(0, {}, options);
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1)}));
  solo.now += 2s;  // no loyalty to the leader is left
  BOOST_TEST(solo.step(3, msg::VoteRequest{7, 2, 1, 1, false, false}).messages.empty());
  BOOST_TEST(count<msg::VoteReply>(solo.sync()) == 0U);
  BOOST_TEST(the<msg::VoteReply>(solo.sync()).granted);
}

BOOST_AUTO_TEST_CASE(lost_append_is_sent_again) {
  Lab lab;
  lab.lead(1);
  lab.cut(1, 2);
  lab.put(1, "lost for 2");
  lab.mend();
  lab.run(1s);
  BOOST_TEST(lab.applied(2).size() == 1U);
}

BOOST_AUTO_TEST_CASE(follower_that_was_away_catches_up) {
  Lab lab;
  lab.lead(1);
  lab.isolate(3);
  for (int i = 0; i < 50; ++i) {
    lab.put(1, "x");
  }
  lab.run(5s);
  lab.mend();
  lab.run(2s);
  BOOST_TEST(lab.applied(3).size() == 50U);
}

BOOST_AUTO_TEST_CASE(deposed_leaders_suffix_is_replaced) {
  Lab lab;
  lab.lead(1);
  lab.isolate(1);
  lab.put(1, "never");
  lab.run(2s);
  const std::uint64_t next = lab.leaders().at(0);
  lab.put(next, "instead");
  lab.mend();
  lab.run(2s);
  BOOST_TEST(lab.applied(1) == strings({"instead"}), boost::test_tools::per_element());
}

// A damaged log is shorter than what its owner acknowledged; the leader must find out by itself.
BOOST_AUTO_TEST_CASE(leader_refills_a_follower_that_lost_acknowledged_entries) {
  Lab lab;
  lab.lead(1);
  lab.put(1, "a");
  lab.crash(3);
  lab.lose_log(3);
  lab.restart(3);
  lab.run(2s);
  BOOST_TEST(lab.applied(3) == strings({"a"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(malformed_append_is_ignored) {
  Solo solo;
  (void)solo.step(2, solo.append(1, 0, 0, {entry(5, 1)}));
  BOOST_TEST(solo.raft->last_index() == 0U);
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 3)}));
  BOOST_TEST(solo.raft->last_index() == 0U);
}

BOOST_AUTO_TEST_CASE(second_leader_in_one_term_is_a_bug) {
  Solo solo;
  (void)solo.step(2, solo.append(1, 0, 0, {}));
  BOOST_CHECK_THROW((void)solo.step(3, solo.append(1, 0, 0, {})), Bug);
}

BOOST_AUTO_TEST_CASE(overwriting_a_committed_entry_is_a_bug) {
  Solo solo;
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1)}, 1));
  BOOST_CHECK_THROW((void)solo.step(3, solo.append(2, 0, 0, {entry(1, 2)})), Bug);
}

BOOST_AUTO_TEST_SUITE_END()
