// SPDX-License-Identifier: Apache-2.0
#include "runtime/wake_batch.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace harka {

namespace {

constexpr Duration round_max = 100us;

struct Round {
  int holds = 0;
  std::function<void()> begun;
  std::vector<std::shared_ptr<Waker>> waiting;
  Instant since;
};

Round& round_of_this_thread() {
  thread_local Round round;  // the one state that belongs to a thread rather than to an object
  return round;
}

}  // namespace

void WakeBatch::wake(const std::shared_ptr<Waker>& waker) {
  Round& round = round_of_this_thread();
  if (round.holds == 0 && round.begun == nullptr) return waker->wake();
  if (std::find(round.waiting.begin(), round.waiting.end(), waker) != round.waiting.end()) return;
  round.waiting.push_back(waker);
  if (round.waiting.size() > 1) return;
  round.since = Instant(std::chrono::steady_clock::now().time_since_epoch());
  if (round.holds == 0) round.begun();
}

void WakeBatch::flush() {
  Round& round = round_of_this_thread();
  if (round.waiting.empty()) return;
  // What a wake-up causes on this thread belongs to the next round.
  std::vector<std::shared_ptr<Waker>> waiting = std::exchange(round.waiting, {});
  for (const std::shared_ptr<Waker>& waker : waiting) waker->wake();
  waiting.clear();
  if (round.waiting.empty()) round.waiting.swap(waiting);  // keeps the capacity
}

void WakeBatch::flush_if_old(Instant now) {
  const Round& round = round_of_this_thread();
  if (!round.waiting.empty() && now - round.since > round_max) flush();
}

void WakeBatch::hold() {
  ++round_of_this_thread().holds;
}

bool WakeBatch::release() {
  Round& round = round_of_this_thread();
  ASSERT(round.holds > 0);
  return --round.holds == 0;
}

void WakeBatch::set_round(std::function<void()> begun) {
  flush();
  round_of_this_thread().begun = std::move(begun);
}

}  // namespace harka
