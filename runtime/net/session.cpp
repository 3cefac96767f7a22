// SPDX-License-Identifier: Apache-2.0
// Credit is counted in message bytes since the start of the connection. The receiver tells its
// count every quarter window; the sender never has more than a window in flight, give or take the
// last chunk. So a peer that stops taking costs one window in the kernel and one outbox here.
#include "runtime/net/session.hpp"

#include "base/assert.hpp"
#include "runtime/net/loop_kj.hpp"

#include <time.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace harka::net {

namespace {
constexpr Duration tick_max = 200ms;  // what one tick may add to the silence
constexpr int pings_skipped_max = 4;
// What one connection reads before others have their turn.
constexpr std::size_t turn_bytes = 256 * 1024;
}  // namespace

Instant monotonic_now() {
  timespec now{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

Session::Session(
    EventLoop& loop,
    std::unique_ptr<Connection> connection,
    FrameReader reader,
    Outbox& outbox,
    const Options& options,
    Events events)
    : loop_(loop),
      connection_(std::move(connection)),
      reader_(std::move(reader)),
      outbox_(outbox),
      options_(options),
      events_(std::move(events)),
      ticked_(monotonic_now()) {}

Session::~Session() {
  is_ended_ = true;
  if (due_timer_ != 0) loop_.cancel_timer(due_timer_);
}

void Session::start() {
  reader_.set_body_bytes_max(limits::frame_bytes_max);
  // What came in behind the hello waits in the reader. In a turn of its own: the owner is not
  // ready for messages while it still makes the session.
  reading_ = kj::evalLater([this]() -> kj::Promise<void> {
               if (!take_frames()) return kj::READY_NOW;
               return read_on();
             }).eagerlyEvaluate([this](kj::Exception&& exception) { end(describe(exception)); });
  writing_ = kj::evalLater([this] {
               return write_on();
             }).eagerlyEvaluate([this](kj::Exception&& exception) { end(describe(exception)); });
}

void Session::wake() {
  if (wake_.get() != nullptr) wake_->fulfill();
}

kj::Promise<void> Session::read_on() {
  for (std::size_t taken = 0; taken < turn_bytes;) {
    const FrameReader::Space space = reader_.space();
    const std::size_t count = connection_->read(space.data, space.size);
    if (count == 0) {
      if (connection_->is_open()) {
        return connection_->when_readable().then([this] { return read_on(); });
      }
      end(connection_->end_reason());
      return kj::READY_NOW;
    }
    silent_ = Duration::zero();
    counters_.bytes_in += count;
    taken += count;
    reader_.filled(count);
    if (!take_frames()) return kj::READY_NOW;
  }
  return kj::evalLast([this] { return read_on(); });
}

bool Session::take_frames() {
  Frame frame;
  // What stands behind the frame that ended the session, or comes in later, is not taken.
  while (!is_ended_) {
    switch (reader_.next(frame)) {
      case FrameReader::Next::frame: take(frame); break;
      case FrameReader::Next::need_more: grant_credit(); return !is_ended_;
      case FrameReader::Next::broken: end(reader_.reason()); return false;
    }
  }
  return false;
}

void Session::take(const Frame& frame) {
  const FrameHeader& header = frame.header;
  if (header.epoch != options_.epoch_peer) {
    ++counters_.frames_stale;
    return;
  }
  switch (header.type) {
    case FrameType::message:
      taken_ += sizeof header + header.body_bytes;
      ++counters_.messages_in;
      events_.on_message(frame);
      return;
    case FrameType::credit:
      // A count that runs ahead of what was sent would be a licence without end.
      peer_taken_ = std::max(peer_taken_, std::min(header.correlation, sent_));
      wake();
      return;
    case FrameType::ping: send_internal(FrameType::pong, header.correlation); return;
    case FrameType::pong: {
      const Instant sent{Duration(static_cast<std::int64_t>(header.correlation))};
      counters_.round_trip = std::max(monotonic_now() - sent, Duration::zero());
      return;
    }
    case FrameType::hello:
    case FrameType::hello_reply: end("a second hello on one connection"); return;
  }
}

void Session::grant_credit() {
  if (taken_ - taken_granted_ < options_.credit_granted / 4) return;
  taken_granted_ = taken_;
  send_internal(FrameType::credit, taken_);
}

void Session::send_internal(FrameType type, std::uint64_t correlation) {
  FrameHeader header;
  header.type = type;
  header.epoch = options_.epoch_own;
  header.correlation = correlation;
  if (!outbox_.append_internal(header, {}, monotonic_now())) return end("it does not read");
  wake();
}

kj::Promise<void> Session::write_on() {
  if (!send_on()) return kj::READY_NOW;
  if (connection_->unsent() > 0) {
    return connection_->when_writable().then([this] { return write_on(); });
  }
  const std::uint64_t in_flight = sent_ - peer_taken_;
  const std::uint64_t credit =
      options_.credit_owned > in_flight ? options_.credit_owned - in_flight : 0;
  Outbox::Taken taken = outbox_.take(credit, monotonic_now());
  if (taken.chunks.empty()) {
    return wait_for_wake(taken.next_due).then([this] { return write_on(); });
  }
  sent_ += taken.credit_bytes;
  for (Outbox::Chunk& chunk : taken.chunks) {
    counters_.bytes_out += chunk.size;
    connection_->write({chunk.data.get(), chunk.size});
    outbox_.recycle(std::move(chunk));
  }
  if (!send_on()) return kj::READY_NOW;
  return kj::evalLast([this] { return write_on(); });
}

bool Session::send_on() {
  connection_->flush();
  if (!connection_->is_open()) end(connection_->end_reason());
  return !is_ended_;
}

kj::Promise<void> Session::wait_for_wake(Instant next_due) {
  auto waiting = kj::newPromiseAndFulfiller<void>();
  wake_ = kj::mv(waiting.fulfiller);
  if (next_due != Instant::max()) {
    if (due_timer_ != 0) loop_.cancel_timer(due_timer_);
    due_timer_ = loop_.set_timer(std::max(next_due - monotonic_now(), Duration::zero()), [this] {
      due_timer_ = 0;
      wake();
    });
  }
  return kj::mv(waiting.promise);
}

void Session::tick(Instant now) {
  // A pause of this process (a stop, a starved machine) is not the peer's silence: what it sent
  // meanwhile is still to be read.
  silent_ += std::min(now - ticked_, tick_max);
  ticked_ = now;
  if (silent_ > options_.silence_max) {
    const auto bound = std::chrono::duration_cast<std::chrono::milliseconds>(silent_);
    end("silent for " + std::to_string(bound.count()) + " ms");
    return;
  }
  if (now - checked_ < options_.ping_interval) return;
  checked_ = now;
  // What was written meanwhile has shown the peer that this side lives: a ping would only measure.
  const bool has_written =
      std::exchange(bytes_out_checked_, counters_.bytes_out) != counters_.bytes_out;
  if (has_written && now - ping_sent_ < pings_skipped_max * options_.ping_interval) return;
  ping_sent_ = now;
  send_internal(FrameType::ping, static_cast<std::uint64_t>(now.time_since_epoch().count()));
}

void Session::end(const std::string& reason) {
  if (is_ended_) return;
  is_ended_ = true;
  events_.on_end(reason);
}

}  // namespace harka::net
