// SPDX-License-Identifier: Apache-2.0
// What a leader knows of one follower, and how fast it may send to it.
//
// Three states, as in etcd's tracker: *probe* (one message at a time until the logs are known to
// agree), *replicate* (optimistic pipeline, bounded by count and bytes), *snapshot* (the entries
// it needs are gone; chunks go out one at a time, each asked for by the answer before).
#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace harka::raft {

/// Unanswered AppendEntries, oldest first.
class InFlight {
 public:
  [[nodiscard]] std::size_t count() const { return sent_.size() - head_; }

  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  void add(LogIndex last_index, std::size_t message_bytes);
  /// Everything up to `index` was acknowledged.
  void acknowledge(LogIndex index);
  void clear();

 private:
  struct Sent {
    LogIndex last_index;
    std::size_t bytes;
  };

  std::vector<Sent> sent_;
  std::size_t head_ = 0;
  std::size_t bytes_ = 0;
};

struct Progress {
  enum class State : std::uint8_t { probe, replicate, snapshot };
  enum class Chunk : std::uint8_t { idle, wanted, sent };  // wanted: the host was asked for it

  /// The follower's log is known to agree with ours up to `index`, durably.
  void matched(LogIndex index);
  void probe_from(LogIndex index);
  void need_snapshot();

  NodeId id;
  LogIndex match = 0;
  LogIndex next = 1;
  State state = State::probe;
  bool probe_sent = false;        // probe: wait for the answer
  LogIndex commit_told = 0;       // the commit index of the last message sent
  Instant sent_at;                // last append or chunk sent, or last one answered
  Instant contact;                // last answer of any kind in this term
  std::uint64_t acked_round = 0;  // newest heartbeat round answered (see reads.cpp)
  InFlight in_flight;

  LogIndex snapshot_index = 0;  // 0: the host chooses
  std::uint32_t snapshot_sequence = 0;
  Chunk chunk = Chunk::idle;
};

}  // namespace harka::raft
