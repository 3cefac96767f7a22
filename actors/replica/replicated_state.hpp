// SPDX-License-Identifier: Apache-2.0
// What a raft group replicates, and what it may ask of the replica that hosts it. The replica knows
// raft, the log and snapshots; the state knows what the bytes mean.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "runtime/machine.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace harka {

class ReplicaHost {
 public:
  ReplicaHost() = default;
  ReplicaHost(const ReplicaHost&) = delete;
  ReplicaHost& operator=(const ReplicaHost&) = delete;
  virtual ~ReplicaHost() = default;

  [[nodiscard]] virtual bool is_leader() const = 0;
  /// The node that leads as far as this replica knows; 0: none.
  [[nodiscard]] virtual std::uint64_t leader() const = 0;
  [[nodiscard]] virtual LogIndex applied() const = 0;
  /// Leader only: appends an entry; it is applied later, or lost with the leadership.
  virtual Result<LogIndex> propose(SharedBytes payload, Turn& turn) = 0;
  /// Asks for a linearizable read: `read_done` follows once this replica may answer, or may not.
  virtual void read(std::uint64_t context, Turn& turn) = 0;
};

class ReplicatedState {
 public:
  ReplicatedState() = default;
  ReplicatedState(const ReplicatedState&) = delete;
  ReplicatedState& operator=(const ReplicatedState&) = delete;
  virtual ~ReplicatedState() = default;

  /// Applies a committed command entry: the same on every replica, in the same order.
  virtual void apply(const msg::Entry& entry, ReplicaHost& host, Turn& turn) = 0;
  /// A message that is not raft's: a client's or an administrator's.
  virtual void receive(const Envelope& envelope, ReplicaHost& host, Turn& turn) = 0;
  virtual void read_done(std::uint64_t context, bool ok, ReplicaHost& host, Turn& turn) = 0;
  /// This replica stopped leading: what it has in flight has an unknown outcome.
  virtual void leadership_lost(ReplicaHost& host, Turn& turn) = 0;

  /// Each tick interval: time for what is not caused by a message.
  virtual void tick(ReplicaHost& host, Turn& turn) {
    (void)host;
    (void)turn;
  }

  /// Bytes that are applied but not yet in the engine.
  [[nodiscard]] virtual std::size_t dirty_bytes() const = 0;
  /// Everything dirty, to be written in one transaction; until `flush_finished` new changes gather
  /// for the next flush. `applied`: the last log entry that it covers.
  virtual std::vector<msg::StateWrite> begin_flush(LogIndex applied) = 0;
  virtual void flush_finished() = 0;
  /// The engine's content was replaced by a snapshot: forget everything in memory.
  virtual void reload() = 0;

  /// One line for the actor registry.
  [[nodiscard]] virtual std::string describe() const { return {}; }
};

using ReplicatedStatePtr = std::unique_ptr<ReplicatedState>;

}  // namespace harka
