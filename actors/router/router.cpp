// SPDX-License-Identifier: Apache-2.0
// Routing, parking and retrying. Flights of one shard are kept and retried in sequence order, so a
// pipeline that survives a change of leader keeps its order.
#include "actors/router/router.hpp"

#include "base/marks.hpp"

#include <algorithm>

namespace harka {

namespace {

enum Timer : TimerId { sweep_timer };

constexpr std::size_t shard_slots_max = limits::shard_count_max;

}  // namespace

void Router::receive(const Envelope& envelope, Turn& turn) {
  dispatch(*this, envelope, turn);
}

void Router::on_timer(TimerId, Turn& turn) {
  sweep(turn);
  is_sweep_armed_ = !flights_.empty();
  if (is_sweep_armed_) turn.set_timer(sweep_timer, options_.sweep);
}

std::string Router::describe() const {
  return std::to_string(flights_.size()) + " in flight, map version " +
         std::to_string(map_.version);
}

std::uint64_t Router::leader_of(std::uint32_t shard) const {
  const auto found = leaders_.find(shard);
  if (found == leaders_.end()) return 0;
  const auto alive = is_alive_.find(found->second.node);
  return alive != is_alive_.end() && !alive->second ? 0 : found->second.node;
}

void Router::on(const msg::ShardBatch& batch, const Envelope& envelope, Turn& turn) {
  msg::ShardReply refusal;
  refusal.shard = batch.shard;
  refusal.outcome = msg::BatchOutcome::retry_later;
  if (flights_.size() >= options_.flights_max || batch.shard >= map_.shard_count) {
    turn.reply(std::move(refusal));
    return;
  }
  const std::uint64_t sequence = ++sequences_[batch.shard];
  const auto [flight, is_new] = flights_.try_emplace(FlightKey{batch.shard, sequence});
  ASSERT(is_new);
  if (!std::exchange(is_sweep_armed_, true)) turn.set_timer(sweep_timer, options_.sweep);
  Flight& state = flight->second;
  state.client = envelope.from;
  state.correlation = envelope.correlation;
  state.batch = batch;
  state.batch.session = options_.session;
  state.batch.sequence = sequence;
  state.batch.map_epoch = map_.shards[batch.shard].epoch;
  state.arrived = turn.now();
  ++parked_[batch.shard];
  // Behind those already parked, except for what needs no leader and has no order to keep.
  if (parked_[batch.shard] == 1 || may_be_stale(batch)) route(flight, turn);
}

void Router::on(const msg::ShardReply& reply, const Envelope&, Turn& turn) {
  const auto flight = flights_.find(FlightKey{reply.shard, reply.sequence});
  if (flight == flights_.end() || reply.session != options_.session) return;  // answered already
  Flight& state = flight->second;
  switch (reply.outcome) {
    case msg::BatchOutcome::done: finish(flight, reply, turn); return;
    case msg::BatchOutcome::unknown:
      state.maybe_done = state.maybe_done || state.batch.writes > 0;
      break;
    case msg::BatchOutcome::not_leader:
      if (reply.leader != 0 && reply.leader != turn.node().value && !state.maybe_done) {
        fail(flight, msg::BatchOutcome::not_leader, reply.leader, turn);
        return;
      }
      if (state.maybe_done) hit(Mark::redirect_forbidden);
      break;
    case msg::BatchOutcome::retry_later:
    case msg::BatchOutcome::stale_epoch: break;
  }
  if (state.sent_to != 0) park(flight);  // the next sweep or hint retries it
}

// What it routes by is said by its own node alone: control has looked at what others say.
void Router::on(const msg::MapUpdate& update, const Envelope& envelope, Turn& turn) {
  if (!turn.is_from_here(envelope) || update.map.version < map_.version) return;
  ASSERT(update.map.shards.size() == update.map.shard_count);
  ASSERT(update.map.shard_count <= shard_slots_max);
  map_ = update.map;
}

void Router::on(const msg::LeaderHints& hints, const Envelope& envelope, Turn& turn) {
  if (!turn.is_from_here(envelope)) return;
  for (const msg::LeaderHint& hint : hints.hints) {
    if (hint.group == meta_group.value) continue;
    const std::uint32_t shard = shard_of(GroupId{hint.group}).value;
    Leader& known = leaders_[shard];
    // Within a term the leader stays: a follower that has not heard of it knows less.
    if (hint.term < known.term || (hint.term == known.term && hint.leader == 0)) {
      hit(Mark::hint_outdated);
      continue;
    }
    known = Leader{hint.term, hint.leader};
    if (hint.leader != 0) retry_parked(shard, turn);
  }
}

void Router::on(const msg::MembershipChanged& change, const Envelope& envelope, Turn& turn) {
  if (!turn.is_from_here(envelope)) return;
  for (const msg::Member& member : change.members) {
    is_alive_[member.node] =
        member.state == msg::MemberState::alive || member.state == msg::MemberState::suspect;
  }
}

void Router::route(Flights::iterator flight, Turn& turn) {
  Flight& state = flight->second;
  const std::uint32_t shard = flight->first.first;
  const std::uint64_t leader = leader_of(shard);
  const std::uint64_t here = turn.node().value;
  if (may_be_stale(state.batch) && leader != here) {
    if (is_replica_here(shard, here) && !state.asks_cache) {
      send_to(flight, here, turn);
    } else {
      send(flight, address_of(turn.node(), msg::ActorKind::cache), turn);
    }
  } else if (leader == here || (leader != 0 && state.maybe_done)) {
    send_to(flight, leader, turn);
  } else if (leader != 0) {
    fail(flight, msg::BatchOutcome::not_leader, leader, turn);
  }
}

void Router::send_to(Flights::iterator flight, std::uint64_t node, Turn& turn) {
  send(flight, replica_address(NodeId{node}, group_of(ShardId{flight->first.first})), turn);
}

void Router::send(Flights::iterator flight, const Address& to, Turn& turn) {
  Flight& state = flight->second;
  ASSERT(state.sent_to == 0);
  const std::uint32_t shard = flight->first.first;
  --parked_[shard];
  state.sent_to = to.node;
  state.sent = turn.now();
  const auto oldest = flights_.lower_bound(FlightKey{shard, 0});
  state.batch.acknowledged = oldest->first.second - 1;
  turn.send(to, state.batch, state.correlation);
}

void Router::park(Flights::iterator flight) {
  Flight& state = flight->second;
  state.sent_to = 0;
  state.asks_cache = may_be_stale(state.batch) && !state.asks_cache;  // by turns
  ++parked_[flight->first.first];
}

void Router::finish(Flights::iterator flight, msg::ShardReply reply, Turn& turn) {
  if (flight->second.sent_to == 0) --parked_[flight->first.first];
  turn.send(flight->second.client, std::move(reply), flight->second.correlation);
  flights_.erase(flight);
}

void Router::fail(
    Flights::iterator flight, msg::BatchOutcome outcome, std::uint64_t leader, Turn& turn) {
  msg::ShardReply reply;
  reply.shard = flight->first.first;
  reply.session = options_.session;
  reply.sequence = flight->first.second;
  reply.outcome = outcome;
  reply.leader = leader;
  finish(flight, std::move(reply), turn);
}

void Router::retry_parked(std::uint32_t shard, Turn& turn) {
  auto flight = flights_.lower_bound(FlightKey{shard, 0});
  while (flight != flights_.end() && flight->first.first == shard) {
    const auto next = std::next(flight);  // route may erase the flight
    if (flight->second.sent_to == 0) route(flight, turn);
    flight = next;
  }
}

void Router::sweep(Turn& turn) {
  std::vector<std::uint32_t> shards;
  for (auto flight = flights_.begin(); flight != flights_.end();) {
    const auto next = std::next(flight);
    Flight& state = flight->second;
    const Duration age = turn.now() - state.arrived;
    if (state.sent_to != 0 && turn.now() - state.sent >= options_.resend_after) {
      hit(Mark::flight_lost);
      state.maybe_done = state.maybe_done || state.batch.writes > 0;
      park(flight);
    }
    if (state.sent_to == 0) {
      if (state.maybe_done ? age >= options_.deadline : age >= options_.patience) {
        hit(state.maybe_done ? Mark::flight_unknown : Mark::flight_gives_up);
        fail(
            flight,
            state.maybe_done ? msg::BatchOutcome::unknown : msg::BatchOutcome::retry_later,
            0,
            turn);
      } else if (shards.empty() || shards.back() != flight->first.first) {
        shards.push_back(flight->first.first);
      }
    }
    flight = next;
  }
  for (const std::uint32_t shard : shards) retry_parked(shard, turn);
}

bool Router::is_replica_here(std::uint32_t shard, std::uint64_t node) const {
  const auto& replicas = map_.shards[shard].replicas;
  return std::find(replicas.begin(), replicas.end(), node) != replicas.end();
}

}  // namespace harka
