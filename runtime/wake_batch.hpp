// SPDX-License-Identifier: Apache-2.0
// Wake-ups of other threads, gathered so that one serves a whole burst.
//
// Waking a sleeping thread costs a system call, and often the waker's own processor: the woken
// thread runs at once, finds one message, and sleeps again. A thread that works in rounds (a
// scheduler's worker, an event loop, a store that answers a batch) therefore puts everything where
// it belongs first, and wakes at the end of the round. The queue itself is never held back: who is
// awake anyway finds the message at once.
//
// The price: a queue that holds something may have nobody awake until its poster's round ends. So
// rounds are short, and a thread that is about to block calls `flush`.
#pragma once

#include "base/time.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace harka {

/// A thread that sleeps, seen by others. Shared, because a wake-up may be on its way when the
/// sleeper ends.
class Waker {
 public:
  Waker() = default;
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;
  virtual ~Waker() = default;

  /// Any thread; does not block.
  virtual void wake() = 0;
};

/// Gathers for the calling thread while it lives; the outermost one wakes at its end.
class WakeBatch {
 public:
  WakeBatch() { hold(); }

  ~WakeBatch() {
    if (release()) flush();
  }

  WakeBatch(const WakeBatch&) = delete;
  WakeBatch& operator=(const WakeBatch&) = delete;

  /// At the end of this thread's round, or at once if it has none.
  static void wake(const std::shared_ptr<Waker>& waker);
  /// Now.
  static void flush();
  /// Now, if the oldest has waited longer than a round may last.
  static void flush_if_old(Instant now);

  // For threads whose rounds are not the blocks of one function.

  static void hold();
  /// True when that was the last hold; nothing is woken.
  static bool release();
  /// From now on this thread always gathers; `begun` is called when the first one waits and sees
  /// to it that `flush` is called soon. Null: no more.
  static void set_round(std::function<void()> begun);
};

}  // namespace harka
