// SPDX-License-Identifier: Apache-2.0
// Snapshots: chunks that get lost, come late or come twice, and logs that know better.
#include "lab.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;
using namespace harka::raft;

namespace {

msg::SnapshotChunk chunk(
    Term term, LogIndex index, Term index_term, std::uint32_t sequence, bool done) {
  msg::SnapshotChunk message;
  message.term = term;
  message.snapshot_index = index;
  message.snapshot_term = index_term;
  message.config.voters = {1, 2, 3};
  message.sequence = sequence;
  message.done = done;
  return message;
}

Output installed(Solo& solo, LogIndex index, std::uint32_t sequence, bool done) {
  solo.raft->chunk_installed(index, sequence, done, solo.now);
  Output output = solo.raft->take();
  for (const Append& append : output.appends) {
    solo.ticket = append.ticket;
  }
  return output;
}

Lab::Setup forgetful() {
  Lab::Setup setup;
  setup.options.retained_bytes_max = 0;
  return setup;
}

/// Leader 1 has forgotten what node 3 needs.
void leave_behind(Lab& lab) {
  lab.lead(1);
  lab.isolate(3);
  for (const char* text : {"a", "b", "c", "d"}) {
    lab.put(1, text);
  }
  lab.flush(1);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(snapshots)

BOOST_AUTO_TEST_CASE(follower_behind_the_log_gets_a_snapshot) {
  Lab lab(forgetful());
  leave_behind(lab);
  lab.mend();
  lab.run(2s);
  BOOST_TEST(lab.applied(3) == lab.applied(1), boost::test_tools::per_element());
  BOOST_TEST(lab.sent<msg::SnapshotChunk>() >= 5U);
}

BOOST_AUTO_TEST_CASE(replication_goes_on_behind_the_snapshot) {
  Lab lab(forgetful());
  leave_behind(lab);
  lab.mend();
  lab.run(2s);
  lab.put(1, "e");
  BOOST_TEST(lab.applied(3).size() == 5U);
}

BOOST_AUTO_TEST_CASE(snapshot_survives_loss_in_the_middle) {
  Lab lab(forgetful());
  leave_behind(lab);
  lab.mend();
  lab.cut(3, 1);  // answers get lost
  lab.run(300ms);
  lab.mend();
  lab.run(3s);
  BOOST_TEST(lab.applied(3).size() == 4U);
}

// The host could not provide one: ask again, but not in a loop.
BOOST_AUTO_TEST_CASE(snapshot_is_asked_for_again_after_a_failure) {
  Restored restored;
  restored.hard_state.term = 1;
  restored.start_index = 5;
  restored.start_term = 1;
  restored.applied_index = 5;
  restored.applied_term = 1;
  restored.config.voters = {1, 2, 3};
  Solo solo(restored);
  solo.win();
  const Output asked = solo.step(2, msg::AppendReply{7, 2, false, 0, 0, 5});
  BOOST_REQUIRE(asked.snapshots_wanted.size() == 1U);
  SnapshotChunkData failed;
  failed.failed = true;
  solo.raft->provide_chunk(NodeId{2}, failed, solo.now);
  BOOST_TEST(solo.raft->take().snapshots_wanted.empty());
  solo.now += 550ms;
  (void)solo.step(2, msg::AppendReply{7, 2, false, 0, 0, 5});  // it lives
  (void)solo.step(3, msg::AppendReply{7, 2, true, 6, 0, 0});
  BOOST_TEST(solo.tick(100ms).snapshots_wanted.size() == 1U);
}

BOOST_AUTO_TEST_CASE(restarted_follower_begins_the_snapshot_anew) {
  Lab lab(forgetful());
  leave_behind(lab);
  lab.mend();
  lab.run(150ms);
  lab.crash(3);
  lab.restart(3);
  lab.run(4s);
  BOOST_TEST(lab.applied(3).size() == 4U);
}

BOOST_AUTO_TEST_CASE(chunk_that_is_not_the_next_is_asked_for_by_number) {
  Solo solo;
  (void)solo.step(2, chunk(1, 9, 1, 0, false));
  (void)installed(solo, 9, 0, false);
  const Output output = solo.step(2, chunk(1, 9, 1, 5, false));
  BOOST_TEST(!output.install.has_value());
  BOOST_TEST(the<msg::SnapshotReply>(output).next_sequence == 1U);
}

BOOST_AUTO_TEST_CASE(repeated_chunk_is_not_staged_twice) {
  Solo solo;
  (void)solo.step(2, chunk(1, 9, 1, 0, false));
  BOOST_TEST(!solo.step(2, chunk(1, 9, 1, 0, false)).install.has_value());
}

// It has lost its place in the snapshot, and could not give the next chunk.
BOOST_AUTO_TEST_CASE(leader_that_begins_a_snapshot_anew_is_followed) {
  Solo solo;
  (void)solo.step(2, chunk(1, 9, 1, 0, false));
  (void)installed(solo, 9, 0, false);
  (void)solo.step(2, chunk(1, 9, 1, 1, false));
  (void)installed(solo, 9, 1, false);
  BOOST_REQUIRE(solo.step(2, chunk(1, 9, 1, 0, false)).install.has_value());
  const Output output = installed(solo, 9, 0, false);
  BOOST_TEST(the<msg::SnapshotReply>(output).next_sequence == 1U);
}

BOOST_AUTO_TEST_CASE(other_snapshot_starts_at_its_beginning) {
  Solo solo;
  (void)solo.step(2, chunk(1, 9, 1, 0, false));
  (void)installed(solo, 9, 0, false);
  const Output output = solo.step(2, chunk(1, 12, 1, 1, false));
  BOOST_TEST(the<msg::SnapshotReply>(output).next_sequence == 0U);
}

// Two leaders cut their chunks differently, even for the same index.
BOOST_AUTO_TEST_CASE(chunks_of_two_leaders_do_not_mix) {
  Solo solo;
  (void)solo.step(2, chunk(1, 9, 1, 0, false));
  (void)installed(solo, 9, 0, false);
  const Output output = solo.step(3, chunk(2, 9, 1, 1, false));
  BOOST_TEST(!output.install.has_value());
  BOOST_TEST(the<msg::SnapshotReply>(output).next_sequence == 0U);
}

BOOST_AUTO_TEST_CASE(snapshot_that_agrees_keeps_the_suffix) {
  Solo solo(1, {entry(1, 1), entry(2, 1), entry(3, 1)});
  (void)solo.step(2, chunk(1, 2, 1, 0, true));
  const Output output = installed(solo, 2, 0, true);
  BOOST_TEST(solo.raft->last_index() == 3U);
  BOOST_REQUIRE(output.appends.size() == 1U);
  BOOST_TEST(!output.appends[0].start->drops_suffix);
}

BOOST_AUTO_TEST_CASE(snapshot_that_disagrees_replaces_the_log) {
  Solo solo(1, {entry(1, 1), entry(2, 1), entry(3, 1)});
  (void)solo.step(2, chunk(2, 2, 2, 0, true));
  const Output output = installed(solo, 2, 0, true);
  BOOST_TEST(solo.raft->last_index() == 2U);
  BOOST_TEST(output.appends[0].start->drops_suffix);
}

BOOST_AUTO_TEST_CASE(snapshot_is_confirmed_when_the_log_begins_behind_it_durably) {
  Solo solo;
  (void)solo.step(2, chunk(1, 9, 1, 0, true));
  BOOST_TEST(!only<msg::SnapshotReply>(installed(solo, 9, 0, true)).has_value());
  BOOST_TEST(the<msg::SnapshotReply>(solo.sync()).installed);
  BOOST_TEST(solo.raft->commit_index() == 9U);
}

BOOST_AUTO_TEST_CASE(old_snapshot_is_confirmed_without_installing) {
  Solo solo;
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1), entry(2, 1)}, 2));
  (void)solo.sync();
  const Output output = solo.step(2, chunk(1, 2, 1, 0, true));
  BOOST_TEST(!output.install.has_value());
  BOOST_TEST(the<msg::SnapshotReply>(output).installed);
  BOOST_TEST(solo.raft->last_index() == 2U);
}

BOOST_AUTO_TEST_CASE(old_snapshot_is_confirmed_only_when_its_entries_are_durable) {
  Solo solo;
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1), entry(2, 1)}, 2));
  BOOST_TEST(count<msg::SnapshotReply>(solo.step(2, chunk(1, 2, 1, 0, true))) == 0U);
  BOOST_TEST(the<msg::SnapshotReply>(solo.sync()).installed);
}

BOOST_AUTO_TEST_CASE(log_stands_still_while_the_state_is_replaced) {
  Solo solo;
  (void)solo.step(2, chunk(1, 9, 1, 0, true));
  const Output output = solo.step(2, solo.append(1, 0, 0, {entry(1, 1)}, 1));
  BOOST_TEST(solo.raft->last_index() == 0U);
  BOOST_TEST(output.messages.empty());
}

BOOST_AUTO_TEST_CASE(nobody_stands_while_its_state_is_replaced) {
  Solo solo;
  (void)solo.step(2, chunk(1, 9, 1, 0, true));
  BOOST_TEST(solo.tick(5s).messages.empty());
}

BOOST_AUTO_TEST_CASE(configuration_comes_with_the_snapshot) {
  Solo solo;
  msg::SnapshotChunk message = chunk(1, 9, 1, 0, true);
  message.config.voters = {1, 2, 3, 4};
  (void)solo.step(2, message);
  (void)installed(solo, 9, 0, true);
  BOOST_TEST(solo.raft->config().voters.size() == 4U);
}

BOOST_AUTO_TEST_CASE(state_ahead_of_the_log_restarts_the_log_behind_it) {
  Restored restored;
  restored.hard_state.term = 3;
  restored.entries = {entry(1, 1), entry(2, 1)};
  restored.applied_index = 9;
  restored.applied_term = 3;
  restored.config.voters = {1, 2, 3};
  Options options;
  options.group = GroupId{7};
  options.self = NodeId{1};
  Raft raft(options, restored, Instant(1s));
  const Output output = raft.take();
  BOOST_TEST(raft.last_index() == 9U);
  BOOST_TEST(raft.commit_index() == 9U);
  BOOST_REQUIRE(output.appends.size() == 1U);
  BOOST_TEST(output.appends[0].start->drops_suffix);
}

BOOST_AUTO_TEST_CASE(log_is_kept_for_live_followers_that_are_behind) {
  Lab lab;
  lab.lead(1);
  lab.cut(1, 3);
  lab.put(1, "a");
  lab.put(1, "b");
  lab.flush(1);
  BOOST_TEST(lab(1).start_index() < lab(1).commit_index());
}

BOOST_AUTO_TEST_CASE(log_is_not_kept_for_the_dead) {
  Lab lab;
  lab.lead(1);
  lab.isolate(3);
  lab.put(1, "a");
  lab.run(2s);
  lab.flush(1);
  BOOST_TEST(lab(1).start_index() == lab(1).commit_index());
}

BOOST_AUTO_TEST_CASE(compaction_never_passes_what_is_applied) {
  Solo solo;
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1), entry(2, 1)}, 2));
  (void)solo.sync();
  solo.raft->applied(1);
  solo.raft->compact(2);
  BOOST_TEST(solo.raft->start_index() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
