// SPDX-License-Identifier: Apache-2.0
#include "runtime/caf/job_queue.hpp"

#include <utility>

namespace harka {

void JobQueue::put(caf::resumable* job) {
  {
    const Lock lock(mutex_);
    jobs_.push_back(job);
    if (awake_ > 0 && jobs_.size() <= patience * awake_) return;
    if (!call_somebody()) return;
  }
  WakeBatch::wake(shared_from_this());
}

/// Whoever is called counts as awake from here on. False: nobody sleeps.
bool JobQueue::call_somebody() {
  if (sleepers_ > 0) {
    --sleepers_;
    ++calls_;
    ++silent_calls_;
  } else if (is_watched_ && !is_watch_called_) {
    is_watch_called_ = true;
  } else {
    return false;
  }
  ++awake_;
  ++call_count_;
  return true;
}

void JobQueue::wake() {
  std::size_t calls = 0;
  bool is_watch_called = false;
  {
    const Lock lock(mutex_);
    calls = std::exchange(silent_calls_, 0);
    is_watch_called = is_watch_called_;
  }
  for (; calls > 0; --calls) called_.notify_one();
  if (is_watch_called) watch_called_.notify_one();
}

std::uint64_t JobQueue::call_count() const {
  const Lock lock(mutex_);
  return call_count_;
}

std::size_t JobQueue::asleep_count() const {
  const Lock lock(mutex_);
  return sleepers_ + (is_watched_ && !is_watch_called_ ? 1 : 0);
}

void JobQueue::join() {
  const Lock lock(mutex_);
  ++awake_;
}

caf::resumable* JobQueue::take() {
  Lock lock(mutex_);
  if (jobs_.empty()) {
    lock.unlock();
    WakeBatch::flush();
    lock.lock();
  }
  while (jobs_.empty()) sleep(lock);
  caf::resumable* const job = jobs_.front();
  jobs_.pop_front();
  ++taken_;
  return job;
}

void JobQueue::sleep(Lock& lock) {
  --awake_;
  if (!is_watched_) {
    keep_watch(lock);
    return;
  }
  ++sleepers_;
  called_.wait(lock, [this] { return calls_ > 0; });
  --calls_;
}

void JobQueue::keep_watch(Lock& lock) {
  is_watched_ = true;
  std::uint64_t seen = taken_;
  const auto is_called = [this] { return is_watch_called_; };
  const auto interval = [this] { return awake_ > 0 ? watch_.interval : watch_.interval_idle; };
  while (!watch_called_.wait_for(lock, interval(), is_called)) {
    const bool is_stuck = !jobs_.empty() && taken_ == seen;
    seen = taken_;
    if (!is_stuck || !call_somebody()) continue;
    if (is_watch_called_) break;
    silent_calls_ = 0;
    called_.notify_all();  // once in a while: those who are not called sleep on
  }
  is_watched_ = false;
  is_watch_called_ = false;
}

void JobQueue::leave() {
  {
    const Lock lock(mutex_);
    --awake_;
    if (awake_ > 0 || jobs_.empty() || !call_somebody()) return;
  }
  WakeBatch::flush();
  wake();
}

caf::resumable* JobQueue::take_rest() {
  const Lock lock(mutex_);
  if (jobs_.empty()) return nullptr;
  caf::resumable* const job = jobs_.front();
  jobs_.pop_front();
  return job;
}

}  // namespace harka
