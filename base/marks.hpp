// SPDX-License-Identifier: Apache-2.0
// Coverage marks, or "sometimes" assertions (Antithesis; SQLite's testcase()): a branch that only
// an unlucky run takes says that it was taken. A simulated run counts its marks, and a set of seeds
// in which a mark is never hit proves nothing about the branch behind it: `harka sim marks` fails
// then.
//
// A mark is an enumerator here, its sentence in marks.cpp, and `hit(Mark::...)` at its branch. Who
// counts is a pointer of the thread: none in a node, where a hit costs a load and a branch that is
// always predicted; so machines stay free of counters, and a run sees nothing of another one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace harka {

enum class Mark : std::uint8_t {
  // cluster/raft: elections
  pre_vote_while_loyal,
  vote_while_loyal,
  vote_while_silent,
  pre_candidates_meet,
  vote_for_older_log,
  vote_unable,
  vote_spent,
  vote_repeated,
  vote_outdated,
  timeout_now_obeyed,
  timeout_now_void,
  timeout_without_standing,
  leader_inherits,
  stands_by_older_configuration,
  candidature_withdrawn,
  promises_dropped,
  leader_deposed,
  // cluster/raft: the log and its store
  damaged_replica_starts,
  state_ahead_of_log,
  state_without_log,
  log_kept_for_follower,
  follower_left_behind,
  write_overtaken,
  configuration_undone,
  writes_gathered,
  read_ends_with_leadership,
  read_ends_with_leader,
  // cluster/raft: replication
  append_of_older_term,
  append_during_installation,
  logs_differ,
  log_is_short,
  commit_held_back,
  append_repeated,
  log_truncated,
  damaged_replica_heals,
  proposal_during_transfer,
  rejection_outdated,
  acknowledged_entries_lost,
  match_lowered,
  older_term_on_majority,
  append_sent_again,
  snapshot_needed,
  pipeline_full,
  // cluster/raft: heartbeats and reads
  loss_reported,
  loyalty_waits_for_disk,
  read_answer_outdated,
  read_expires,
  read_by_lease,
  read_by_round,
  read_before_own_term,
  lease_forfeited,
  leader_without_quorum,
  // cluster/raft: snapshots
  snapshot_stuck,
  snapshot_outdated,
  chunk_of_older_term,
  chunk_while_writing,
  snapshot_not_needed,
  chunk_without_beginning,
  chunk_out_of_order,
  snapshot_of_another_leader,
  snapshot_keeps_suffix,
  snapshot_drops_log,
  snapshot_of_joint,
  // cluster/raft: changes of members and leaders
  change_while_changing,
  learners_first,
  joint_entered,
  joint_left_by_another,
  leader_led_itself_out,
  promotion_gives_up,
  transfer_times_out,
  transfer_waits,
  // actors: replicas and shards
  pulse_reminded,
  read_waits_for_apply,
  snapshot_repeated,
  retry_in_log,
  retry_forgotten,
  outcome_unknown,
  retry_answered,
  retry_under_way,
  batch_overtaking,
  stale_read_confirmed,
  stale_read_at_once,
  refresh_refused,
  changes_incomplete,
  read_refused,
  // actors: routers and caches
  flight_lost,
  flight_gives_up,
  flight_unknown,
  redirect_forbidden,
  hint_outdated,
  cache_hit,
  cache_behind,
  exchange_late,
  exchange_refused,
  cache_voided,
  exchange_times_out,
  exchange_moves,
  leader_preferred,
  // cluster/membership
  accusation_refuted,
  suspicion_confirmed,
  suspicion_expires,
  predecessor_remembered,
  probe_by_helper,
  dead_answers,
  stranger_probes,
  helpers_silent,
  helper_admits_failure,
  outdated_news_corrected,
  // runtime: supervision
  child_restarts,
  supervisor_gives_up,
  child_killed,
  // storage: the segment log
  segment_reused,
  entry_copied_forward,
  taint_copied_forward,
  damage_found,
  torn_write_dropped,
  header_damaged,
  // sim: what faults do
  message_duplicated,
  node_ends_by_disk,
  message_under_way_lost,
  mailbox_refuses,
  node_gives_up,
  crash_during_sync,
  damage_spared,
  node_replaced,
  strike
};

inline constexpr std::size_t mark_count = static_cast<std::size_t>(Mark::strike) + 1;

/// How often each was hit.
class MarkCounts {
 public:
  void add(Mark mark) { ++counts_[static_cast<std::size_t>(mark)]; }

  [[nodiscard]] std::uint64_t of(Mark mark) const {
    return counts_[static_cast<std::size_t>(mark)];
  }

  friend bool operator==(const MarkCounts&, const MarkCounts&) = default;

 private:
  std::array<std::uint64_t, mark_count> counts_{};
};

/// Where this thread's hits are counted; null: nowhere.
inline constinit thread_local MarkCounts* mark_counts_of_thread = nullptr;

inline void hit(Mark mark) {
  if (mark_counts_of_thread != nullptr) mark_counts_of_thread->add(mark);
}

/// Counts this thread's hits while it lives. `counts` outlives it.
class CountingMarks {
 public:
  explicit CountingMarks(MarkCounts& counts) : before_(mark_counts_of_thread) {
    mark_counts_of_thread = &counts;
  }

  ~CountingMarks() { mark_counts_of_thread = before_; }

  CountingMarks(const CountingMarks&) = delete;
  CountingMarks& operator=(const CountingMarks&) = delete;

 private:
  MarkCounts* before_;
};

/// As a person writes it: `log-truncated`.
[[nodiscard]] std::string name_of(Mark mark);
[[nodiscard]] std::optional<Mark> mark_of(std::string_view name);
/// What happened, in a sentence.
[[nodiscard]] std::string_view sentence_of(Mark mark);

}  // namespace harka
