// SPDX-License-Identifier: Apache-2.0
// A deterministic world for raft alone: nodes with drifting clocks and disks that lose what was
// not synced, a network that drops, repeats, reorders and splits, and oracles that look at every
// step. A seed gives the whole run. It is small so that a seed costs milliseconds.
#pragma once

#include "base/random.hpp"
#include "cluster/raft/raft.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace harka::raft {

/// An oracle's sentence about what went wrong.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct WorldOptions {
  std::uint64_t seed = 1;
  int nodes = 5;
  int voters = 3;
  double drop = 0.02;
  double repeat = 0.02;
  Duration delay_max = 20ms;
  double slow_message = 0.01;  // delayed by up to a second
  Duration sync_max = 8ms;
  double stalled_sync = 0.01;  // up to a second
  bool leases = true;
  bool crashes = true;
  bool partitions = true;
  bool changes = true;
  bool transfers = true;
  bool snapshots = true;
  bool strikes = true;  // crashes and cuts attached to transitions
  bool damage = false;  // node 1's log loses acknowledged entries; fixed groups of 3 or more
  double drift_max = 0.09;
};

class World {
 public:
  explicit World(const WorldOptions& options);

  /// Faults and load for `length`, then heals and demands progress.
  void run(Duration length);
  void run_until(Instant end);
  void heal();
  void demand_progress();

  struct Counters {
    std::uint64_t events = 0, elections = 0, commits = 0, reads = 0, crashes = 0, changes = 0;
    std::uint64_t truncations = 0, snapshots = 0, transfers = 0, damages = 0;
  };

  Counters counters;

 private:
  struct Disk {
    msg::HardState hard_state;
    LogIndex start_index = 0;
    Term start_term = 0;
    std::vector<msg::Entry> entries;
    // The state machine's store.
    LogIndex applied_index = 0;
    Term applied_term = 0;
    std::uint64_t hash = 0;
    msg::GroupConfig config;
    std::vector<std::uint64_t> staged;
  };

  struct Write {  // to either store; both are FIFO, and one queue orders them more strictly
    std::optional<Append> append;
    std::optional<SnapshotChunkData> chunk;
    std::optional<Disk> flush;  // the state part of it
  };

  struct Node {
    NodeId id;
    std::optional<Raft> raft;
    Disk disk;
    std::deque<Write> writes;
    std::uint64_t life = 0;
    LogIndex applied = 0;
    Term applied_term = 0;
    std::uint64_t hash = 0;
    LogIndex commit_seen = 0;
    msg::GroupConfig config_seen;
    Term led_term = 0;  // the newest that it led in this life
    double rate = 1.0;
    Duration offset{};
    Instant stalled_until;
    Instant paused_until;
    bool is_tainted = false;
    Term term_floor = 0;
    LogIndex high_water = 0;  // what its disk had before the damage
    bool is_installing = false;
    std::map<std::uint64_t, LogIndex> reads;  // context → lowest index that is fresh
    std::map<LogIndex, std::pair<Term, std::uint64_t>> history;  // applied: term, hash
  };

  struct Committed {
    Term term;
    std::uint64_t data;
    Term commit_term;
  };

  struct Event {
    enum class Kind { message, beat, beat_reply, tick, synced, load, fault, restart } kind;
    std::size_t node = 0;
    std::size_t from = 0;
    std::uint64_t life = 0;
    std::optional<msg::Message> message{};
    msg::Beat beat{};
    msg::BeatReply beat_reply{};
  };

  void start(Node& node);
  void crash(std::size_t index);
  void damage(Node& node);
  void schedule(Duration after, Event event);
  void handle(const Event& event);
  void after_input(std::size_t index);
  void send(std::size_t from, NodeId to, Event event);
  void write(std::size_t index, Write write);
  void write_done(std::size_t index);
  void apply_write(Node& node, const Write& write);
  void apply_committed(Node& node);
  void provide(std::size_t index, const SnapshotWanted& wanted);
  void load();
  void fault();
  void strike(std::size_t index, double probability);
  void change_somehow();
  void coup();
  void depose_others(std::size_t index);
  void isolate(std::size_t index);

  void check_promise(const Node& node, NodeId to, const msg::Message& message);
  void check_leader(Node& node);
  void check_commit(Node& node);
  void check_quorum_on_disk(const Node& leader, LogIndex index);
  void check_nothing_lost(const Node& node, const std::vector<msg::Entry>& before) const;
  void check_reads(Node& node, const std::vector<ReadDone>& reads);
  [[noreturn]] void fail(const std::string& what) const;

  [[nodiscard]] Instant local(const Node& node) const;

  [[nodiscard]] std::size_t index_of(NodeId id) const {
    return static_cast<std::size_t>(id.value - 1);
  }

  [[nodiscard]] Node* leader();

  [[nodiscard]] bool chance(double p) { return random_.chance(p); }

  WorldOptions options_;
  Random random_;
  Instant now_;
  std::uint64_t sequence_ = 0;
  std::map<std::pair<Instant, std::uint64_t>, Event> queue_;
  std::vector<Node> nodes_;
  std::set<std::pair<std::size_t, std::size_t>> cut_;
  std::map<Term, NodeId> leaders_;
  std::map<LogIndex, Committed> committed_;
  LogIndex committed_max_ = 0;
  std::uint64_t next_value_ = 1;
  std::uint64_t next_context_ = 1;
  bool is_faulty_ = true;
  Duration patience_{};              // no other fault for so long
  std::vector<std::size_t> doomed_;  // crash after this event
  std::set<std::pair<Term, NodeId>> elected_seen_;
};

}  // namespace harka::raft
