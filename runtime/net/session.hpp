// SPDX-License-Identifier: Apache-2.0
// One established connection after its hello: writes what its outbox holds, reads frames, keeps
// the credit of both directions and the round-trip time. Lives on the loop thread.
#pragma once

#include "base/time.hpp"
#include "runtime/net/connection.hpp"
#include "runtime/net/frame.hpp"
#include "runtime/net/loop.hpp"
#include "runtime/net/outbox.hpp"

#include <kj/async.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace harka::net {

class Session {
 public:
  struct Options {
    std::uint32_t epoch_own = 0;  // low half, as it stands in headers
    std::uint32_t epoch_peer = 0;
    std::uint64_t credit_granted = 0;  // what we let the peer send beyond what we have taken
    std::uint64_t credit_owned = 0;    // what the peer granted us in its hello
    Duration ping_interval = 500ms;    // at least, and only after one without a byte written
    Duration silence_max = 2s;
  };

  struct Events {
    /// A message of the peer's present epoch. Keep nothing of the frame but its body.
    std::function<void(const Frame& frame)> on_message;
    /// The connection is gone. Called once, in a turn of its own; destroy the session here.
    std::function<void(const std::string& reason)> on_end;
  };

  struct Counters {
    std::uint64_t messages_in = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t frames_stale = 0;
    Duration round_trip{};
  };

  /// `outbox` is open and outlives the session; `reader` may already hold bytes.
  Session(
      EventLoop& loop,
      std::unique_ptr<Connection> connection,
      FrameReader reader,
      Outbox& outbox,
      const Options& options,
      Events events);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Begins to read and write.
  void start();
  /// Something can be written: the outbox, the credit or the clock moved on.
  void wake();
  /// Called some ten times a second: sends pings, ends the session when the peer is silent.
  void tick(Instant now);

  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  kj::Promise<void> read_on();
  kj::Promise<void> write_on();
  /// False when that ended the session.
  bool send_on();
  kj::Promise<void> wait_for_wake(Instant next_due);
  bool take_frames();
  void take(const Frame& frame);
  void grant_credit();
  void send_internal(FrameType type, std::uint64_t correlation);
  void end(const std::string& reason);

  EventLoop& loop_;
  std::unique_ptr<Connection> connection_;
  FrameReader reader_;
  Outbox& outbox_;
  Options options_;
  Events events_;
  Counters counters_;
  kj::Own<kj::PromiseFulfiller<void>> wake_;
  EventLoop::TimerHandle due_timer_ = 0;
  std::uint64_t sent_ = 0;           // message bytes
  std::uint64_t taken_ = 0;          // message bytes, and
  std::uint64_t taken_granted_ = 0;  // how many of them the peer knows of
  std::uint64_t peer_taken_ = 0;
  Instant checked_{};  // whether a ping is due
  std::uint64_t bytes_out_checked_ = 0;
  Instant ping_sent_{};
  Instant ticked_{};
  Duration silent_{};  // since the last byte, as ticks saw it
  bool is_ended_ = false;
  kj::Promise<void> reading_ = nullptr;
  kj::Promise<void> writing_ = nullptr;
};

/// The monotonic clock, in the unit that outboxes and sessions use.
[[nodiscard]] Instant monotonic_now();

}  // namespace harka::net
