// SPDX-License-Identifier: Apache-2.0
// Inputs to the raft core and what its output turns into. Flushes and snapshots are in
// replica_storage.cpp.
#include "actors/replica/replica.hpp"

#include "base/marks.hpp"
#include "schemas/codec.hpp"

#include <algorithm>
#include <utility>

namespace harka {

namespace {

// Pulse unpacks the heartbeats of others; whoever sends one itself speaks for no other node.
bool may_speak_for(std::uint64_t node, const Envelope& envelope, const Turn& turn) {
  return turn.is_from_here(envelope) || envelope.from.node == node;
}

constexpr Duration ticks_missed_after = 10 * limits::tick_interval;
constexpr std::size_t apply_bytes_max = 4U << 20;  // entries looked at in one go

}  // namespace

Replica::Replica(ReplicaOptions options, storage::Engine& engine, ReplicatedStatePtr state)
    : options_(std::move(options)), engine_(engine), state_(std::move(state)) {}

void Replica::start(Turn& turn) {
  // A killed incarnation may have left a flush on its way: the engine is read only behind it, or
  // entries that it already holds would be applied again.
  turn.send(
      address_of(turn.node(), msg::ActorKind::state_store),
      msg::RecoverGroup{options_.raft.group.value, 0});
  turn.send(
      address_of(turn.node(), msg::ActorKind::pulse),
      msg::LeadershipChanged{options_.raft.group.value, 0, 0});
}

void Replica::receive(const Envelope& envelope, Turn& turn) {
  remind_pulse(turn);
  std::visit(
      [&](const auto& message) {
        if constexpr (requires { this->on(message, envelope, turn); }) {
          this->on(message, envelope, turn);
        } else {
          receive_other(envelope, turn);
        }
      },
      envelope.body);
}

// A pulse that restarted has forgotten this group. Messages keep coming where somebody needs it.
void Replica::remind_pulse(Turn& turn) {
  if (!raft_ || turn.now() - ticked_ < ticks_missed_after) return;
  hit(Mark::pulse_reminded);
  ticked_ = turn.now();
  turn.send(
      address_of(turn.node(), msg::ActorKind::pulse),
      msg::LeadershipChanged{options_.raft.group.value, raft_->term(), raft_->leader().value});
}

std::string Replica::describe() const {
  if (!raft_) return "recovering";
  const bool is_healed = !raft_->is_tainted();
  return std::string(
             raft_->is_leader() ? "leader"
             : is_healed        ? "follower"
                                : "damaged follower") +
         " term " + std::to_string(raft_->term()) + " applied " +
         std::to_string(raft_->applied_index()) + " " + state_->describe();
}

void Replica::on(const msg::GroupRecovered& recovered, const Envelope& envelope, Turn& turn) {
  if (raft_) return;
  if (envelope.from.kind == msg::ActorKind::state_store) {
    state_->reload();
    turn.send(
        address_of(turn.node(), msg::ActorKind::log_store),
        msg::RecoverGroup{options_.raft.group.value, 0});
    return;
  }
  const storage::AppliedState durable = engine_.applied(options_.raft.group);
  raft::Restored restored;
  restored.hard_state = recovered.hard_state;
  restored.start_index = recovered.start_index;
  restored.start_term = recovered.start_term;
  restored.entries = recovered.entries;
  restored.applied_index = durable.index;
  restored.applied_term = durable.term;
  restored.config = durable.config;
  restored.tainted = recovered.tainted;
  restored.term_floor = recovered.term_floor;
  restored.high_water = recovered.high_water;
  if (durable.index == 0 && durable.config.voters.empty()) {
    restored.config.voters = options_.initial_voters;
  }
  applied_term_ = durable.term;
  flushed_index_ = durable.index;
  options_.raft.random_seed = turn.random().next();  // each incarnation has its own
  raft_.emplace(options_.raft, std::move(restored), turn.now());
  ticked_ = turn.now();
  if (recovered.tainted) {
    turn.note(
        NoteLevel::error,
        "the log of group " + std::to_string(options_.raft.group.value) +
            " is damaged; this replica does not vote until a leader whom the others elect has "
            "brought it up again");
  }
  pump(turn);
}

void Replica::on(const msg::LogAppended& appended, const Envelope&, Turn& turn) {
  if (!raft_) return;
  raft_->persisted(appended.ticket, turn.now());
  pump(turn);
}

void Replica::on(const msg::Tick&, const Envelope&, Turn& turn) {
  if (!raft_) return;
  tick(turn);
}

void Replica::tick(Turn& turn) {
  ticked_ = turn.now();
  raft_->tick(turn.now());
  state_->tick(*this, turn);
  pump(turn);
  flush_if_due(turn);
}

void Replica::on(const msg::Heartbeat& heartbeat, const Envelope& envelope, Turn& turn) {
  if (!raft_ || !may_speak_for(heartbeat.from, envelope, turn)) return;
  raft_->beat(NodeId{heartbeat.from}, heartbeat.beat, turn.now());
  tick(turn);  // pulse sends none to a group whose leader beats: one turn instead of three
}

void Replica::on(const msg::HeartbeatReply& reply, const Envelope& envelope, Turn& turn) {
  if (!raft_ || !may_speak_for(reply.from, envelope, turn)) return;
  raft_->beat_reply(NodeId{reply.from}, reply.reply, turn.now());
  pump(turn);
}

void Replica::on(const msg::TransferLeadership& transfer, const Envelope&, Turn& turn) {
  if (!raft_ || !raft_->is_leader()) return;
  const Result<void> begun = raft_->transfer(NodeId{transfer.target}, turn.now());
  if (!begun.ok()) turn.note(NoteLevel::debug, "no transfer: " + begun.error().detail);
  pump(turn);
}

void Replica::on(const msg::ChangeReplicas& change, const Envelope&, Turn& turn) {
  if (!raft_ || !raft_->is_leader()) return;
  std::vector<NodeId> voters;
  std::vector<NodeId> learners;
  for (const std::uint64_t node : change.voters) voters.emplace_back(node);
  for (const std::uint64_t node : change.learners) learners.emplace_back(node);
  const Result<void> begun =
      raft_->change_config(std::move(voters), std::move(learners), turn.now());
  if (!begun.ok()) turn.note(NoteLevel::warning, "no change: " + begun.error().detail);
  pump(turn);
}

void Replica::on(const msg::Inject& inject, const Envelope&, Turn&) {
  if (inject.fault == "crash") throw Bug("injected crash");
}

void Replica::on(const msg::StopChild&, const Envelope&, Turn& turn) {
  turn.stop_self();  // nothing to finish: the log holds what was promised
}

void Replica::receive_other(const Envelope& envelope, Turn& turn) {
  const bool is_raft = std::visit(
      [](const auto& message) {
        using T = std::decay_t<decltype(message)>;
        return std::is_same_v<T, msg::VoteRequest> || std::is_same_v<T, msg::VoteReply> ||
               std::is_same_v<T, msg::AppendEntries> || std::is_same_v<T, msg::AppendReply> ||
               std::is_same_v<T, msg::SnapshotChunk> || std::is_same_v<T, msg::SnapshotReply> ||
               std::is_same_v<T, msg::TimeoutNow> || std::is_same_v<T, msg::ReadIndexRequest> ||
               std::is_same_v<T, msg::ReadIndexReply>;
      },
      envelope.body);
  if (!is_raft) {
    state_->receive(envelope, *this, turn);
  } else if (raft_) {
    raft_->step(NodeId{envelope.from.node}, envelope.body, turn.now());
  }
  pump(turn);
}

bool Replica::is_leader() const {
  return raft_ && raft_->is_leader();
}

std::uint64_t Replica::leader() const {
  return raft_ ? raft_->leader().value : 0;
}

LogIndex Replica::applied() const {
  return raft_ ? raft_->applied_index() : 0;
}

Result<LogIndex> Replica::propose(SharedBytes payload, Turn& turn) {
  if (!raft_) return Error{Code::retry_later, "the replica is still recovering"};
  return raft_->propose(std::move(payload), turn.now());
}

void Replica::read(std::uint64_t context, Turn& turn) {
  if (!raft_) {
    state_->read_done(context, false, *this, turn);
    return;
  }
  raft_->read(context, turn.now());
}

// Carries out the core's output until there is none: applying entries or answering reads may cause
// more. Reentrant calls (a state that proposes while it applies) are absorbed by the outer loop.
void Replica::pump(Turn& turn) {
  if (!raft_ || is_pumping_) return;
  is_pumping_ = true;
  for (raft::Output output = raft_->take(); !output.empty(); output = raft_->take()) {
    carry_out(output, turn);
    apply_committed(turn);
    finish_reads(turn);
  }
  is_pumping_ = false;
}

void Replica::carry_out(raft::Output& output, Turn& turn) {
  for (const raft::Append& append : output.appends) send_append(append, turn);
  const GroupId group = options_.raft.group;
  for (raft::Outgoing& outgoing : output.messages) {
    turn.send(replica_address(outgoing.to, group), std::move(outgoing.message));
  }
  if (!output.beats.empty()) {
    msg::BeatsOut beats;
    for (const raft::OutgoingBeat& beat : output.beats) {
      beats.beats.push_back(msg::BeatTo{beat.to.value, beat.beat});
    }
    turn.send(address_of(turn.node(), msg::ActorKind::pulse), std::move(beats));
  }
  for (const raft::OutgoingBeatReply& reply : output.beat_replies) {
    turn.send(
        address_of(turn.node(), msg::ActorKind::pulse),
        msg::BeatReplyOut{reply.to.value, reply.reply});
  }
  reads_.insert(reads_.end(), output.reads.begin(), output.reads.end());
  if (output.install) install(*output.install, turn);
  for (const raft::SnapshotWanted& wanted : output.snapshots_wanted) provide(wanted, turn);
  if (output.leadership_changed) announce_leadership(turn);
}

void Replica::send_append(const raft::Append& append, Turn& turn) {
  msg::AppendLog message;
  message.group = options_.raft.group.value;
  message.ticket = append.ticket;
  message.has_hard_state = append.hard_state.has_value();
  if (append.hard_state) message.hard_state = *append.hard_state;
  message.entries = append.entries;
  message.has_start = append.start.has_value();
  if (append.start) {
    message.start_index = append.start->index;
    message.start_term = append.start->term;
    message.drops_suffix = append.start->drops_suffix;
  }
  turn.send(address_of(turn.node(), msg::ActorKind::log_store), std::move(message));
}

void Replica::apply_committed(Turn& turn) {
  while (!is_installing_ && raft_->applied_index() < raft_->commit_index()) {
    const std::vector<msg::Entry> entries =
        raft_->entries(raft_->applied_index() + 1, raft_->commit_index(), apply_bytes_max);
    ASSERT(!entries.empty());
    for (const msg::Entry& entry : entries) {
      ASSERT(entry.index == raft_->applied_index() + 1);
      applied_term_ = entry.term;
      raft_->applied(entry.index);
      unflushed_log_bytes_ += entry.data.size();
      if (entry.type == msg::EntryType::command) state_->apply(entry, *this, turn);
    }
  }
  if (!is_dirty_ && state_->dirty_bytes() > 0) note_dirty(turn);
  if (is_flush_large()) flush_if_due(turn);
}

void Replica::finish_reads(Turn& turn) {
  std::vector<raft::ReadDone> waiting;
  for (const raft::ReadDone& done : std::exchange(reads_, {})) {
    if (done.ok && done.index > raft_->applied_index()) {
      hit(Mark::read_waits_for_apply);
      waiting.push_back(done);
    } else {
      state_->read_done(done.context, done.ok, *this, turn);
    }
  }
  reads_.insert(reads_.end(), waiting.begin(), waiting.end());
}

void Replica::announce_leadership(Turn& turn) {
  const bool is_leader_now = raft_->is_leader();
  if (was_leader_ && !is_leader_now) {
    transfers_.clear();
    state_->leadership_lost(*this, turn);
  }
  was_leader_ = is_leader_now;
  const msg::LeadershipChanged change{
      options_.raft.group.value, raft_->term(), raft_->leader().value};
  turn.send(address_of(turn.node(), msg::ActorKind::pulse), change);
  turn.send(address_of(turn.node(), msg::ActorKind::control), change);
}

}  // namespace harka
