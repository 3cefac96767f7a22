// SPDX-License-Identifier: Apache-2.0
// What goes into a raft replica at its start and what comes out of it after every input.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"
#include "schemas/messages.hpp"
#include "schemas/raft.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace harka::raft {

enum class Role : std::uint8_t { follower, pre_candidate, candidate, leader };

struct Options {
  GroupId group;
  NodeId self;
  Duration election_timeout_min = limits::election_timeout_min;
  Duration election_timeout_max = limits::election_timeout_max;
  Duration heartbeat_interval = limits::heartbeat_interval;
  /// Reads from the leader's lease. Without: every read costs one (shared) round of heartbeats.
  bool leases = true;
  /// Ratio by which two nodes' clocks may differ in speed; only leases depend on it.
  double clock_drift_max = limits::clock_drift_max;
  std::size_t append_bytes_max = limits::append_bytes_max;
  std::size_t in_flight_max = limits::append_in_flight_max;
  std::size_t in_flight_bytes_max = limits::append_in_flight_bytes_max;
  std::size_t uncommitted_bytes_max = limits::uncommitted_bytes_max;
  /// Appends that the log store has not answered; what comes meanwhile goes into the next one.
  std::size_t log_writes_pending_max = limits::log_writes_pending_max;
  /// How much compacted log a leader keeps for followers that are alive but behind.
  std::size_t retained_bytes_max = limits::append_in_flight_bytes_max;
  std::size_t reads_pending_max = 65'536;
  /// A new voter is promoted when at most this many entries behind.
  LogIndex promotion_lag_max = 64;
  /// A change whose new voters do not catch up within this is given up; they stay learners.
  Duration promotion_timeout = 60s;
  /// Differs between nodes, groups and incarnations, or elections tie and read contexts collide.
  std::uint64_t random_seed = 0;
  /// Stands first: a new group gets the leader that placement wants without a race.
  bool preferred_leader = false;
};

/// What the two stores held. `config` and `applied_term` belong to `applied_index`.
struct Restored {
  msg::HardState hard_state;
  LogIndex start_index = 0;
  Term start_term = 0;
  std::vector<msg::Entry> entries;
  LogIndex applied_index = 0;
  Term applied_term = 0;
  msg::GroupConfig config;
  /// What this replica had promised is lost. It is whole again when it has an entry of
  /// `term_floor`, above every term in which it can have promised anything, or of a later term.
  /// Without a floor the log is whole and the state is gone: until it agrees with a leader up to
  /// `high_water`.
  bool tainted = false;
  Term term_floor = 0;
  LogIndex high_water = 0;
};

/// One chunk of a snapshot, in both directions. `data` and `checksum` are opaque here.
struct SnapshotChunkData {
  LogIndex index = 0;
  Term term = 0;
  msg::GroupConfig config;  // as of `index`
  std::uint32_t sequence = 0;
  SharedBytes data;
  std::uint32_t checksum = 0;
  bool done = false;
  bool failed = false;  // answer of snapshot_wanted: cannot; raft asks again later
};

/// Work for the log store. The stores answer in order, and so must `Raft::persisted` be called.
/// `start` comes alone or with a hard state, never with entries.
struct Append {
  struct Start {
    LogIndex index = 0;
    Term term = 0;
    bool drops_suffix = false;
  };

  std::uint64_t ticket = 0;
  std::optional<msg::HardState> hard_state;
  std::vector<msg::Entry> entries;  // replace everything from the first one's index on
  std::optional<Start> start;
};

struct Outgoing {
  NodeId to;
  msg::Message message;
};

struct OutgoingBeat {
  NodeId to;
  msg::Beat beat;
};

struct OutgoingBeatReply {
  NodeId to;
  msg::BeatReply reply;
};

/// `read(context)` is answered. When `ok`, the state that includes `index` is fresh enough.
struct ReadDone {
  std::uint64_t context = 0;
  LogIndex index = 0;
  bool ok = false;
};

/// A follower needs chunk `sequence` of the snapshot at `index` (0: of a new one). Answer with
/// `Raft::provide_chunk`, at once or later; it is asked again when an answer gets lost.
struct SnapshotWanted {
  NodeId to;
  LogIndex index = 0;
  std::uint32_t sequence = 0;
};

/// Everything an input caused. Order between the lists does not matter: what must not be sent
/// before something is durable is kept back inside until `persisted`.
struct Output {
  std::vector<Append> appends;
  std::vector<Outgoing> messages;
  /// Heartbeats, to be coalesced per pair of nodes, and the answers to coalesced ones.
  std::vector<OutgoingBeat> beats;
  std::vector<OutgoingBeatReply> beat_replies;
  std::vector<ReadDone> reads;
  std::vector<SnapshotWanted> snapshots_wanted;
  /// Stage this chunk (sequence 0 clears what was staged); with `done` replace the state, and
  /// apply nothing until then. Answer with `Raft::chunk_installed`.
  std::optional<SnapshotChunkData> install;
  bool leadership_changed = false;  // role, term or known leader
  bool commit_advanced = false;     // apply entries up to commit_index()
  bool config_changed = false;

  [[nodiscard]] bool empty() const {
    return appends.empty() && messages.empty() && beats.empty() && beat_replies.empty() &&
           reads.empty() && snapshots_wanted.empty() && !install.has_value() &&
           !leadership_changed && !commit_advanced && !config_changed;
  }
};

}  // namespace harka::raft
