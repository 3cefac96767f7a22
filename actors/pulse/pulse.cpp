// SPDX-License-Identifier: Apache-2.0
// Ticks, coalesced beats, leader hints, leader preference and drain.
#include "actors/pulse/pulse.hpp"

#include "base/marks.hpp"

#include <algorithm>
#include <utility>

namespace harka {

namespace {

enum Timer : TimerId { tick_timer, flush_timer, hints_timer, preference_timer };

// A peer must have been up this long before leadership moves to it: a node that comes and goes
// would otherwise take leaders down with it each time. A suspicion that it refutes does not count:
// on a busy machine somebody is suspected all the time, and nothing would ever move.
constexpr Duration settled_after = 3s;

}  // namespace

void Pulse::start(Turn& turn) {
  turn.set_timer(tick_timer, options_.tick);
  turn.set_timer(hints_timer, options_.hints_interval);
  turn.set_timer(preference_timer, options_.preference_interval);
  // At a restart the others have long been told all of this; at the first start nobody is there.
  turn.send(address_of(turn.node(), msg::ActorKind::control), msg::MapRequest{});
  turn.send(address_of(turn.node(), msg::ActorKind::membership), msg::MapRequest{});
}

void Pulse::receive(const Envelope& envelope, Turn& turn) {
  dispatch(*this, envelope, turn);
}

void Pulse::on_timer(TimerId timer, Turn& turn) {
  switch (timer) {
    case tick_timer:
      tick(turn);
      turn.set_timer(tick_timer, options_.tick);
      break;
    case flush_timer:
      is_flush_armed_ = false;
      flush(turn);
      break;
    case hints_timer:
      send_hints(true, turn);
      turn.set_timer(hints_timer, options_.hints_interval);
      break;
    case preference_timer:
      turn.set_timer(preference_timer, options_.preference_interval);
      if (is_draining_) {
        push_leaders_away(turn);
      } else {
        prefer_leaders(turn);
      }
      break;
    default: break;
  }
}

/// A beat is a tick too: a follower whose leader lives is left alone between two of them. A leader
/// has nothing to do before its next beat, and beats are sent on a grid of time (see raft).
void Pulse::tick(Turn& turn) {
  end_rounds(turn);
  const auto beat = turn.now().time_since_epoch() / options_.heartbeat_interval;
  const bool is_beat_due = std::exchange(beat_last_, beat) != beat;
  for (const auto& [group, view] : groups_) {
    if (view.leader == turn.node().value) {
      if (!is_beat_due) continue;
    } else if (turn.now() - view.beaten < options_.heartbeat_interval) {
      continue;
    }
    if (view.leader == turn.node().value) beat_round_.await_one();
    turn.send(replica_address(turn.node(), GroupId{group}), msg::Tick{});
  }
}

void Pulse::end_rounds(Turn& turn) {
  for (Round* round : {&beat_round_, &reply_round_}) {
    const std::size_t missing = std::exchange(round->awaited, 0);
    if (std::exchange(round->has_begun, false)) round->is_whole = missing == 0;
  }
  send_beats(turn);
  send_replies(turn);
}

// The answer that nobody awaited (a read round of a single group, say) leaves at once.
bool Pulse::is_last(Round& round, Turn& turn) {
  if (round.awaited > 0) --round.awaited;
  if (!round.is_whole) note_pending(turn);
  return round.awaited == 0;
}

std::string Pulse::describe() const {
  return std::to_string(groups_.size()) + " groups" + (is_draining_ ? ", draining" : "");
}

void Pulse::on(const msg::BeatsOut& out, const Envelope&, Turn& turn) {
  for (const msg::BeatTo& item : out.beats) beats_[item.to].beats.push_back(item.beat);
  if (is_last(beat_round_, turn)) send_beats(turn);
}

void Pulse::on(const msg::BeatReplyOut& out, const Envelope&, Turn& turn) {
  replies_[out.to].replies.push_back(out.reply);
  if (is_last(reply_round_, turn)) send_replies(turn);
}

void Pulse::on(const msg::Beats& beats, const Envelope& envelope, Turn& turn) {
  for (const msg::Beat& beat : beats.beats) {
    if (const auto group = groups_.find(beat.group); group != groups_.end()) {
      group->second.beaten = turn.now();
      reply_round_.await_one();
    }
    turn.send(
        replica_address(turn.node(), GroupId{beat.group}),
        msg::Heartbeat{beat, envelope.from.node});
  }
}

void Pulse::on(const msg::BeatReplies& replies, const Envelope& envelope, Turn& turn) {
  for (const msg::BeatReply& reply : replies.replies) {
    turn.send(
        replica_address(turn.node(), GroupId{reply.group}),
        msg::HeartbeatReply{reply, envelope.from.node});
  }
}

void Pulse::on(const msg::LeadershipChanged& change, const Envelope& envelope, Turn& turn) {
  if (!turn.is_from_here(envelope)) return;  // its replicas' to say
  GroupView& view = groups_[change.group];
  const bool concerns_us = change.leader == turn.node().value || view.leader == turn.node().value;
  view.term = change.term;
  view.leader = change.leader;
  if (concerns_us) {
    changed_.insert(change.group);
    note_pending(turn);
  }
}

void Pulse::on(const msg::MembershipChanged& change, const Envelope& envelope, Turn& turn) {
  if (!turn.is_from_here(envelope)) return;  // its membership's to say
  for (const msg::Member& member : change.members) {
    PeerView& peer = peers_[member.node];
    const bool is_suspect = member.state == msg::MemberState::suspect;
    const bool is_up = is_suspect || member.state == msg::MemberState::alive;
    if (is_up && !peer.is_up) peer.up_since = turn.now();
    if (!is_up) peer.is_draining = false;
    peer.is_up = is_up;
    peer.is_suspect = is_suspect;
  }
}

void Pulse::on(const msg::MapUpdate& update, const Envelope& envelope, Turn& turn) {
  if (!turn.is_from_here(envelope)) return;  // its control's to say
  preferred_.clear();
  for (const msg::ShardRecord& record : update.map.shards) {
    if (!record.replicas.empty()) {
      preferred_[group_of(ShardId{record.shard}).value] = record.replicas.front();
    }
  }
}

void Pulse::on(const msg::LeaderHints& hints, const Envelope& envelope, Turn&) {
  peers_[envelope.from.node].is_draining = hints.draining;
}

void Pulse::on(const msg::DrainNode&, const Envelope& envelope, Turn& turn) {
  is_draining_ = true;
  // The same one may ask again, and a drain may never be over.
  const std::pair waiter(envelope.from, envelope.correlation);
  const bool is_known =
      std::find(drain_waiters_.begin(), drain_waiters_.end(), waiter) != drain_waiters_.end();
  if (!is_known) drain_waiters_.push_back(waiter);
  send_hints(true, turn);
  push_leaders_away(turn);
}

void Pulse::note_pending(Turn& turn) {
  if (is_flush_armed_) return;
  is_flush_armed_ = true;
  turn.set_timer(flush_timer, options_.coalesce);
}

void Pulse::flush(Turn& turn) {
  send_beats(turn);
  send_replies(turn);
  if (!changed_.empty()) send_hints(false, turn);
}

void Pulse::send_beats(Turn& turn) {
  for (auto& [node, beats] : std::exchange(beats_, {})) {
    turn.send(address_of(NodeId{node}, msg::ActorKind::pulse), std::move(beats));
  }
}

void Pulse::send_replies(Turn& turn) {
  for (auto& [node, replies] : std::exchange(replies_, {})) {
    turn.send(address_of(NodeId{node}, msg::ActorKind::pulse), std::move(replies));
  }
}

void Pulse::send_hints(bool complete, Turn& turn) {
  msg::LeaderHints hints;
  hints.complete = complete;
  hints.draining = is_draining_;
  hints.node = turn.node().value;
  for (const auto& [group, view] : groups_) {
    const bool leads = view.leader == turn.node().value;
    // A partial list also says what this node stopped leading, so that routers stop asking it.
    if (leads ? (complete || changed_.contains(group)) : (!complete && changed_.contains(group))) {
      hints.hints.push_back(msg::LeaderHint{group, view.term, view.leader});
    }
  }
  changed_.clear();
  peers_[turn.node().value].is_up = true;
  for (const auto& [node, peer] : peers_) {
    if (!peer.is_up) continue;
    turn.send(address_of(NodeId{node}, msg::ActorKind::control), hints);
    if (node != turn.node().value) {
      turn.send(address_of(NodeId{node}, msg::ActorKind::pulse), hints);
    }
  }
}

// A batch begins where the last one ended: groups whose transfers do not succeed must not keep the
// others from their turn.
void Pulse::prefer_leaders(Turn& turn) {
  std::vector<std::uint32_t> misplaced;
  for (const auto& [group, view] : groups_) {
    if (view.leader == turn.node().value && may_move(group, turn)) misplaced.push_back(group);
  }
  const auto next = std::upper_bound(misplaced.begin(), misplaced.end(), moved_last_);
  std::rotate(misplaced.begin(), next, misplaced.end());
  if (misplaced.size() > options_.preference_batch) misplaced.resize(options_.preference_batch);
  for (const std::uint32_t group : misplaced) {
    hit(Mark::leader_preferred);
    turn.send(
        replica_address(turn.node(), GroupId{group}),
        msg::TransferLeadership{group, preferred_[group]});
    moved_last_ = group;
  }
}

bool Pulse::may_move(std::uint32_t group, const Turn& turn) const {
  const auto preferred = preferred_.find(group);
  if (preferred == preferred_.end() || preferred->second == turn.node().value) return false;
  const auto peer = peers_.find(preferred->second);
  return peer != peers_.end() && peer->second.is_up && !peer->second.is_suspect &&
         !peer->second.is_draining && turn.now() - peer->second.up_since >= settled_after;
}

void Pulse::push_leaders_away(Turn& turn) {
  for (const auto& [group, view] : groups_) {
    if (view.leader != turn.node().value) continue;
    turn.send(replica_address(turn.node(), GroupId{group}), msg::TransferLeadership{group, 0});
  }
  const std::uint32_t leading = leading_count(turn.node().value);
  const bool is_done = leading == 0;
  for (const auto& [waiter, correlation] : drain_waiters_) {
    turn.send(waiter, msg::DrainProgress{leading, is_done}, correlation);
  }
  if (is_done) {
    drain_waiters_.clear();
  } else {
    turn.set_timer(preference_timer, 100ms);
  }
}

std::uint32_t Pulse::leading_count(std::uint64_t node) const {
  std::uint32_t count = 0;
  for (const auto& [group, view] : groups_) count += view.leader == node ? 1 : 0;
  return count;
}

}  // namespace harka
