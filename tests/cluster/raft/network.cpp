// SPDX-License-Identifier: Apache-2.0
// See network.hpp. The oracles are in network_oracles.cpp.
#include "network.hpp"

#include "cluster/raft/quorum.hpp"

#include <algorithm>

namespace harka::raft {

namespace {

std::uint64_t combine(std::uint64_t hash, LogIndex index, const msg::Entry& entry) {
  const std::uint64_t data = std::hash<std::string_view>{}(entry.data.view());
  return Random(hash * 31 + index * 7 + entry.term * 3 + data).next();
}

std::string bytes_of(std::uint64_t value) {
  return std::to_string(value);
}

std::uint64_t value_of(const SharedBytes& bytes) {
  return std::stoull(std::string(bytes.view()));
}

}  // namespace

World::World(const WorldOptions& options) : options_(options), random_(options.seed) {
  nodes_.resize(static_cast<std::size_t>(options.nodes));
  msg::GroupConfig first;
  for (int i = 0; i < options.voters; ++i) {
    first.voters.push_back(static_cast<std::uint64_t>(i + 1));
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].id = NodeId{i + 1};
    nodes_[i].disk.config = first;
    start(nodes_[i]);
  }
  schedule(1ms, {Event::Kind::load});
  schedule(500ms, {Event::Kind::fault});
}

void World::start(Node& node) {
  ++node.life;
  node.rate = 1.0 + options_.drift_max / 2 * (static_cast<double>(random_.below(2001)) / 1000 - 1);
  node.offset = Duration(static_cast<std::int64_t>(random_.below(1'000'000'000)));
  Options options;
  options.group = GroupId{7};
  options.self = node.id;
  options.leases = options_.leases;
  options.append_bytes_max = 400;
  options.in_flight_max = 4;
  options.log_writes_pending_max = options_.seed % 3 == 0 ? 1 : 4;
  options.retained_bytes_max = 600;
  options.promotion_timeout = 3s;
  options.random_seed = random_.next();
  options.preferred_leader = node.id.value == 1;
  Restored restored;
  restored.hard_state = node.disk.hard_state;
  restored.start_index = node.disk.start_index;
  restored.start_term = node.disk.start_term;
  restored.entries = node.disk.entries;
  restored.applied_index = node.disk.applied_index;
  restored.applied_term = node.disk.applied_term;
  restored.config = node.disk.config;
  restored.tainted = node.is_tainted;
  restored.term_floor = node.term_floor;
  node.disk.staged.clear();
  node.applied = node.disk.applied_index;
  node.applied_term = node.disk.applied_term;
  node.hash = node.disk.hash;
  node.history.clear();
  node.history[node.applied] = {node.applied_term, node.hash};
  node.commit_seen = node.applied;
  node.is_installing = false;
  node.led_term = 0;
  node.raft.emplace(options, restored, local(node));
  Event tick{Event::Kind::tick};
  tick.node = index_of(node.id);
  tick.life = node.life;
  schedule(Duration(static_cast<std::int64_t>(random_.below(50'000'000))), tick);
  after_input(index_of(node.id));
}

// Loses what was not synced, but for a random beginning of it.
void World::crash(std::size_t index) {
  Node& node = nodes_[index];
  if (!node.raft.has_value()) {
    return;
  }
  ++counters.crashes;
  const std::uint64_t survive = random_.below(node.writes.size() + 1);
  for (std::uint64_t i = 0; i < survive; ++i) {
    apply_write(node, node.writes[i]);
  }
  node.writes.clear();
  node.is_tainted = node.raft->is_tainted();
  node.raft.reset();
  node.reads.clear();
  node.paused_until = Instant{};
  if (options_.damage && index == 0 && !node.disk.entries.empty() && chance(0.3)) {
    damage(node);
  }
  ++node.life;
  Event restart{Event::Kind::restart};
  restart.node = index;
  schedule(chance(0.5) ? 2ms : random_.between(50ms, 3s), restart);
}

// The log turns out to be corrupt: what was acknowledged and promised is gone, as storage has it.
void World::damage(Node& node) {
  ++counters.damages;
  node.high_water = std::max(node.high_water, node.disk.entries.back().index);
  node.is_tainted = true;
  node.disk.entries.clear();
  node.disk.start_index = 0;
  node.disk.start_term = 0;
  node.term_floor = node.disk.hard_state.term + (1ULL << 32U);
  node.disk.hard_state = {node.term_floor, 0};
}

void World::schedule(Duration after, Event event) {
  queue_.emplace(std::pair{now_ + after, ++sequence_}, std::move(event));
}

Instant World::local(const Node& node) const {
  const double elapsed = static_cast<double>(now_.time_since_epoch().count()) * node.rate;
  return Instant(node.offset + Duration(static_cast<std::int64_t>(elapsed)));
}

void World::run_until(Instant end) {
  while (!queue_.empty() && queue_.begin()->first.first <= end) {
    const auto item = queue_.extract(queue_.begin());
    now_ = item.key().first;
    if (++counters.events > 3'000'000) {
      fail("an event storm");
    }
    handle(item.mapped());
    for (const std::size_t index : std::exchange(doomed_, {})) {
      crash(index);
    }
  }
  now_ = std::max(now_, end);
}

void World::handle(const Event& event) {
  if (event.kind == Event::Kind::load) {
    load();
    schedule(random_.between(1ms, 60ms), {Event::Kind::load});
    return;
  }
  if (event.kind == Event::Kind::fault) {
    if (is_faulty_) {
      fault();
      schedule(random_.between(50ms, 1500ms) + patience_, {Event::Kind::fault});
      patience_ = 0ms;
    }
    return;
  }
  Node& node = nodes_[event.node];
  if (event.kind == Event::Kind::restart) {
    if (!node.raft.has_value()) {
      start(node);
    }
    return;
  }
  if (!node.raft.has_value()) {
    return;
  }
  if (now_ < node.paused_until) {
    schedule(node.paused_until - now_, event);
    return;
  }
  const bool is_internal = event.kind == Event::Kind::tick || event.kind == Event::Kind::synced;
  if (is_internal && event.life != node.life) {
    return;
  }
  const NodeId from{event.from + 1};
  if (event.kind == Event::Kind::message) {
    node.raft->step(from, *event.message, local(node));
  } else if (event.kind == Event::Kind::beat) {
    node.raft->beat(from, event.beat, local(node));
  } else if (event.kind == Event::Kind::beat_reply) {
    node.raft->beat_reply(from, event.beat_reply, local(node));
  } else if (event.kind == Event::Kind::tick) {
    node.raft->tick(local(node));
    schedule(50ms, event);
  } else {
    write_done(event.node);
  }
  after_input(event.node);
}

void World::after_input(std::size_t index) {
  Node& node = nodes_[index];
  const Output output = node.raft->take();
  for (const Append& append : output.appends) {
    if (!append.entries.empty() && !node.disk.entries.empty() &&
        append.entries.front().index <= node.disk.entries.back().index) {
      ++counters.truncations;
    }
    Write item;
    item.append = append;
    write(index, std::move(item));
  }
  for (const Outgoing& outgoing : output.messages) {
    check_promise(node, outgoing.to, outgoing.message);
    Event event{Event::Kind::message};
    event.message = outgoing.message;
    send(index, outgoing.to, std::move(event));
  }
  for (const OutgoingBeat& beat : output.beats) {
    Event event{Event::Kind::beat};
    event.beat = beat.beat;
    send(index, beat.to, std::move(event));
  }
  for (const OutgoingBeatReply& reply : output.beat_replies) {
    check_promise(node, reply.to, msg::HeartbeatReply{reply.reply});
    Event event{Event::Kind::beat_reply};
    event.beat_reply = reply.reply;
    send(index, reply.to, std::move(event));
  }
  node.is_tainted = node.raft->is_tainted();
  check_leader(node);
  check_commit(node);
  check_reads(node, output.reads);
  if (output.install.has_value()) {
    node.is_installing = output.install->done;
    Write item;
    item.chunk = output.install;
    write(index, std::move(item));
  }
  apply_committed(node);
  for (const SnapshotWanted& wanted : output.snapshots_wanted) {
    provide(index, wanted);
  }
  if (output.leadership_changed && node.raft->is_leader()) {
    strike(index, 0.1);
  }
  const bool is_standing =
      std::any_of(output.messages.begin(), output.messages.end(), [](const Outgoing& outgoing) {
        const auto* request = std::get_if<msg::VoteRequest>(&outgoing.message);
        return request != nullptr && !request->pre_vote;
      });
  if (is_standing) {
    depose_others(index);
  }
  const bool is_asking =
      std::any_of(output.messages.begin(), output.messages.end(), [](const Outgoing& outgoing) {
        const auto* request = std::get_if<msg::VoteRequest>(&outgoing.message);
        return request != nullptr && request->pre_vote;
      });
  if (is_asking && is_faulty_ && options_.strikes && options_.crashes && chance(0.2)) {
    const std::size_t victim = random_.below(nodes_.size());
    if (victim != index) {
      doomed_.push_back(victim);  // a voter forgets what is not on its disk
    }
  }
}

// One voter does not hear its leader any more and will stand although the others are content.
void World::coup() {
  const Node* const top = leader();
  if (top == nullptr) {
    return;
  }
  cut_.clear();
  const std::vector<std::uint64_t> voters = top->raft->config().voters;
  const NodeId deaf{voters[random_.below(voters.size())]};
  if (deaf != top->id) {
    cut_.emplace(index_of(top->id), index_of(deaf));
    patience_ = 1200ms;
  }
}

// Cuts off who leads while somebody else stands: the old leader must not answer reads for long.
void World::depose_others(std::size_t index) {
  for (const Node& other : nodes_) {
    const std::size_t victim = index_of(other.id);
    const bool is_leader = other.raft.has_value() && other.raft->is_leader();
    if (victim != index && is_leader && is_faulty_ && options_.strikes && options_.partitions &&
        chance(0.7)) {
      isolate(victim);
    }
  }
}

void World::isolate(std::size_t index) {
  for (std::size_t other = 0; other < nodes_.size(); ++other) {
    if (other != index) {
      cut_.emplace(index, other);
      cut_.emplace(other, index);
    }
  }
}

void World::send(std::size_t from, NodeId to, Event event) {
  event.node = index_of(to);
  event.from = from;
  const int copies = chance(options_.drop) ? 0 : chance(options_.repeat) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    if (cut_.contains({from, event.node})) {
      return;
    }
    const bool is_slow = chance(options_.slow_message);
    schedule(random_.between(100us, is_slow ? 1s : options_.delay_max), event);
  }
}

void World::write(std::size_t index, Write item) {
  Node& node = nodes_[index];
  node.writes.push_back(std::move(item));
  if (chance(options_.stalled_sync)) {
    node.stalled_until = now_ + random_.between(10ms, 1s);
  }
  const Instant done = std::max(node.stalled_until, now_ + random_.between(0ms, options_.sync_max));
  Event event{Event::Kind::synced};
  event.node = index;
  event.life = node.life;
  schedule(done - now_, event);
}

void World::write_done(std::size_t index) {
  Node& node = nodes_[index];
  if (node.writes.empty()) {
    return;
  }
  const Write done = std::move(node.writes.front());
  node.writes.pop_front();
  apply_write(node, done);
  if (done.append.has_value()) {
    node.raft->persisted(done.append->ticket, local(node));
  } else if (done.chunk.has_value()) {
    if (done.chunk->done) {
      node.applied = node.disk.applied_index;
      node.applied_term = node.disk.applied_term;
      node.hash = node.disk.hash;
      node.history[node.applied] = {node.applied_term, node.hash};
      node.is_installing = false;
      ++counters.snapshots;
    }
    node.raft->chunk_installed(
        done.chunk->index, done.chunk->sequence, done.chunk->done, local(node));
  } else {
    node.raft->compact(done.flush->applied_index);
  }
}

void World::apply_write(Node& node, const Write& write) {
  Disk& disk = node.disk;
  if (write.flush.has_value()) {
    disk.applied_index = write.flush->applied_index;
    disk.applied_term = write.flush->applied_term;
    disk.hash = write.flush->hash;
    disk.config = write.flush->config;
    return;
  }
  if (write.chunk.has_value()) {
    if (write.chunk->sequence == 0) {
      disk.staged.clear();
    }
    if (disk.staged.size() != write.chunk->sequence) {
      fail("a chunk is staged out of order");
    }
    disk.staged.push_back(value_of(write.chunk->data));
    if (write.chunk->done) {
      disk.applied_index = write.chunk->index;
      disk.applied_term = write.chunk->term;
      disk.config = write.chunk->config;
      disk.hash = 0;
      for (const std::uint64_t part : disk.staged) {
        disk.hash ^= part;
      }
    }
    return;
  }
  const Append& append = *write.append;
  const std::vector<msg::Entry> before = disk.entries;
  if (append.hard_state.has_value()) {
    disk.hard_state = *append.hard_state;
  }
  if (append.start.has_value()) {
    std::erase_if(disk.entries, [&](const msg::Entry& entry) {
      return append.start->drops_suffix || entry.index <= append.start->index;
    });
    disk.start_index = append.start->index;
    disk.start_term = append.start->term;
  }
  if (!append.entries.empty()) {
    const LogIndex first = append.entries.front().index;
    std::erase_if(disk.entries, [&](const msg::Entry& entry) { return entry.index >= first; });
    const LogIndex last = disk.entries.empty() ? disk.start_index : disk.entries.back().index;
    if (first != last + 1) {
      fail("a gap in the log on disk");
    }
    disk.entries.insert(disk.entries.end(), append.entries.begin(), append.entries.end());
  }
  check_nothing_lost(node, before);
}

void World::apply_committed(Node& node) {
  Raft& raft = *node.raft;
  if (node.is_installing) {
    return;
  }
  while (node.applied < raft.commit_index()) {
    for (const msg::Entry& entry : raft.entries(node.applied + 1, raft.commit_index(), 300)) {
      node.hash = combine(node.hash, entry.index, entry);
      node.applied = entry.index;
      node.applied_term = entry.term;
      node.history[entry.index] = {entry.term, node.hash};
    }
  }
  raft.applied(node.applied);
}

// Three chunks whose exclusive or is the state's hash.
void World::provide(std::size_t index, const SnapshotWanted& wanted) {
  Node& node = nodes_[index];
  SnapshotChunkData chunk;
  chunk.index = wanted.index;
  chunk.sequence = wanted.sequence;
  if (wanted.index == 0 || !node.history.contains(wanted.index)) {
    chunk.index = node.applied;
    chunk.sequence = 0;
  }
  if (chunk.index < node.raft->start_index() || chance(0.02)) {
    chunk.failed = true;
    node.raft->provide_chunk(wanted.to, chunk, local(node));
    return;
  }
  const auto [term, hash] = node.history.at(chunk.index);
  chunk.term = term;
  chunk.config = node.raft->config_at(chunk.index);
  const std::uint64_t first = hash * 3 + node.id.value;
  const std::uint64_t second = hash * 5 + node.id.value;
  const std::uint64_t parts[] = {first, second, hash ^ first ^ second};
  chunk.data = SharedBytes(bytes_of(parts[chunk.sequence]));
  chunk.done = chunk.sequence == 2;
  node.raft->provide_chunk(wanted.to, chunk, local(node));
  after_input(index);
  strike(index, 0.05);
}

World::Node* World::leader() {
  Node* best = nullptr;
  for (Node& node : nodes_) {
    if (node.raft.has_value() && node.raft->is_leader() &&
        (best == nullptr || node.raft->term() > best->raft->term())) {
      best = &node;
    }
  }
  return best;
}

void World::load() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    if (!node.raft.has_value() || now_ < node.paused_until) {
      continue;
    }
    if (node.raft->is_leader() && chance(0.5)) {
      const std::uint64_t count = 1 + random_.below(3);
      for (std::uint64_t k = 0; k < count; ++k) {
        (void)node.raft->propose(
            SharedBytes(bytes_of(next_value_++) + std::string(random_.below(150), 'x')),
            local(node));
      }
    }
    if (chance(node.raft->is_leader() ? 0.9 : 0.2)) {
      const std::uint64_t context = next_context_++;
      node.reads[context] = committed_max_;
      node.raft->read(context, local(node));
    }
    const bool is_installing = node.is_installing;
    if (options_.snapshots && !is_installing && chance(0.03) &&
        node.applied > node.disk.applied_index) {
      Write flush;
      flush.flush = Disk{};
      flush.flush->applied_index = node.applied;
      flush.flush->applied_term = node.applied_term;
      flush.flush->hash = node.hash;
      flush.flush->config = node.raft->config_at(node.applied);
      write(i, std::move(flush));
    }
    after_input(i);
  }
}

void World::change_somehow() {
  std::vector<NodeId> voters;
  std::vector<NodeId> learners;
  for (const Node& node : nodes_) {
    if (chance(0.55)) {
      voters.push_back(node.id);
    } else if (chance(0.3)) {
      learners.push_back(node.id);
    }
  }
  if (voters.empty()) {
    return;
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    if (node.raft.has_value() && node.raft->is_leader()) {
      counters.changes += node.raft->change_config(voters, learners, local(node)).ok() ? 1 : 0;
      after_input(i);
    }
  }
}

void World::fault() {
  const std::uint64_t dice = random_.below(14);
  if (dice < 2 && options_.crashes) {
    crash(random_.below(nodes_.size()));
  } else if (dice == 2 && options_.crashes && chance(0.2)) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      crash(i);
    }
  } else if (dice < 5 && options_.partitions) {
    cut_.clear();
    const bool is_one_way = chance(0.3);
    for (std::size_t a = 0; a < nodes_.size(); ++a) {
      for (std::size_t b = 0; b < nodes_.size(); ++b) {
        const bool is_across = (options_.seed + counters.events) >> a & 1;
        const bool is_other = (options_.seed + counters.events) >> b & 1;
        if (is_across != is_other && !(is_one_way && is_across)) {
          cut_.emplace(a, b);
        }
      }
    }
  } else if (dice < 7) {
    cut_.clear();
  } else if ((dice == 10 || dice == 11) && options_.partitions) {
    coup();
  } else if (dice >= 12) {
    nodes_[random_.below(nodes_.size())].paused_until = now_ + random_.between(50ms, 2s);
  } else if (dice == 7 && options_.transfers) {
    if (Node* node = leader(); node != nullptr) {
      const NodeId to = chance(0.3) ? NodeId{} : NodeId{1 + random_.below(nodes_.size())};
      counters.transfers += node->raft->transfer(to, local(*node)).ok() ? 1 : 0;
      after_input(index_of(node->id));
      strike(index_of(node->id), 0.2);
    }
  } else if (options_.changes) {
    change_somehow();
  }
}

// A fault at the moment when it hurts most.
void World::strike(std::size_t index, double probability) {
  if (!is_faulty_ || !options_.strikes || !chance(probability)) {
    return;
  }
  if (options_.partitions && chance(0.5)) {
    isolate(index);
  } else if (options_.crashes) {
    doomed_.push_back(index);  // not now: we are inside the node's own turn
  }
}

void World::heal() {
  is_faulty_ = false;
  cut_.clear();
  options_.drop = 0;
  options_.repeat = 0;
  options_.slow_message = 0;
  options_.stalled_sync = 0;
  for (Node& node : nodes_) {
    node.paused_until = Instant{};
    if (!node.raft.has_value()) {
      start(node);
    }
  }
}

void World::run(Duration length) {
  run_until(now_ + length);
  heal();
  demand_progress();
}

void World::demand_progress() {
  run_until(now_ + 8s);
  const LogIndex before = committed_max_;
  run_until(now_ + 3s);
  if (committed_max_ < before + 10) {
    fail("no progress after the world healed");
  }
  Node* const top = leader();
  if (top == nullptr) {
    fail("no leader after the world healed");
  }
  for (const NodeId member : members_of(top->raft->config())) {
    const Node& node = nodes_[index_of(member)];
    if (node.applied + 100 < top->applied) {
      fail("node " + std::to_string(member.value) + " does not catch up");
    }
  }
  if (is_joint(top->raft->config())) {
    fail("a joint configuration stays");
  }
}

}  // namespace harka::raft
