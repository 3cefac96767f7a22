// SPDX-License-Identifier: Apache-2.0
// Log replication (dissertation, 3.5 and 10.2): entries go to the followers while our own disk
// still writes them; a follower acknowledges what is durable; a majority's durable match commits.
#include "base/assert.hpp"
#include "base/marks.hpp"
#include "cluster/raft/quorum.hpp"
#include "cluster/raft/raft.hpp"

#include <algorithm>
#include <utility>

namespace harka::raft {

namespace {

// Contiguous, terms in order, nothing newer than the message: anything else is a broken peer.
bool is_well_formed(const msg::AppendEntries& message) {
  LogIndex expected = message.prev_index + 1;
  Term term = message.prev_term;
  for (const msg::Entry& entry : message.entries) {
    const bool is_config = entry.type == msg::EntryType::config;
    if (entry.index != expected || entry.term < term || entry.term > message.term ||
        (is_config && !decode_config(entry.data).ok())) {
      return false;
    }
    term = entry.term;
    ++expected;
  }
  return true;
}

}  // namespace

// --- Follower ----------------------------------------------------------------------------------

void Raft::on(NodeId from, const msg::AppendEntries& message, Instant now) {
  if (message.term < hard_state_.term) {
    hit(Mark::append_of_older_term);
    reject_append(from, message);  // its sender learns our term and steps down
    return;
  }
  observe_leader(message.term, from, now);
  if (is_replacing_state() || !is_well_formed(message)) {
    hit(Mark::append_during_installation);
    return;
  }
  const std::optional<Term> own = log_.term_at(message.prev_index);
  const bool is_settled = message.prev_index <= commit_;
  ASSERT(!is_settled || !own.has_value() || *own == message.prev_term);
  if (!is_settled && own != message.prev_term) {
    hit(own.has_value() ? Mark::logs_differ : Mark::log_is_short);
    reject_append(from, message);
    return;
  }
  accept_entries(message);
  const LogIndex last_new = message.prev_index + message.entries.size();
  matched_ = std::max(matched_, last_new);
  if (message.commit > last_new && log_.last_index() > last_new) hit(Mark::commit_held_back);
  // Not beyond what this message vouches for, and never backwards: it may be an old one.
  set_commit(std::min(message.commit, last_new));
  msg::AppendReply reply;
  reply.group = options_.group.value;
  reply.term = hard_state_.term;
  reply.success = true;
  reply.index = last_new;
  send_when_durable(from, reply, last_new);
  check_untainted();
}

void Raft::accept_entries(const msg::AppendEntries& message) {
  for (const msg::Entry& entry : message.entries) {
    if (entry.index <= log_.start_index() || log_.term_at(entry.index) == entry.term) {
      hit(Mark::append_repeated);
      continue;  // a repeated message must not truncate what came after it
    }
    if (entry.index <= log_.last_index()) {
      hit(Mark::log_truncated);
      truncate_log(entry.index);
    }
    append_to_log(entry);
  }
}

void Raft::reject_append(NodeId from, const msg::AppendEntries& message) {
  msg::AppendReply reply;
  reply.group = options_.group.value;
  reply.term = hard_state_.term;
  reply.success = false;
  reply.index =
      log_.last_not_after(message.prev_index == 0 ? 0 : message.prev_index - 1, message.prev_term);
  reply.index = std::max(reply.index, commit_);
  reply.hint_term = log_.term_at(reply.index).value_or(0);
  reply.rejected_prev = message.prev_index;
  send(from, reply);
}

// Only a leader elected without us since the damage has entries of such a term, and who has one has
// all that this leader was elected with: whatever we can have acknowledged.
void Raft::check_untainted() {
  const bool is_whole = term_floor_ != 0 ? log_.term_at(durable_).value_or(0) >= term_floor_
                                         : std::min(matched_, durable_) >= high_water_;
  if (tainted_ && is_whole) hit(Mark::damaged_replica_heals);
  tainted_ = tainted_ && !is_whole;
}

// --- Leader ------------------------------------------------------------------------------------

Result<LogIndex> Raft::propose(SharedBytes data, Instant now) {
  now_ = now;
  if (role_ != Role::leader) {
    return Error{Code::not_leader, {}};
  }
  if (!transfer_to_.is_none()) {
    hit(Mark::proposal_during_transfer);
    return Error{Code::retry_later, "leadership is being transferred"};
  }
  const std::size_t bytes = data.size();
  if (uncommitted_bytes_ > 0 && uncommitted_bytes_ + bytes > options_.uncommitted_bytes_max) {
    return Error{Code::retry_later, "too much is not committed yet"};
  }
  msg::Entry entry;
  entry.index = log_.last_index() + 1;
  entry.term = hard_state_.term;
  entry.type = msg::EntryType::command;
  entry.data = std::move(data);
  uncommitted_bytes_ += size_of(entry);
  append_to_log(std::move(entry));
  return log_.last_index();
}

void Raft::on(NodeId from, const msg::AppendReply& reply, Instant now) {
  if (reply.term > hard_state_.term) {
    become_follower(reply.term, NodeId{}, now);
    return;
  }
  Progress* const progress = find_progress(from);
  if (role_ != Role::leader || reply.term < hard_state_.term || progress == nullptr) {
    return;
  }
  progress->contact = now;
  if (!reply.success) {
    on_rejected(*progress, reply);
    return;
  }
  if (reply.index > log_.last_index()) {
    return;  // nothing that we sent
  }
  progress->sent_at = now;
  progress->matched(reply.index);
  const bool is_behind = progress->match < log_.start_index();
  if (progress->state != Progress::State::replicate && !is_behind) {
    progress->state = Progress::State::replicate;
    progress->chunk = Progress::Chunk::idle;
    progress->next = progress->match + 1;
  } else if (progress->state == Progress::State::probe) {
    progress->probe_from(progress->match + 1);  // which finds that it needs a snapshot
  }
  advance_commit(now);
  if (role_ == Role::leader) {
    if (from == transfer_to_) {
      tick_transfer(now);
    }
    if (target_.has_value()) {
      continue_change(now);
    }
  }
}

void Raft::on_rejected(Progress& progress, const msg::AppendReply& reply) {
  const bool is_probe = progress.state == Progress::State::probe;
  if (progress.state == Progress::State::snapshot || reply.rejected_prev == 0) {
    return;
  }
  if (!is_probe && reply.rejected_prev <= progress.match) {
    // Old news, or the follower lost what it had acknowledged (a damaged log): a probe of what
    // should be there tells them apart.
    if (progress.in_flight.count() == 0 && reply.index < progress.match) {
      hit(Mark::acknowledged_entries_lost);
      progress.probe_from(progress.match + 1);
    }
    return;
  }
  if (is_probe && reply.rejected_prev != progress.next - 1) {
    hit(Mark::rejection_outdated);
    return;
  }
  LogIndex agreed = reply.index;
  if (agreed >= log_.start_index()) {
    agreed = log_.last_not_after(agreed, reply.hint_term);
  }
  agreed = std::min(agreed, reply.rejected_prev - 1);
  if (is_probe) {
    if (agreed < progress.match) hit(Mark::match_lowered);
    progress.match = std::min(progress.match, agreed);  // lowering it is always safe
  }
  progress.probe_from(std::max(agreed, progress.match) + 1);
}

void Raft::advance_commit(Instant now) {
  const LogIndex index = quorum_value(config(), [this](NodeId node) -> std::uint64_t {
    if (node == options_.self) {
      return durable_;
    }
    const Progress* const progress = find_progress(node);
    return progress == nullptr ? 0 : progress->match;
  });
  // An older term's entry on a majority may still be replaced (dissertation, figure 3.7).
  if (index <= commit_ || log_.term_at(index) != hard_state_.term) {
    if (index > commit_) hit(Mark::older_term_on_majority);
    return;
  }
  for (LogIndex i = commit_ + 1; i <= index; ++i) {
    uncommitted_bytes_ -= size_of(log_.at(i));
  }
  set_commit(index);
  after_commit(now);
}

void Raft::after_commit(Instant now) {
  own_term_committed_ = true;
  for (PendingRead& read : reads_) {
    read.index = read.index == 0 ? commit_ : read.index;
  }
  if (has_lease(now)) {
    for (const PendingRead& read : reads_) {
      answer_read(read, true);
    }
    reads_.clear();
  }
  continue_change(now);
}

// Nothing was answered for a while although the follower lives: a message got lost.
void Raft::resend_lost(Progress& progress, Instant now) {
  const Duration waited = now - progress.sent_at;
  if (progress.state == Progress::State::probe && waited >= options_.heartbeat_interval) {
    progress.probe_sent = false;
  }
  if (progress.state == Progress::State::replicate && progress.in_flight.count() > 0 &&
      waited >= 2 * options_.heartbeat_interval) {
    hit(Mark::append_sent_again);
    progress.probe_from(progress.match + 1);
  }
}

void Raft::replicate_all() {
  for (Progress& progress : progress_) {
    replicate(progress);
  }
}

void Raft::replicate(Progress& progress) {
  if (progress.state == Progress::State::probe && !progress.probe_sent) {
    send_entries(progress);
  }
  while (progress.state == Progress::State::replicate && progress.next <= log_.last_index() &&
         progress.in_flight.count() < options_.in_flight_max &&
         progress.in_flight.bytes() < options_.in_flight_bytes_max) {
    send_entries(progress);
  }
  if (progress.in_flight.count() >= options_.in_flight_max) hit(Mark::pipeline_full);
  if (progress.state == Progress::State::snapshot && progress.chunk == Progress::Chunk::idle) {
    want_chunk(progress);
  }
  if (progress.state == Progress::State::replicate && progress.next > log_.last_index()) {
    tell_commit(progress);
  }
}

void Raft::send_entries(Progress& progress) {
  const LogIndex prev = progress.next - 1;
  const std::optional<Term> prev_term = log_.term_at(prev);
  if (!prev_term.has_value()) {
    hit(Mark::snapshot_needed);
    progress.need_snapshot();
    return;
  }
  msg::AppendEntries message;
  message.group = options_.group.value;
  message.term = hard_state_.term;
  message.prev_index = prev;
  message.prev_term = *prev_term;
  message.commit = commit_;
  message.entries = log_.slice(progress.next, log_.last_index(), options_.append_bytes_max);
  const LogIndex last = prev + message.entries.size();
  progress.sent_at = now_;
  progress.commit_told = std::max(progress.commit_told, std::min(commit_, last));
  if (progress.state == Progress::State::replicate) {
    std::size_t bytes = 0;
    for (const msg::Entry& entry : message.entries) {
      bytes += size_of(entry);
    }
    progress.in_flight.add(last, bytes);
    progress.next = last + 1;
  } else {
    progress.probe_sent = true;
  }
  send(progress.id, std::move(message));
}

// A follower that has everything would learn of the commit with the next heartbeat; tell it now.
void Raft::tell_commit(Progress& progress) {
  const LogIndex commit = std::min(commit_, progress.match);
  if (commit <= progress.commit_told) {
    return;
  }
  progress.commit_told = commit;
  msg::Heartbeat heartbeat;
  heartbeat.beat.group = options_.group.value;
  heartbeat.beat.term = hard_state_.term;
  heartbeat.beat.commit = commit;  // no round: no answer wanted
  heartbeat.from = options_.self.value;
  send(progress.id, heartbeat);
}

Progress* Raft::find_progress(NodeId node) {
  const auto found = std::find_if(
      progress_.begin(), progress_.end(), [node](const Progress& p) { return p.id == node; });
  return found == progress_.end() ? nullptr : &*found;
}

const Progress* Raft::find_progress(NodeId node) const {
  const auto found = std::find_if(
      progress_.begin(), progress_.end(), [node](const Progress& p) { return p.id == node; });
  return found == progress_.end() ? nullptr : &*found;
}

}  // namespace harka::raft
