// SPDX-License-Identifier: Apache-2.0
// The timers of one machine. Interpreters arm one wake-up for the earliest and ask what is due, so
// that a timer that is pushed out again and again (an election timeout) costs no clock entry.
#pragma once

#include "runtime/turn.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

namespace harka {

class TimerSet {
 public:
  /// Replaces the timer of that name. Timers due at one instant fire in the order they were set.
  void set(TimerId timer, Instant due) {
    cancel(timer);
    const Key key{due, ++order_last_};
    by_timer_.emplace(timer, key);
    by_due_.emplace(key, timer);
  }

  void cancel(TimerId timer) {
    const auto known = by_timer_.find(timer);
    if (known == by_timer_.end()) return;
    by_due_.erase(known->second);
    by_timer_.erase(known);
  }

  [[nodiscard]] std::optional<Instant> next_due() const {
    if (by_due_.empty()) return std::nullopt;
    return by_due_.begin()->first.first;
  }

  /// Removes and returns the earliest timer if it is due.
  [[nodiscard]] std::optional<TimerId> pop_due(Instant now) {
    if (by_due_.empty() || by_due_.begin()->first.first > now) return std::nullopt;
    const TimerId timer = by_due_.begin()->second;
    by_due_.erase(by_due_.begin());
    by_timer_.erase(timer);
    return timer;
  }

  [[nodiscard]] std::size_t size() const { return by_timer_.size(); }

 private:
  using Key = std::pair<Instant, std::uint64_t>;
  std::map<TimerId, Key> by_timer_;
  std::map<Key, TimerId> by_due_;
  std::uint64_t order_last_ = 0;
};

}  // namespace harka
