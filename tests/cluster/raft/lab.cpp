// SPDX-License-Identifier: Apache-2.0
// See lab.hpp.
#include "lab.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace harka::raft {

Lab::Lab(const Setup& setup) : setup_(setup) {
  for (std::uint64_t id = 1; id <= setup.nodes; ++id) {
    places_[id].disk.config.voters = setup.voters;
    start(id);
  }
}

void Lab::start(std::uint64_t id) {
  Place& place = places_.at(id);
  Options options = setup_.options;
  options.group = GroupId{7};
  options.self = NodeId{id};
  options.random_seed = id * 1000 + static_cast<std::uint64_t>(now_.time_since_epoch().count());
  Restored restored;
  restored.hard_state = place.disk.hard_state;
  restored.start_index = place.disk.start_index;
  restored.start_term = place.disk.start_term;
  restored.entries = place.disk.entries;
  restored.applied_index = place.disk.applied_index;
  restored.applied_term = place.disk.applied_term;
  restored.config = place.disk.config;
  restored.tainted = place.disk.term_floor != 0;
  restored.term_floor = place.disk.term_floor;
  place.applied = place.disk.applied_index;
  place.content = place.disk.content;
  place.raft.emplace(options, restored, now_);
  pump(id);
}

void Lab::crash(std::uint64_t id) {
  places_.at(id).raft.reset();
  places_.at(id).unsynced.clear();
  places_.at(id).is_stalled = false;
  places_.at(id).disk.staged.clear();
}

void Lab::restart(std::uint64_t id) {
  start(id);
}

void Lab::pump(std::uint64_t id) {
  Place& place = places_.at(id);
  for (Output output = place.raft->take(); !output.empty(); output = place.raft->take()) {
    for (Append& append : output.appends) {
      place.unsynced.push_back(std::move(append));
    }
    for (Outgoing& outgoing : output.messages) {
      log_.push_back(outgoing);
      post(id, outgoing.to, std::move(outgoing.message));
    }
    for (const OutgoingBeat& beat : output.beats) {
      post(id, beat.to, msg::Heartbeat{beat.beat, id});
    }
    for (const OutgoingBeatReply& reply : output.beat_replies) {
      post(id, reply.to, msg::HeartbeatReply{reply.reply, id});
    }
    for (const ReadDone& done : output.reads) {
      place.reads[done.context] = done;
    }
    if (!place.is_stalled) {
      sync(place);
    }
    if (output.install.has_value()) {
      install(id, *output.install);
    }
    apply(place);
    for (const SnapshotWanted& wanted : output.snapshots_wanted) {
      provide(id, wanted);
    }
  }
}

void Lab::post(std::uint64_t from, NodeId to, msg::Message message) {
  if (!cuts_.contains({from, to.value})) {
    letters_.push_back({from, to.value, std::move(message)});
  }
}

void Lab::settle() {
  while (!letters_.empty()) {
    const std::vector<Letter> letters = std::exchange(letters_, {});
    for (const Letter& letter : letters) {
      Place& place = places_.at(letter.to);
      if (place.raft.has_value() && !cuts_.contains({letter.from, letter.to})) {
        place.raft->step(NodeId{letter.from}, letter.message, now_);
        pump(letter.to);
      }
    }
  }
}

void Lab::run(Duration length) {
  for (const Instant end = now_ + length; now_ < end;) {
    now_ += 50ms;
    for (auto& [id, place] : places_) {
      if (place.raft.has_value()) {
        place.raft->tick(now_);
        pump(id);
      }
    }
    settle();
  }
}

void Lab::lead(std::uint64_t id) {
  msg::TimeoutNow message;
  message.group = 7;
  message.term = (*this)(id).term();
  (*this)(id).step(NodeId{99}, message, now_);
  pump(id);
  settle();
}

LogIndex Lab::put(std::uint64_t id, const std::string& text) {
  const Result<LogIndex> index = (*this)(id).propose(bytes(text), now_);
  pump(id);
  settle();
  return index.ok() ? index.value() : 0;
}

void Lab::read(std::uint64_t id, std::uint64_t context) {
  (*this)(id).read(context, now_);
  pump(id);
}

void Lab::isolate(std::uint64_t id) {
  for (const auto& [other, place] : places_) {
    if (other != id) {
      cut(id, other);
      cut(other, id);
    }
  }
}

void Lab::unstall(std::uint64_t id) {
  places_.at(id).is_stalled = false;
  sync(places_.at(id));
  pump(id);
  settle();
}

void Lab::sync(Place& place) {
  for (const Append& append : std::exchange(place.unsynced, {})) {
    Disk& disk = place.disk;
    disk.hard_state = append.hard_state.value_or(disk.hard_state);
    if (append.start.has_value()) {
      std::erase_if(disk.entries, [&](const msg::Entry& e) {
        return append.start->drops_suffix || e.index <= append.start->index;
      });
      disk.start_index = append.start->index;
      disk.start_term = append.start->term;
    }
    if (!append.entries.empty()) {
      std::erase_if(disk.entries, [&](const msg::Entry& e) {
        return e.index >= append.entries.front().index;
      });
      disk.entries.insert(disk.entries.end(), append.entries.begin(), append.entries.end());
    }
    place.raft->persisted(append.ticket, now_);
  }
}

void Lab::apply(Place& place) {
  while (place.applied < place.raft->commit_index()) {
    const LogIndex next = ++place.applied;
    const msg::Entry e = place.raft->entries(next, next, 0).front();
    if (e.type == msg::EntryType::command) {
      place.content.emplace_back(e.data.view());
    }
  }
  place.raft->applied(place.applied);
}

void Lab::damage_log(std::uint64_t id) {
  Disk& disk = places_.at(id).disk;
  disk.entries.clear();
  disk.start_index = 0;
  disk.start_term = 0;
  disk.term_floor = disk.hard_state.term + (1ULL << 32U);
  disk.hard_state = {disk.term_floor, 0};
}

void Lab::flush(std::uint64_t id) {
  Place& place = places_.at(id);
  place.disk.applied_index = place.applied;
  place.disk.applied_term = *place.raft->term_at(place.applied);
  place.disk.config = place.raft->config_at(place.applied);
  place.disk.content = place.content;
  place.raft->compact(place.applied);
  pump(id);
}

// One command a chunk, and an empty one at the end.
void Lab::provide(std::uint64_t id, const SnapshotWanted& wanted) {
  Place& place = places_.at(id);
  SnapshotChunkData chunk;
  chunk.index = place.disk.applied_index;
  chunk.term = place.disk.applied_term;
  chunk.config = place.disk.config;
  chunk.sequence = wanted.index == chunk.index ? wanted.sequence : 0;
  chunk.done = chunk.sequence == place.disk.content.size();
  chunk.data = chunk.done ? SharedBytes() : bytes(place.disk.content[chunk.sequence]);
  place.raft->provide_chunk(wanted.to, chunk, now_);
}

void Lab::install(std::uint64_t id, const SnapshotChunkData& chunk) {
  Place& place = places_.at(id);
  if (chunk.sequence == 0) {
    place.disk.staged.clear();
  }
  ASSERT(place.disk.staged.size() == chunk.sequence);
  if (!chunk.done) {
    place.disk.staged.emplace_back(chunk.data.view());
  } else {
    place.disk.content = place.disk.staged;
    place.disk.applied_index = chunk.index;
    place.disk.applied_term = chunk.term;
    place.disk.config = chunk.config;
    place.content = place.disk.content;
    place.applied = chunk.index;
  }
  place.raft->chunk_installed(chunk.index, chunk.sequence, chunk.done, now_);
}

std::vector<std::string> Lab::applied(std::uint64_t id) const {
  return places_.at(id).content;
}

std::optional<ReadDone> Lab::answer(std::uint64_t id, std::uint64_t context) const {
  const auto found = places_.at(id).reads.find(context);
  return found == places_.at(id).reads.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::uint64_t> Lab::leaders() {
  std::vector<std::uint64_t> result;
  for (auto& [id, place] : places_) {
    if (place.raft.has_value() && place.raft->is_leader()) {
      result.push_back(id);
    }
  }
  return result;
}

// --- Solo --------------------------------------------------------------------------------------

namespace {

Restored restored_from(Term term, std::vector<msg::Entry> entries) {
  Restored restored;
  restored.hard_state.term = term;
  restored.entries = std::move(entries);
  restored.config.voters = {1, 2, 3};
  return restored;
}

}  // namespace

Solo::Solo(Term term, std::vector<msg::Entry> entries, Options options)
    : Solo(restored_from(term, std::move(entries)), options) {}

Solo::Solo(Restored restored, Options options) {
  options.group = GroupId{7};
  options.self = NodeId{1};
  raft.emplace(options, std::move(restored), now);
  (void)collect();
  now += 1s;  // the silence after a restart is over
}

Output Solo::collect() {
  Output output = raft->take();
  for (const Append& append : output.appends) {
    ticket = append.ticket;
  }
  return output;
}

Output Solo::step(std::uint64_t from, msg::Message message) {
  std::visit(
      [](auto& m) {
        using Type = std::decay_t<decltype(m)>;
        if constexpr (std::is_same_v<Type, msg::Heartbeat>) {
          m.beat.group = 7;
        } else if constexpr (std::is_same_v<Type, msg::HeartbeatReply>) {
          m.reply.group = 7;
        } else if constexpr (requires { m.group = 7U; }) {
          m.group = 7;
        }
      },
      message);
  raft->step(NodeId{from}, message, now);
  return collect();
}

Output Solo::tick(Duration later) {
  now += later;
  raft->tick(now);
  return collect();
}

Output Solo::sync() {
  raft->persisted(ticket, now);
  return collect();
}

void Solo::win() {
  (void)tick(1s);
  const Term term = raft->term() + 1;
  (void)step(2, msg::VoteReply{7, term, true, true});
  (void)sync();
  (void)step(2, msg::VoteReply{7, term, true, false});
  (void)sync();
  ASSERT(raft->is_leader());
}

msg::AppendEntries Solo::append(
    Term term,
    LogIndex prev,
    Term prev_term,
    std::vector<msg::Entry> entries,
    LogIndex commit) const {
  return {7, term, prev, prev_term, commit, std::move(entries)};
}

}  // namespace harka::raft
