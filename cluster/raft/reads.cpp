// SPDX-License-Identifier: Apache-2.0
// Heartbeats and what rests on their answers: check-quorum, leases, read index (dissertation, 6.2
// and 6.4).
//
// A heartbeat round is named by the time at which it started (nanoseconds, made unique), and the
// answer repeats the name. So one number per follower, the newest round it answered, tells both
// whether a read that waited for that round may go, and since when a majority is loyal to us.
#include "base/assert.hpp"
#include "base/marks.hpp"
#include "cluster/raft/quorum.hpp"
#include "cluster/raft/raft.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace harka::raft {

namespace {

std::uint64_t round_at(Instant now) {
  ASSERT(now.time_since_epoch().count() >= 0);
  return static_cast<std::uint64_t>(now.time_since_epoch().count()) + 1;
}

Instant time_of(std::uint64_t round) {
  return Instant(Duration(static_cast<std::int64_t>(round - 1)));
}

}  // namespace

// --- Follower ----------------------------------------------------------------------------------

void Raft::on_beat(NodeId from, const msg::Beat& beat, bool urgent, Instant now) {
  msg::BeatReply reply;
  reply.group = options_.group.value;
  if (beat.term >= hard_state_.term) {
    observe_leader(beat.term, from, now);
    if (!is_replacing_state()) {
      // What it was known to hold it holds, unless its log was damaged since.
      set_commit(std::min(beat.commit, tainted_ ? matched_ : log_.last_index()));
    }
    // Tainted, we need to hear from a leader what we hold, also where nothing new is written.
    const bool is_unproven = tainted_ && matched_ < beat.commit;
    if ((beat.commit > commit_ || is_unproven) && !is_replacing_state()) {
      hit(Mark::loss_reported);
      report_loss(from, beat.commit);
    }
    if (beat.read_context == 0) {
      return;
    }
    reply.read_context = beat.read_context;
  }
  reply.term = hard_state_.term;
  // Loyalty to this term is a promise, so the term must be durable.
  if (!urgent && ticket_covering(0) <= persisted_ticket_) {
    output_.beat_replies.push_back({from, reply});
    return;
  }
  if (ticket_covering(0) > persisted_ticket_) hit(Mark::loyalty_waits_for_disk);
  msg::HeartbeatReply message;
  message.reply = reply;
  message.from = options_.self.value;
  send_when_durable(from, message, 0);
}

// The leader believes that we hold what we do not: make it probe.
void Raft::report_loss(NodeId leader, LogIndex missing) {
  msg::AppendReply reply;
  reply.group = options_.group.value;
  reply.term = hard_state_.term;
  reply.index = tainted_ ? std::min(commit_, matched_) : commit_;
  reply.hint_term = log_.term_at(reply.index).value_or(0);
  reply.rejected_prev = missing;
  send(leader, reply);
}

void Raft::on(NodeId from, const msg::ReadIndexReply& reply, Instant now) {
  (void)from;
  (void)now;
  const auto found =
      std::find_if(forwarded_.begin(), forwarded_.end(), [&reply](const ForwardedRead& read) {
        return read.wire_context == reply.context;
      });
  if (found == forwarded_.end()) {
    hit(Mark::read_answer_outdated);
    return;  // late, repeated, or for an earlier life
  }
  output_.reads.push_back({found->context, reply.index, reply.ok});
  forwarded_.erase(found);
}

void Raft::expire_forwarded_reads(Instant now) {
  auto expired = forwarded_.begin();
  for (; expired != forwarded_.end() && expired->deadline <= now; ++expired) {
    hit(Mark::read_expires);
    output_.reads.push_back({expired->context, 0, false});
  }
  forwarded_.erase(forwarded_.begin(), expired);
}

// --- Reads -------------------------------------------------------------------------------------

void Raft::read(std::uint64_t context, Instant now) {
  now_ = now;
  if (role_ == Role::leader) {
    add_read(options_.self, context, now);
    return;
  }
  if (leader_.is_none() || forwarded_.size() >= options_.reads_pending_max) {
    output_.reads.push_back({context, 0, false});
    return;
  }
  const ForwardedRead read{context, next_wire_context_++, now + options_.election_timeout_max};
  forwarded_.push_back(read);
  msg::ReadIndexRequest request;
  request.group = options_.group.value;
  request.context = read.wire_context;
  send(leader_, request);
}

void Raft::on(NodeId from, const msg::ReadIndexRequest& request, Instant now) {
  if (role_ == Role::leader) {
    add_read(from, request.context, now);
    return;
  }
  answer_read({from, request.context, 0, 0}, false);
}

void Raft::add_read(NodeId origin, std::uint64_t context, Instant now) {
  const PendingRead read{origin, context, own_term_committed_ ? commit_ : 0, 0};
  if (read.index != 0 && has_lease(now)) {
    hit(Mark::read_by_lease);
    answer_read(read, true);
  } else if (reads_.size() >= options_.reads_pending_max) {
    answer_read(read, false);
  } else {
    hit(read.index != 0 ? Mark::read_by_round : Mark::read_before_own_term);
    if (lease_forfeited_) hit(Mark::lease_forfeited);
    reads_.push_back(read);
  }
}

void Raft::answer_read(const PendingRead& read, bool ok) {
  if (read.origin == options_.self) {
    output_.reads.push_back({read.context, read.index, ok});
    return;
  }
  msg::ReadIndexReply reply;
  reply.group = options_.group.value;
  reply.context = read.context;
  reply.index = read.index;
  reply.ok = ok;
  send(read.origin, reply);
}

// All reads that came since the last round share the next one; a round waits for the one before.
void Raft::start_read_round() {
  if (reads_.empty() || reads_.front().index == 0 || reads_.front().round != 0) {
    return;
  }
  start_round(true);
  for (PendingRead& read : reads_) {
    read.round = round_;
  }
  finish_reads();
}

void Raft::finish_reads() {
  const std::uint64_t acked = acked_round_of_quorum();
  auto done = reads_.begin();
  for (; done != reads_.end() && done->round != 0 && done->round <= acked; ++done) {
    ASSERT(done->index != 0);
    answer_read(*done, true);
  }
  reads_.erase(reads_.begin(), done);
}

// --- Leader's heartbeats -----------------------------------------------------------------------

void Raft::start_round(bool urgent) {
  round_ = std::max(round_ + 1, round_at(now_));
  for (Progress& progress : progress_) {
    if (urgent && !is_voter(config(), progress.id)) {
      continue;
    }
    msg::Beat beat;
    beat.group = options_.group.value;
    beat.term = hard_state_.term;
    beat.commit = std::min(commit_, progress.match);
    beat.read_context = round_;
    progress.commit_told = std::max(progress.commit_told, beat.commit);
    if (urgent) {
      msg::Heartbeat heartbeat;
      heartbeat.beat = beat;
      heartbeat.from = options_.self.value;
      send(progress.id, heartbeat);
    } else {
      output_.beats.push_back({progress.id, beat});
    }
  }
}

void Raft::beat_reply(NodeId from, const msg::BeatReply& reply, Instant now) {
  now_ = now;
  if (!is_mine(reply.group)) {
    return;
  }
  if (reply.term > hard_state_.term) {
    become_follower(reply.term, NodeId{}, now);
    return;
  }
  Progress* const progress = find_progress(from);
  const bool is_current = role_ == Role::leader && reply.term == hard_state_.term;
  if (!is_current || progress == nullptr || reply.read_context > round_) {
    return;
  }
  progress->contact = now;
  progress->acked_round = std::max(progress->acked_round, reply.read_context);
  resend_lost(*progress, now);
  finish_reads();
}

std::uint64_t Raft::acked_round_of_quorum() const {
  return quorum_value(config(), [this](NodeId node) -> std::uint64_t {
    if (node == options_.self) {
      return round_;
    }
    const Progress* const progress = find_progress(node);
    return progress == nullptr ? 0 : progress->acked_round;
  });
}

bool Raft::has_lease(Instant now) const {
  if (role_ != Role::leader || !options_.leases || !own_term_committed_ || lease_forfeited_ ||
      !transfer_to_.is_none()) {
    return false;
  }
  const std::uint64_t since = quorum_value(config(), [&](NodeId node) -> std::uint64_t {
    if (node == options_.self) {
      return round_at(now);
    }
    const Progress* const progress = find_progress(node);
    return progress == nullptr ? 0 : progress->acked_round;
  });
  if (since == 0) {
    return false;
  }
  // A majority votes for nobody else until election_timeout_min after it heard this round; its
  // clocks may run faster than ours by the drift.
  const auto timeout = static_cast<double>(options_.election_timeout_min.count());
  const Duration lease(static_cast<std::int64_t>(timeout * (1.0 - options_.clock_drift_max)));
  return now < time_of(since) + lease;
}

bool Raft::has_quorum_contact(Instant now, Duration within) const {
  const std::uint64_t since = quorum_value(config(), [&](NodeId node) -> std::uint64_t {
    if (node == options_.self) {
      return round_at(now);
    }
    const Progress* const progress = find_progress(node);
    return progress == nullptr ? 0 : round_at(progress->contact);
  });
  return since != 0 && now - time_of(since) <= within;
}

void Raft::tick_leader(Instant now) {
  if (!has_quorum_contact(now, options_.election_timeout_max)) {
    hit(Mark::leader_without_quorum);
    become_follower(hard_state_.term, NodeId{}, now);  // a minority's leader helps nobody
    return;
  }
  if (now >= heartbeat_due_) {
    start_round(false);
    // On one grid of time for all groups of a node: their beats share a message to each peer.
    const Duration into = now.time_since_epoch() % options_.heartbeat_interval;
    heartbeat_due_ = now - into + options_.heartbeat_interval;
  }
  // A change of voters may have left a smaller quorum, and nobody who would answer another beat.
  finish_reads();
  for (Progress& progress : progress_) {
    tick_snapshot(progress, now);
  }
  tick_transfer(now);
  continue_change(now);
}

}  // namespace harka::raft
