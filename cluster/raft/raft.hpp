// SPDX-License-Identifier: Apache-2.0
// One replica of one raft group: Ongaro's dissertation with pre-vote, check-quorum, leases,
// read index, learners, joint consensus, leadership transfer and chunked snapshots.
//
// Sans-IO: inputs change its state, `take()` hands out what they caused. It has no clock, thread
// or file; `now` comes with the input, randomness from Options. Persistence is asynchronous: the
// host passes Output::appends to the log store in order and calls `persisted` for each answer.
// Messages that promise durability wait inside until then; everything in Output may be sent.
#pragma once

#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "cluster/raft/config_change.hpp"
#include "cluster/raft/log.hpp"
#include "cluster/raft/progress.hpp"
#include "cluster/raft/types.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace harka::raft {

class Raft {
 public:
  /// `restored.hard_state.term == 0` means a replica that never took part: it promised nothing,
  /// so it may vote at once; any other stays silent for one election timeout (leases).
  Raft(const Options& options, Restored restored, Instant now);

  // Inputs. Call take() after each; several propose() or read() before one take() are batched.

  /// VoteRequest … ReadIndexReply, Heartbeat, HeartbeatReply; others and other groups' are ignored.
  void step(NodeId from, const msg::Message& message, Instant now);
  /// A beat that came coalesced; the answer goes to Output::beat_replies.
  void beat(NodeId from, const msg::Beat& beat, Instant now);
  void beat_reply(NodeId from, const msg::BeatReply& reply, Instant now);
  /// Every limits::tick_interval or so; timeouts are noticed only here.
  void tick(Instant now);
  /// The index that the command will have if it commits: it did not if another term's entry is
  /// applied there. `not_leader`, or `retry_later` (too much uncommitted, transfer pending).
  Result<LogIndex> propose(SharedBytes data, Instant now);
  /// Asks for a target configuration. New voters first become learners and are promoted when
  /// they caught up; voters change by joint consensus, left automatically. Idempotent; one at a
  /// time (`retry_later`). A leader change forgets a target whose learners are not promoted yet:
  /// ask again.
  Result<void> change_config(
      const std::vector<NodeId>& voters, const std::vector<NodeId>& learners, Instant now);
  /// Hands leadership over; `NodeId{}` picks the most advanced voter. Given up after an election
  /// timeout. Proposals are refused meanwhile.
  Result<void> transfer(NodeId target, Instant now);
  /// Answered in Output::reads, also on failure. `context` is the caller's, unique among its
  /// unanswered reads.
  void read(std::uint64_t context, Instant now);
  /// This Append, and all before it, is durable.
  void persisted(std::uint64_t ticket, Instant now);
  /// The state machine has applied up to `index`.
  void applied(LogIndex index);
  /// The host's durable state covers `index`: entries up to it may go. Keeps what live followers
  /// still need, up to Options::retained_bytes_max.
  void compact(LogIndex index);
  /// The answer of Output::snapshots_wanted.
  void provide_chunk(NodeId to, const SnapshotChunkData& chunk, Instant now);
  /// The chunk of Output::install is staged, or with `done` the state was replaced, durably.
  void chunk_installed(LogIndex snapshot_index, std::uint32_t sequence, bool done, Instant now);

  [[nodiscard]] Output take();

  // Queries.

  [[nodiscard]] Role role() const { return role_; }

  [[nodiscard]] bool is_leader() const { return role_ == Role::leader; }

  [[nodiscard]] Term term() const { return hard_state_.term; }

  /// Of the current term, as far as known; `NodeId{}` if not.
  [[nodiscard]] NodeId leader() const { return leader_; }

  [[nodiscard]] LogIndex commit_index() const { return commit_; }

  [[nodiscard]] LogIndex applied_index() const { return applied_; }

  [[nodiscard]] LogIndex start_index() const { return log_.start_index(); }

  [[nodiscard]] LogIndex last_index() const { return log_.last_index(); }

  [[nodiscard]] LogIndex durable_index() const { return durable_; }

  [[nodiscard]] std::optional<Term> term_at(LogIndex index) const { return log_.term_at(index); }

  /// `from … to` inclusive, at most `bytes_max`, but at least one if there is one. Within
  /// start_index() < from; for applying, `to` is commit_index().
  [[nodiscard]] std::vector<msg::Entry> entries(
      LogIndex from, LogIndex to, std::size_t bytes_max) const {
    return log_.slice(from, to, bytes_max);
  }

  /// The newest configuration in the log, committed or not.
  [[nodiscard]] const msg::GroupConfig& config() const { return configs_.newest(); }

  [[nodiscard]] LogIndex config_index() const { return configs_.newest_index(); }

  /// The one in force at an index that is not compacted: what a state flush or snapshot records.
  [[nodiscard]] const msg::GroupConfig& config_at(LogIndex index) const {
    return configs_.at(index);
  }

  /// No other server can have committed anything since: reads are local.
  [[nodiscard]] bool has_lease(Instant now) const;
  [[nodiscard]] bool is_learner() const;

  [[nodiscard]] bool is_tainted() const { return tainted_; }

  [[nodiscard]] bool is_change_pending() const;

  [[nodiscard]] bool is_transfer_pending() const { return !transfer_to_.is_none(); }

  /// Empty unless leader.
  [[nodiscard]] const std::vector<Progress>& progress() const { return progress_; }

  [[nodiscard]] const Options& options() const { return options_; }

 private:
  friend struct Inspector;  // tests look inside

  // A message that waits for the log store.
  struct Held {
    std::uint64_t ticket;
    Outgoing outgoing;
  };

  struct Pending {
    std::uint64_t ticket;
    LogIndex last_index;  // of the entries it made durable, as far as not truncated since
    bool hard_state;
  };

  struct PendingRead {
    NodeId origin;  // self, or the follower that asked
    std::uint64_t context;
    LogIndex index;       // 0: waits for the first commit of this term
    std::uint64_t round;  // 0: waits for a round to start
  };

  struct ForwardedRead {
    std::uint64_t context;       // the caller's
    std::uint64_t wire_context;  // ours, never used twice
    Instant deadline;
  };

  struct Incoming {  // the snapshot being received
    NodeId from;
    Term from_term = 0;
    LogIndex index = 0;
    Term term = 0;
    msg::GroupConfig config;
    std::uint32_t next_sequence = 0;
    bool writing = false;
    bool final_chunk = false;
  };

  struct Target {
    std::vector<std::uint64_t> voters;
    std::vector<std::uint64_t> learners;
    Instant deadline;
  };

  // raft.cpp: state and output
  void become_follower(Term term, NodeId leader, Instant now);
  void observe_leader(Term term, NodeId leader, Instant now);
  void leave_leadership();
  void fail_forwarded_reads();
  void append_to_log(msg::Entry entry);
  void truncate_log(LogIndex index);
  void send(NodeId to, msg::Message message);
  void send_when_durable(NodeId to, msg::Message message, LogIndex index);
  [[nodiscard]] std::uint64_t ticket_covering(LogIndex index) const;
  [[nodiscard]] bool is_hard_state_durable() const;
  void release_held();
  void emit_appends();
  void set_commit(LogIndex index);

  [[nodiscard]] bool is_mine(std::uint32_t group) const { return group == options_.group.value; }

  // election.cpp
  void on(NodeId from, const msg::VoteRequest& request, Instant now);
  void on(NodeId from, const msg::VoteReply& reply, Instant now);
  void on(NodeId from, const msg::TimeoutNow& message, Instant now);
  void arm_election(Instant now);
  [[nodiscard]] bool can_stand() const;
  [[nodiscard]] bool can_vote() const;
  [[nodiscard]] bool is_loyal(Instant now) const;
  [[nodiscard]] bool is_log_as_new(const msg::VoteRequest& request) const;
  [[nodiscard]] bool gives_way_to(NodeId other, const msg::VoteRequest& request) const;
  void tick_follower(Instant now);
  void stand_for_pre_vote(Instant now);
  void stand(bool is_transfer, Instant now);
  void request_votes(bool pre_vote, bool is_transfer);
  void count_vote(NodeId from, bool granted, Instant now);
  void become_leader(Instant now);

  // replication.cpp
  void on(NodeId from, const msg::AppendEntries& message, Instant now);
  void on(NodeId from, const msg::AppendReply& reply, Instant now);
  void accept_entries(const msg::AppendEntries& message);
  void reject_append(NodeId from, const msg::AppendEntries& message);
  void on_rejected(Progress& progress, const msg::AppendReply& reply);
  void advance_commit(Instant now);
  void after_commit(Instant now);
  void resend_lost(Progress& progress, Instant now);
  void replicate_all();
  void replicate(Progress& progress);
  void send_entries(Progress& progress);
  void tell_commit(Progress& progress);
  void check_untainted();
  [[nodiscard]] Progress* find_progress(NodeId node);
  [[nodiscard]] const Progress* find_progress(NodeId node) const;

  // reads.cpp: heartbeats, leases, read index
  void on_beat(NodeId from, const msg::Beat& beat, bool urgent, Instant now);
  void on(NodeId from, const msg::ReadIndexRequest& request, Instant now);
  void on(NodeId from, const msg::ReadIndexReply& reply, Instant now);
  void report_loss(NodeId leader, LogIndex missing);
  void start_round(bool urgent);
  void start_read_round();
  void add_read(NodeId origin, std::uint64_t context, Instant now);
  void answer_read(const PendingRead& read, bool ok);
  void finish_reads();
  void tick_leader(Instant now);
  void expire_forwarded_reads(Instant now);
  [[nodiscard]] std::uint64_t acked_round_of_quorum() const;
  [[nodiscard]] bool has_quorum_contact(Instant now, Duration within) const;

  // snapshot.cpp
  void on(NodeId from, const msg::SnapshotChunk& chunk, Instant now);
  void on(NodeId from, const msg::SnapshotReply& reply, Instant now);
  void want_chunk(Progress& progress);
  void tick_snapshot(Progress& progress, Instant now);
  void reply_snapshot(NodeId to, LogIndex index, std::uint32_t next_sequence);
  void install(const Incoming& snapshot);
  [[nodiscard]] bool is_replacing_state() const;

  // config_change.cpp: change and transfer
  void append_config(const msg::GroupConfig& config);
  void continue_change(Instant now);
  [[nodiscard]] bool is_caught_up(NodeId node, Instant now) const;
  void rebuild_progress();
  void tick_transfer(Instant now);
  void hand_over(Progress& progress);
  [[nodiscard]] NodeId best_successor() const;

  Options options_;
  Random random_;
  Instant now_;  // of the last input

  // Durable, or on its way.
  msg::HardState hard_state_;
  Log log_;
  ConfigHistory configs_;
  bool tainted_ = false;
  Term term_floor_ = 0;
  LogIndex high_water_ = 0;

  // What the log store has.
  LogIndex durable_ = 0;       // entries up to here survive a crash
  LogIndex unsaved_from_ = 1;  // the first entry not handed out yet
  bool hard_state_dirty_ = false;
  std::optional<Append::Start> unsaved_start_;
  std::uint64_t next_ticket_ = 1;
  std::uint64_t persisted_ticket_ = 0;
  std::vector<Pending> pending_;
  std::vector<Held> held_;

  // Volatile.
  Role role_ = Role::follower;
  NodeId leader_;
  LogIndex matched_ = 0;  // the log agrees with the current leader's up to here, as far as known
  LogIndex commit_ = 0;
  LogIndex applied_ = 0;
  Instant election_deadline_;
  Instant loyal_until_;  // no vote for another leader before this
  std::vector<std::uint64_t> votes_granted_;
  bool self_vote_due_ = false;  // our own vote counts once our hard state is durable
  std::vector<ForwardedRead> forwarded_;
  std::uint64_t next_wire_context_;
  std::optional<Incoming> incoming_;

  // Leader.
  std::vector<Progress> progress_;
  std::optional<LogIndex> settled_config_;  // the committed one that progress_ is for
  std::size_t uncommitted_bytes_ = 0;
  bool own_term_committed_ = false;
  std::uint64_t round_ = 0;  // newest heartbeat round: its time of sending, see reads.cpp
  Instant heartbeat_due_;
  std::vector<PendingRead> reads_;
  std::optional<Target> target_;
  NodeId transfer_to_;
  Instant transfer_deadline_;
  bool lease_forfeited_ = false;  // a TimeoutNow is out: no lease for the rest of the term

  Output output_;
  NodeId reported_leader_;
  Term reported_term_ = 0;
  Role reported_role_ = Role::follower;
};

}  // namespace harka::raft
