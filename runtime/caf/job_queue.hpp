// SPDX-License-Identifier: Apache-2.0
// The one queue of jobs that all workers of a scheduler share, frugal with wake-ups.
//
// CAF's work sharing wakes a worker for every job. With few jobs in flight that is two context
// switches a message: the woken worker takes the job, finds no other and sleeps again. Here a job
// wakes somebody only if nobody is awake, or if more jobs wait than those who are awake should
// serve one after another. What is gained is also the batching behind it: one worker that runs ten
// turns in a row wakes the log store and the links once.
//
// Awake is not the same as free: a worker may be in a long turn while a few jobs wait. So one
// sleeper at a time keeps watch: it looks every few milliseconds, and when no job was taken since
// it looked last, somebody gets up. While nobody is awake it looks less often. Rejected: a wake-up
// at each job after all when the oldest waits too long, because nobody may come to put another one.
#pragma once

#include "base/time.hpp"
#include "runtime/wake_batch.hpp"

#include <caf/resumable.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

namespace harka {

/// Owned by a shared_ptr: a wake-up in some thread's WakeBatch may outlive the scheduler.
class JobQueue final : public Waker, public std::enable_shared_from_this<JobQueue> {
 public:
  /// What waits for one awake worker before another is woken.
  static constexpr std::size_t patience = 4;

  /// How often the one that keeps watch looks.
  struct Watch {
    Duration interval = 5ms;
    Duration interval_idle = 25ms;  // nobody is awake
  };

  JobQueue() = default;

  explicit JobQueue(const Watch& watch) : watch_(watch) {}

  // Any thread.
  void put(caf::resumable* job);
  void wake() override;
  /// How many times a sleeper was called up.
  [[nodiscard]] std::uint64_t call_count() const;
  /// Workers that sleep and are not called.
  [[nodiscard]] std::size_t asleep_count() const;

  // Workers.

  /// The worker's first visit: it was not awake before.
  void join();
  /// Waits for a job. Nothing of the caller's WakeBatch waits while it sleeps.
  [[nodiscard]] caf::resumable* take();
  /// The worker ends.
  void leave();

  /// After all workers have left: null when nothing is left.
  [[nodiscard]] caf::resumable* take_rest();

 private:
  using Lock = std::unique_lock<std::mutex>;

  [[nodiscard]] bool call_somebody();
  void sleep(Lock& lock);
  void keep_watch(Lock& lock);

  const Watch watch_{};
  mutable std::mutex mutex_;
  std::condition_variable called_;        // for sleepers
  std::condition_variable watch_called_;  // for the one that keeps watch
  std::deque<caf::resumable*> jobs_;
  std::size_t awake_ = 0;         // workers that run or are called
  std::size_t sleepers_ = 0;      // not called; none unless somebody keeps watch
  std::size_t calls_ = 0;         // sleepers that are called and not yet up
  std::size_t silent_calls_ = 0;  // of those, without the system call so far
  bool is_watched_ = false;
  bool is_watch_called_ = false;
  std::uint64_t taken_ = 0;
  std::uint64_t call_count_ = 0;
};

}  // namespace harka
