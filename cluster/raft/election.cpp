// SPDX-License-Identifier: Apache-2.0
// Elections (dissertation, chapters 3 and 9.6) with three guards.
//
// Pre-vote: a node asks whether it would win before it disturbs anyone with a higher term.
// Loyalty: who heard a leader within the shortest election timeout votes for nobody else; it is
// measured by time, not by a remembered leader, because a memory never times out. After a restart
// the time is unknown, so a node stays silent for one timeout: leases depend on it.
// Durability: nothing that carries a candidature or a vote leaves before the hard state, and the
// log that was compared, are durable; otherwise one server can win one term twice.
#include "base/assert.hpp"
#include "base/marks.hpp"
#include "cluster/raft/quorum.hpp"
#include "cluster/raft/raft.hpp"

#include <algorithm>
#include <utility>

namespace harka::raft {

void Raft::arm_election(Instant now) {
  election_deadline_ =
      now + random_.between(options_.election_timeout_min, options_.election_timeout_max);
}

bool Raft::can_stand() const {
  return !tainted_ && !is_replacing_state() && configs_.may_stand(options_.self, commit_);
}

/// Whose vote could elect a leader without what was committed? A tainted replica may have forgotten
/// entries that it acknowledged. (Its acknowledgements are fine: they are for what it holds now,
/// and to leaders of terms above all in which it can have promised anything.) One without any
/// configuration has an empty log, and may have come to a disk of a node that was removed: some
/// candidate may still count on the vote of that one.
bool Raft::can_vote() const {
  return !tainted_ && !configs_.newest().voters.empty();
}

bool Raft::is_loyal(Instant now) const {
  if (role_ == Role::leader) {
    return has_quorum_contact(now, options_.election_timeout_min);
  }
  return now < loyal_until_;
}

bool Raft::is_log_as_new(const msg::VoteRequest& request) const {
  return request.last_term > log_.last_term() ||
         (request.last_term == log_.last_term() && request.last_index >= log_.last_index());
}

/// Two pre-candidates that hear of each other would both go on, and each would find the other's
/// vote spent. Where half a round trip is a third of what timeouts differ by, that was every other
/// election. So the one with the shorter log, or else the later one in the configuration, waits.
bool Raft::gives_way_to(NodeId other, const msg::VoteRequest& request) const {
  if (request.last_term != log_.last_term() || request.last_index != log_.last_index()) {
    return true;  // its log is newer, or it would not have got our vote
  }
  const std::vector<std::uint64_t>& voters = config().voters;
  return std::ranges::find(voters, other.value) < std::ranges::find(voters, options_.self.value);
}

void Raft::on(NodeId from, const msg::VoteRequest& request, Instant now) {
  msg::VoteReply reply;
  reply.group = options_.group.value;
  reply.pre_vote = request.pre_vote;
  reply.term = hard_state_.term;
  const bool is_refused = is_loyal(now) && !request.transfer;
  if (request.term < hard_state_.term || (request.pre_vote && is_refused)) {
    if (is_refused) hit(Mark::pre_vote_while_loyal);
    send(from, reply);
    return;
  }
  if (request.pre_vote) {
    reply.granted = request.term > hard_state_.term && can_vote() && is_log_as_new(request);
    reply.term = reply.granted ? request.term : hard_state_.term;
    send(from, reply);
    if (reply.granted && role_ == Role::pre_candidate && gives_way_to(from, request)) {
      hit(Mark::pre_candidates_meet);
      become_follower(hard_state_.term, NodeId{}, now);
    }
    return;
  }
  if (is_refused) {
    hit(leader_.is_none() ? Mark::vote_while_silent : Mark::vote_while_loyal);
    return;  // and its term is not ours: a disturbed node must not disturb
  }
  if (request.term > hard_state_.term) {
    become_follower(request.term, NodeId{}, now);
  }
  reply.term = hard_state_.term;
  const bool is_free = hard_state_.vote == 0 && leader_.is_none();
  reply.granted =
      can_vote() && (is_free || hard_state_.vote == from.value) && is_log_as_new(request);
  if (!reply.granted) {
    if (!is_log_as_new(request)) hit(Mark::vote_for_older_log);
    if (!can_vote()) hit(Mark::vote_unable);
    if (!is_free && hard_state_.vote != from.value) hit(Mark::vote_spent);
    send(from, reply);
    return;
  }
  if (hard_state_.vote != from.value) {
    hard_state_.vote = from.value;
    hard_state_dirty_ = true;
  } else {
    hit(Mark::vote_repeated);
  }
  arm_election(now);
  send_when_durable(from, reply, 0);
}

void Raft::on(NodeId from, const msg::VoteReply& reply, Instant now) {
  if (!(reply.pre_vote && reply.granted) && reply.term > hard_state_.term) {
    become_follower(reply.term, NodeId{}, now);
    return;
  }
  const bool answers_pre_vote = reply.pre_vote && role_ == Role::pre_candidate &&
                                (!reply.granted || reply.term == hard_state_.term + 1);
  const bool answers_vote =
      !reply.pre_vote && role_ == Role::candidate && reply.term == hard_state_.term;
  if (answers_pre_vote || answers_vote) {
    count_vote(from, reply.granted, now);
  } else if (reply.granted) {
    hit(Mark::vote_outdated);
  }
}

void Raft::on(NodeId from, const msg::TimeoutNow& message, Instant now) {
  (void)from;
  const bool is_current = message.term == hard_state_.term && role_ != Role::leader;
  if (is_current && can_stand()) {
    hit(Mark::timeout_now_obeyed);
    stand(true, now);
  } else {
    hit(Mark::timeout_now_void);
  }
}

void Raft::tick_follower(Instant now) {
  expire_forwarded_reads(now);
  if (now < election_deadline_) {
    return;
  }
  if (can_stand()) {
    stand_for_pre_vote(now);
    return;
  }
  hit(Mark::timeout_without_standing);
  become_follower(hard_state_.term, NodeId{}, now);
}

void Raft::stand_for_pre_vote(Instant now) {
  if (!is_voter(config(), options_.self)) hit(Mark::stands_by_older_configuration);
  become_follower(hard_state_.term, NodeId{}, now);
  role_ = Role::pre_candidate;
  request_votes(true, false);
  count_vote(options_.self, true, now);
}

void Raft::stand(bool is_transfer, Instant now) {
  become_follower(hard_state_.term + 1, NodeId{}, now);
  role_ = Role::candidate;
  hard_state_.vote = options_.self.value;
  hard_state_dirty_ = true;
  self_vote_due_ = true;
  request_votes(false, is_transfer);
}

void Raft::request_votes(bool pre_vote, bool is_transfer) {
  msg::VoteRequest request;
  request.group = options_.group.value;
  request.term = pre_vote ? hard_state_.term + 1 : hard_state_.term;
  request.last_index = log_.last_index();
  request.last_term = log_.last_term();
  request.pre_vote = pre_vote;
  request.transfer = is_transfer;
  for (const NodeId member : members_of(config())) {
    if (member == options_.self || !is_voter(config(), member)) {
      continue;
    }
    if (pre_vote) {
      send(member, request);
    } else {
      send_when_durable(member, request, log_.last_index());
    }
  }
}

void Raft::count_vote(NodeId from, bool granted, Instant now) {
  if (granted && !contains(votes_granted_, from)) {
    votes_granted_.push_back(from.value);
  }
  const bool is_won = quorum_value(config(), [this](NodeId node) -> std::uint64_t {
                        return contains(votes_granted_, node) ? 1 : 0;
                      }) == 1;
  if (!is_won) {
    return;
  }
  if (role_ == Role::pre_candidate) {
    stand(false, now);
  } else if (!self_vote_due_) {
    // Not before our own hard state is durable, even if the others suffice.
    become_leader(now);
  }
}

void Raft::become_leader(Instant now) {
  ASSERT(role_ == Role::candidate);
  ASSERT(hard_state_.vote == options_.self.value);
  ASSERT(!tainted_);
  role_ = Role::leader;
  leader_ = options_.self;
  votes_granted_.clear();
  uncommitted_bytes_ = 0;
  if (commit_ < log_.last_index()) hit(Mark::leader_inherits);
  for (LogIndex index = commit_ + 1; index <= log_.last_index(); ++index) {
    uncommitted_bytes_ += size_of(log_.at(index));
  }
  rebuild_progress();
  // Only an entry of the own term shows what is committed (dissertation, 3.6.2 and 6.4).
  msg::Entry entry;
  entry.index = log_.last_index() + 1;
  entry.term = hard_state_.term;
  entry.type = msg::EntryType::noop;
  uncommitted_bytes_ += size_of(entry);
  append_to_log(std::move(entry));
  start_round(false);
  heartbeat_due_ = now + options_.heartbeat_interval;
}

}  // namespace harka::raft
