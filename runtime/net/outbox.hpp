// SPDX-License-Identifier: Apache-2.0
// What waits to be written to one connection. Any thread appends finished frames; the loop takes
// them in large pieces. Bounded in bytes: beyond that appending fails and the sender is told, so
// a stalled peer costs its bound and delays nobody else.
#pragma once

#include "base/time.hpp"
#include "runtime/net/frame.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace harka::net {

class Outbox {
 public:
  /// A run of whole frames, written in one piece.
  struct Chunk {
    std::unique_ptr<char[]> data;
    std::size_t size = 0;
    std::size_t capacity = 0;
    Instant due{};                 // an injected delay has passed
    std::size_t credit_bytes = 0;  // of the peer's credit that it takes: its messages
  };
  enum class Append : std::uint8_t {
    queued,
    queued_wake,  // and the writer sleeps: wake it
    refused       // closed or full
  };

  explicit Outbox(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Any thread.

  /// Copies header and body to the end of the queue. `now` matters only with a delay.
  Append append(const FrameHeader& header, std::string_view body, Instant now);

  struct Counts {
    std::size_t bytes = 0;       // waiting now
    std::uint64_t appended = 0;  // messages since the start
    std::uint64_t refused = 0;
  };

  [[nodiscard]] Counts counts() const;

  // Loop thread.

  /// A connection is there: accept frames.
  void open();
  /// Drops what waits and refuses more.
  void close();
  /// Injected one-way delay of everything that is appended from now on; order is kept.
  void set_delay(Duration delay);
  /// Link-internal frames: ahead of messages, without credit. False when closed
  /// or when too many wait; else wake the writer.
  bool append_internal(const FrameHeader& header, std::string_view body, Instant now);

  struct Taken {
    std::vector<Chunk> chunks;
    std::size_t credit_bytes = 0;
    Instant next_due = Instant::max();  // chunks empty: when the first one will be due
  };

  /// What may be written now: due, and messages only while `credit_bytes` > 0 before each chunk.
  /// When nothing waits at all, the next append says `queued_wake`; when the rest waits for
  /// credit or its due time, the caller comes back by itself.
  Taken take(std::size_t credit_bytes, Instant now);
  /// Gives a written chunk's memory back for reuse.
  void recycle(Chunk chunk);

 private:
  Append append_to(
      std::deque<Chunk>& queue, const FrameHeader& header, std::string_view body, Instant due);
  Chunk& room_for(std::deque<Chunk>& queue, std::size_t bytes, Instant due);

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::deque<Chunk> internal_;
  std::deque<Chunk> messages_;
  Chunk spare_;
  Counts counts_;
  Duration delay_{};
  bool is_open_ = false;
  bool is_writer_asleep_ = false;
};

}  // namespace harka::net
