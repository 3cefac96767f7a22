// SPDX-License-Identifier: Apache-2.0
// Snapshots for followers that need entries which are gone (dissertation, chapter 5), in chunks.
//
// One chunk is under way at a time. The follower's answer names the next one it wants, so a
// repeated, lost or late chunk, a restarted follower and a restarted leader all resume by the same
// rule. While the last chunk replaces the state nothing may be applied, and the log stands still.
#include "base/assert.hpp"
#include "base/marks.hpp"
#include "cluster/raft/raft.hpp"

#include <algorithm>
#include <utility>

namespace harka::raft {

// --- Leader ------------------------------------------------------------------------------------

void Raft::want_chunk(Progress& progress) {
  progress.chunk = Progress::Chunk::wanted;
  progress.sent_at = now_;
  output_.snapshots_wanted.push_back(
      {progress.id, progress.snapshot_index, progress.snapshot_sequence});
}

void Raft::tick_snapshot(Progress& progress, Instant now) {
  const bool is_stuck = progress.state == Progress::State::snapshot &&
                        now - progress.sent_at >= options_.election_timeout_max;
  const bool is_alive = now - progress.contact < options_.election_timeout_max;
  if (is_stuck && is_alive) {
    hit(Mark::snapshot_stuck);
    progress.chunk = Progress::Chunk::idle;  // replicate() asks again
  }
}

void Raft::provide_chunk(NodeId to, const SnapshotChunkData& chunk, Instant now) {
  now_ = now;
  Progress* const progress = find_progress(to);
  if (role_ != Role::leader || progress == nullptr ||
      progress->state != Progress::State::snapshot || progress->chunk != Progress::Chunk::wanted) {
    return;
  }
  const bool is_outdated = chunk.index < log_.start_index();  // what must follow it is gone
  if (chunk.failed || is_outdated) {
    if (is_outdated) hit(Mark::snapshot_outdated);
    // Begin anew, but not before tick_snapshot() finds that time has passed.
    progress->snapshot_index = 0;
    progress->snapshot_sequence = 0;
    progress->sent_at = now;
    progress->chunk = Progress::Chunk::sent;
    return;
  }
  const bool is_other = progress->snapshot_index != 0 && chunk.index != progress->snapshot_index;
  if (chunk.sequence != progress->snapshot_sequence && !(is_other && chunk.sequence == 0)) {
    return;
  }
  ASSERT(chunk.index <= commit_);
  progress->snapshot_index = chunk.index;
  progress->snapshot_sequence = chunk.sequence;
  progress->chunk = Progress::Chunk::sent;
  progress->sent_at = now;
  msg::SnapshotChunk message;
  message.group = options_.group.value;
  message.term = hard_state_.term;
  message.snapshot_index = chunk.index;
  message.snapshot_term = chunk.term;
  message.config = chunk.config;
  message.sequence = chunk.sequence;
  message.data = chunk.data;
  message.checksum = chunk.checksum;
  message.done = chunk.done;
  send(to, std::move(message));
}

void Raft::on(NodeId from, const msg::SnapshotReply& reply, Instant now) {
  if (reply.term > hard_state_.term) {
    become_follower(reply.term, NodeId{}, now);
    return;
  }
  Progress* const progress = find_progress(from);
  if (role_ != Role::leader || reply.term < hard_state_.term || progress == nullptr) {
    return;
  }
  progress->contact = now;
  const bool is_answer =
      progress->state == Progress::State::snapshot && progress->chunk == Progress::Chunk::sent &&
      progress->snapshot_index == reply.snapshot_index && reply.snapshot_index != 0;
  if (!is_answer) {
    return;
  }
  progress->sent_at = now;
  if (reply.installed) {
    ASSERT(reply.snapshot_index <= log_.last_index());
    progress->matched(reply.snapshot_index);
    progress->probe_from(progress->match + 1);
    advance_commit(now);
  } else if (reply.refused) {
    progress->snapshot_index = 0;
    progress->snapshot_sequence = 0;  // stays `sent`: tick_snapshot() begins anew
  } else {
    progress->snapshot_sequence = reply.next_sequence;
    progress->chunk = Progress::Chunk::idle;
  }
}

// --- Follower ----------------------------------------------------------------------------------

bool Raft::is_replacing_state() const {
  return incoming_.has_value() && incoming_->writing && incoming_->final_chunk;
}

void Raft::on(NodeId from, const msg::SnapshotChunk& chunk, Instant now) {
  if (chunk.term < hard_state_.term) {
    hit(Mark::chunk_of_older_term);
    reply_snapshot(from, chunk.snapshot_index, 0);
    return;
  }
  observe_leader(chunk.term, from, now);
  if (incoming_.has_value() && incoming_->writing) {
    hit(Mark::chunk_while_writing);
    return;  // the answer follows when the chunk before is staged
  }
  if (chunk.snapshot_index <= commit_) {
    hit(Mark::snapshot_not_needed);
    incoming_.reset();
    msg::SnapshotReply reply;
    reply.group = options_.group.value;
    reply.term = hard_state_.term;
    reply.snapshot_index = chunk.snapshot_index;
    reply.installed = true;
    send_when_durable(from, reply, chunk.snapshot_index);
    return;
  }
  const bool is_same =
      incoming_.has_value() && incoming_->from == from && incoming_->from_term == chunk.term &&
      incoming_->index == chunk.snapshot_index && incoming_->term == chunk.snapshot_term;
  if (!is_same && chunk.sequence != 0) {
    hit(Mark::chunk_without_beginning);
    reply_snapshot(from, chunk.snapshot_index, 0);
    return;
  }
  // The leader begins anew when it has lost its place, also in the same snapshot: to insist on the
  // next chunk would ask for ever for what it cannot give.
  if (chunk.sequence == 0) {
    incoming_ = Incoming{
        from, chunk.term, chunk.snapshot_index, chunk.snapshot_term, chunk.config, 0, false, false};
  }
  if (chunk.sequence != incoming_->next_sequence) {
    hit(Mark::chunk_out_of_order);
    reply_snapshot(from, chunk.snapshot_index, incoming_->next_sequence);
    return;
  }
  incoming_->writing = true;
  incoming_->final_chunk = chunk.done;
  output_.install = SnapshotChunkData{
      chunk.snapshot_index,
      chunk.snapshot_term,
      chunk.config,
      chunk.sequence,
      chunk.data,
      chunk.checksum,
      chunk.done,
      false};
}

void Raft::chunk_installed(
    LogIndex snapshot_index, std::uint32_t sequence, bool done, Instant now) {
  now_ = now;
  ASSERT(incoming_.has_value() && incoming_->writing);
  ASSERT(incoming_->index == snapshot_index);
  ASSERT(incoming_->next_sequence == sequence);
  ASSERT(incoming_->final_chunk == done);
  incoming_->writing = false;
  ++incoming_->next_sequence;
  const NodeId from = incoming_->from;
  const bool is_current = leader_ == from && incoming_->from_term == hard_state_.term;
  if (!done) {
    if (is_current) {
      reply_snapshot(from, snapshot_index, incoming_->next_sequence);
    }
    return;
  }
  const Incoming snapshot = *std::exchange(incoming_, std::nullopt);
  if (!is_current) hit(Mark::snapshot_of_another_leader);
  install(snapshot);
  arm_election(now);
  if (is_current) {
    matched_ = std::max(matched_, snapshot_index);
    msg::SnapshotReply reply;
    reply.group = options_.group.value;
    reply.term = hard_state_.term;
    reply.snapshot_index = snapshot_index;
    reply.installed = true;
    send_when_durable(from, reply, snapshot_index);
    check_untainted();
  }
}

void Raft::install(const Incoming& snapshot) {
  ASSERT(snapshot.index > commit_);
  if (!snapshot.config.voters_outgoing.empty()) hit(Mark::snapshot_of_joint);
  if (log_.term_at(snapshot.index) == snapshot.term) {
    hit(Mark::snapshot_keeps_suffix);
    // What follows agrees with it and may be acknowledged already: keep it (dissertation, 5.3,
    // rule 6).
    commit_ = snapshot.index;
    log_.drop_through(snapshot.index);
    configs_.drop_through(snapshot.index);
    unsaved_start_ = Append::Start{snapshot.index, snapshot.term, false};
  } else {
    if (log_.last_index() > snapshot.index) hit(Mark::snapshot_drops_log);
    log_.reset(snapshot.index, snapshot.term);
    configs_ = ConfigHistory(snapshot.index, snapshot.config);
    commit_ = snapshot.index;
    durable_ = snapshot.index;
    unsaved_start_ = Append::Start{snapshot.index, snapshot.term, true};
    for (Pending& pending : pending_) {
      pending.last_index = 0;
    }
  }
  unsaved_from_ = std::max(snapshot.index + 1, std::min(unsaved_from_, log_.last_index() + 1));
  durable_ = std::max(durable_, snapshot.index);  // the state is; its word for the log waits
  applied_ = snapshot.index;
  output_.commit_advanced = true;
  output_.config_changed = true;
}

void Raft::reply_snapshot(NodeId to, LogIndex index, std::uint32_t next_sequence) {
  msg::SnapshotReply reply;
  reply.group = options_.group.value;
  reply.term = hard_state_.term;
  reply.snapshot_index = index;
  reply.next_sequence = next_sequence;
  send(to, reply);
}

}  // namespace harka::raft
