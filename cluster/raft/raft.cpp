// SPDX-License-Identifier: Apache-2.0
// The replica's state, its dealings with the log store, and its output. The protocol itself is in
// election.cpp, replication.cpp, reads.cpp, snapshot.cpp and config_change.cpp.
#include "cluster/raft/raft.hpp"

#include "base/assert.hpp"
#include "base/marks.hpp"
#include "cluster/raft/quorum.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

namespace harka::raft {

namespace {

// Held for an Append that take() has not numbered yet.
constexpr std::uint64_t ticket_unsaved = std::numeric_limits<std::uint64_t>::max();

std::uint64_t mix(const Options& options, Instant now, Term term) {
  const auto at = static_cast<std::uint64_t>(now.time_since_epoch().count());
  return Random(options.random_seed ^ options.self.value ^ at)
      .fork(term + (static_cast<std::uint64_t>(options.group.value) << 32))
      .next();
}

}  // namespace

Raft::Raft(const Options& options, Restored restored, Instant now)
    : options_(options),
      random_(mix(options, now, restored.hard_state.term)),
      now_(now),
      hard_state_(restored.hard_state),
      log_(restored.start_index, restored.start_term, std::move(restored.entries)),
      configs_(restored.applied_index, std::move(restored.config)),
      tainted_(restored.tainted),
      term_floor_(restored.term_floor),
      high_water_(restored.high_water),
      commit_(restored.applied_index),
      applied_(restored.applied_index),
      next_wire_context_(random_.next()) {
  ASSERT(!options.self.is_none());
  ASSERT(options.election_timeout_min <= options.election_timeout_max);
  ASSERT(options.log_writes_pending_max > 0);
  ASSERT(applied_ >= log_.start_index() || tainted_);  // tainted: the state may be gone
  ASSERT((restored.applied_index == 0) == (restored.applied_term == 0));
  if (tainted_) hit(Mark::damaged_replica_starts);
  if (log_.term_at(applied_) != restored.applied_term) {
    hit(tainted_ ? Mark::state_without_log : Mark::state_ahead_of_log);
    // The state is ahead of the log: a crash between a snapshot's installation and the log's
    // restart, or between a flush of applied entries and the log's own sync. All of it is
    // committed, so the log begins anew behind it. Or the state is gone: then the leader sends all
    // of it again, and until that is there the taint keeps us from voting.
    log_.reset(applied_, restored.applied_term);
    unsaved_start_ = Append::Start{applied_, restored.applied_term, true};
  }
  for (LogIndex index = applied_ + 1; index <= log_.last_index(); ++index) {
    const msg::Entry& entry = log_.at(index);
    if (entry.type == msg::EntryType::config) {
      configs_.append(index, decode_config(entry.data).value());
    }
  }
  durable_ = log_.last_index();
  unsaved_from_ = durable_ + 1;
  if (term_floor_ != 0) {
    check_untainted();  // the state may have come further than the log
  }
  const bool is_fresh = hard_state_.term == 0;
  loyal_until_ = is_fresh || !options_.leases ? now : now + options_.election_timeout_min;
  arm_election(now);
  if (options_.preferred_leader) {
    election_deadline_ = is_fresh ? now : now + options_.election_timeout_min;
  }
  reported_term_ = hard_state_.term;
}

void Raft::step(NodeId from, const msg::Message& message, Instant now) {
  now_ = now;
  std::visit(
      [&](const auto& m) {
        using Type = std::decay_t<decltype(m)>;
        if constexpr (std::is_same_v<Type, msg::Heartbeat>) {
          if (is_mine(m.beat.group)) {
            on_beat(from, m.beat, true, now);
          }
        } else if constexpr (std::is_same_v<Type, msg::HeartbeatReply>) {
          beat_reply(from, m.reply, now);
        } else if constexpr (requires { this->on(from, m, now); }) {
          if (is_mine(m.group)) {
            this->on(from, m, now);
          }
        }
      },
      message);
}

void Raft::beat(NodeId from, const msg::Beat& beat, Instant now) {
  now_ = now;
  if (is_mine(beat.group)) {
    on_beat(from, beat, false, now);
  }
}

void Raft::tick(Instant now) {
  now_ = now;
  if (role_ == Role::leader) {
    tick_leader(now);
  } else {
    tick_follower(now);
  }
}

void Raft::applied(LogIndex index) {
  ASSERT(index <= commit_);
  applied_ = std::max(applied_, index);
}

void Raft::compact(LogIndex index) {
  LogIndex limit = std::min({index, applied_, durable_});
  LogIndex needed = limit;
  std::size_t bytes_max = options_.retained_bytes_max;
  for (const Progress& progress : progress_) {
    if (now_ - progress.contact < options_.election_timeout_max) {
      const bool has_snapshot =
          progress.state == Progress::State::snapshot && progress.snapshot_index > 0;
      needed = std::min(needed, has_snapshot ? progress.snapshot_index : progress.match);
      // What follows a snapshot under way is needed when it arrives, or it was sent for nothing.
      bytes_max = has_snapshot ? 8 * options_.retained_bytes_max : bytes_max;
    }
  }
  std::size_t bytes = 0;
  while (limit > needed && limit > log_.start_index() && bytes < bytes_max) {
    bytes += size_of(log_.at(limit));
    --limit;
  }
  if (bytes > 0) hit(Mark::log_kept_for_follower);
  if (limit <= log_.start_index()) {
    return;
  }
  if (limit > needed) hit(Mark::follower_left_behind);
  log_.drop_through(limit);
  configs_.drop_through(limit);
  const bool drops_suffix = unsaved_start_.has_value() && unsaved_start_->drops_suffix;
  unsaved_start_ = Append::Start{limit, log_.start_term(), drops_suffix};
}

// --- Roles -------------------------------------------------------------------------------------

void Raft::become_follower(Term term, NodeId leader, Instant now) {
  ASSERT(term >= hard_state_.term);
  if (role_ == Role::leader) {
    if (term > hard_state_.term) hit(Mark::leader_deposed);
    leave_leadership();
  }
  if (term > hard_state_.term) {
    hard_state_.term = term;
    hard_state_.vote = 0;
    hard_state_dirty_ = true;
    if (!held_.empty()) hit(Mark::promises_dropped);
    held_.clear();  // promises to an older term's candidates and leaders interest nobody now
  }
  if (role_ == Role::candidate) {
    // A candidature that waits for the disk and is given up must not go out later: the log that it
    // describes may have been replaced by then.
    const std::size_t withdrawn = std::erase_if(held_, [](const Held& held) {
      return std::holds_alternative<msg::VoteRequest>(held.outgoing.message);
    });
    if (withdrawn > 0) hit(Mark::candidature_withdrawn);
  }
  role_ = Role::follower;
  if (leader_ != leader) {
    matched_ = 0;
    fail_forwarded_reads();
  }
  leader_ = leader;
  self_vote_due_ = false;
  votes_granted_.clear();
  arm_election(now);
}

void Raft::observe_leader(Term term, NodeId leader, Instant now) {
  if (term > hard_state_.term || role_ != Role::follower || leader_ != leader) {
    const bool is_second = term == hard_state_.term &&
                           (role_ == Role::leader || (!leader_.is_none() && leader_ != leader));
    ASSERT(!is_second);  // two leaders in one term
    become_follower(term, leader, now);
  }
  if (hard_state_.vote == 0) {
    // Who came new into this term may have had a vote in it on a disk that is gone.
    hard_state_.vote = leader.value;
    hard_state_dirty_ = true;
  }
  loyal_until_ = now + options_.election_timeout_min;
  arm_election(now);
}

void Raft::leave_leadership() {
  for (const PendingRead& read : reads_) {
    hit(Mark::read_ends_with_leadership);
    answer_read(read, false);
  }
  reads_.clear();
  progress_.clear();
  settled_config_.reset();
  target_.reset();
  transfer_to_ = NodeId{};
  lease_forfeited_ = false;
  own_term_committed_ = false;
  uncommitted_bytes_ = 0;
}

void Raft::fail_forwarded_reads() {
  for (const ForwardedRead& read : forwarded_) {
    hit(Mark::read_ends_with_leader);
    output_.reads.push_back({read.context, 0, false});
  }
  forwarded_.clear();
}

bool Raft::is_learner() const {
  return !is_voter(config(), options_.self) && contains(config().learners, options_.self);
}

// --- The log and the log store -----------------------------------------------------------------

void Raft::append_to_log(msg::Entry entry) {
  if (entry.type == msg::EntryType::config) {
    // Decoded before it is taken: an undecodable one can only come from a broken peer.
    configs_.append(entry.index, decode_config(entry.data).value());
    output_.config_changed = true;
  }
  log_.append(std::move(entry));
}

void Raft::truncate_log(LogIndex index) {
  ASSERT(index > commit_);
  log_.truncate_from(index);
  if (configs_.truncate_from(index)) {
    hit(Mark::configuration_undone);
    output_.config_changed = true;
  }
  durable_ = std::min(durable_, index - 1);
  unsaved_from_ = std::min(unsaved_from_, index);
  for (Pending& pending : pending_) {
    if (pending.last_index >= index) hit(Mark::write_overtaken);
    pending.last_index = std::min(pending.last_index, index - 1);
  }
}

void Raft::send(NodeId to, msg::Message message) {
  output_.messages.push_back({to, std::move(message)});
}

// Sends once the hard state and the log up to `index` are durable.
void Raft::send_when_durable(NodeId to, msg::Message message, LogIndex index) {
  const std::uint64_t ticket = ticket_covering(index);
  if (ticket <= persisted_ticket_) {
    send(to, std::move(message));
    return;
  }
  held_.push_back({ticket, {to, std::move(message)}});
}

std::uint64_t Raft::ticket_covering(LogIndex index) const {
  if (hard_state_dirty_ || unsaved_start_.has_value() || index >= unsaved_from_) {
    return ticket_unsaved;
  }
  std::uint64_t ticket = 0;
  bool is_covered = index <= durable_;
  for (const Pending& pending : pending_) {
    const bool covers_index = !is_covered && pending.last_index >= index;
    if (pending.hard_state || covers_index) {
      ticket = pending.ticket;
    }
    is_covered = is_covered || covers_index;
  }
  ASSERT(is_covered);
  return ticket;
}

bool Raft::is_hard_state_durable() const {
  return !hard_state_dirty_ &&
         std::none_of(pending_.begin(), pending_.end(), [](const auto& p) { return p.hard_state; });
}

void Raft::persisted(std::uint64_t ticket, Instant now) {
  now_ = now;
  ASSERT(ticket < next_ticket_);
  if (ticket <= persisted_ticket_) {
    return;
  }
  persisted_ticket_ = ticket;
  auto done = pending_.begin();
  for (; done != pending_.end() && done->ticket <= ticket; ++done) {
    durable_ = std::max(durable_, done->last_index);
  }
  pending_.erase(pending_.begin(), done);
  ASSERT(durable_ <= log_.last_index());
  release_held();
  check_untainted();
  if (role_ == Role::candidate && self_vote_due_ && is_hard_state_durable()) {
    self_vote_due_ = false;
    count_vote(options_.self, true, now);
  } else if (role_ == Role::leader) {
    advance_commit(now);
  }
}

void Raft::release_held() {
  auto kept = held_.begin();
  for (auto held = held_.begin(); held != held_.end(); ++held) {
    if (held->ticket <= persisted_ticket_) {
      output_.messages.push_back(std::move(held->outgoing));
    } else {
      if (kept != held) {
        *kept = std::move(*held);
      }
      ++kept;
    }
  }
  held_.erase(kept, held_.end());
}

void Raft::emit_appends() {
  if (pending_.size() >= options_.log_writes_pending_max) {
    hit(Mark::writes_gathered);
    return;  // `persisted` makes room, and whoever waits is held until then
  }
  const auto take_hard_state = [this]() -> std::optional<msg::HardState> {
    if (!std::exchange(hard_state_dirty_, false)) {
      return std::nullopt;
    }
    return hard_state_;
  };
  if (unsaved_start_.has_value()) {
    Append append;
    append.ticket = next_ticket_++;
    append.hard_state = take_hard_state();
    append.start = std::exchange(unsaved_start_, std::nullopt);
    pending_.push_back({append.ticket, 0, append.hard_state.has_value()});
    output_.appends.push_back(std::move(append));
  }
  if (hard_state_dirty_ || unsaved_from_ <= log_.last_index()) {
    Append append;
    append.ticket = next_ticket_++;
    append.hard_state = take_hard_state();
    append.entries =
        log_.slice(unsaved_from_, log_.last_index(), std::numeric_limits<std::size_t>::max());
    const LogIndex last = append.entries.empty() ? 0 : log_.last_index();
    unsaved_from_ = log_.last_index() + 1;
    pending_.push_back({append.ticket, last, append.hard_state.has_value()});
    output_.appends.push_back(std::move(append));
  }
  for (Held& held : held_) {
    held.ticket = held.ticket == ticket_unsaved ? next_ticket_ - 1 : held.ticket;
  }
}

void Raft::set_commit(LogIndex index) {
  if (index <= commit_) {
    return;
  }
  ASSERT(index <= log_.last_index());
  commit_ = index;
  output_.commit_advanced = true;
}

Output Raft::take() {
  if (role_ == Role::leader) {
    start_read_round();
    replicate_all();
  }
  emit_appends();
  if (reported_term_ != hard_state_.term || reported_leader_ != leader_ ||
      reported_role_ != role_) {
    reported_term_ = hard_state_.term;
    reported_leader_ = leader_;
    reported_role_ = role_;
    output_.leadership_changed = true;
  }
  return std::exchange(output_, Output{});
}

}  // namespace harka::raft
