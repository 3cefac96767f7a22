// SPDX-License-Identifier: Apache-2.0
// The KJ side of an EventLoop, for code that runs on its thread. Nothing of it may leave the
// thread: other threads hold numbers or SharedBytes and use EventLoop::post.
#pragma once

#include "runtime/net/loop.hpp"

#include <kj/async-io.h>
#include <kj/async-unix.h>

#include <cstdint>
#include <map>

namespace harka::net {

struct EventLoop::Kj : private kj::TaskSet::ErrorHandler {
  explicit Kj(EventLoop& its_loop);
  virtual ~Kj() = default;
  Kj(const Kj&) = delete;
  Kj& operator=(const Kj&) = delete;

  struct Timer {
    kj::Promise<void> promise;
    Task task;
  };

  kj::AsyncIoContext io;
  /// Promises that live as long as the loop; a failure is the loop's.
  kj::TaskSet tasks;
  std::map<TimerHandle, Timer> timers;
  TimerHandle timer_last = 0;

  [[nodiscard]] kj::Timer& timer() { return io.provider->getTimer(); }

  [[nodiscard]] kj::Network& network() { return io.provider->getNetwork(); }

  [[nodiscard]] kj::UnixEventPort& port() { return io.unixEventPort; }

 private:
  void taskFailed(kj::Exception&& exception) override;

  EventLoop& loop_;
};

/// Our durations as KJ's.
[[nodiscard]] inline kj::Duration kj_duration(Duration duration) {
  return duration.count() * kj::NANOSECONDS;
}

/// One line about a KJ failure for people: the description without file, line and stack, of a
/// failed system call only the system's words.
[[nodiscard]] std::string describe(const kj::Exception& exception);

/// The other way round: a failure of ours for a KJ promise.
[[nodiscard]] kj::Exception failure(const std::string& text);

}  // namespace harka::net
