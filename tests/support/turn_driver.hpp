// SPDX-License-Identifier: Apache-2.0
// Gives a machine its turns one by one and keeps what it did, in order: messages, spawns, kills,
// notes, its end. Timers fire by `advance`.
#pragma once

#include "runtime/machine.hpp"
#include "runtime/timer_set.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace harka::testing {

class TurnDriver {
 public:
  TurnDriver(Machine& machine, const Address& self, std::uint64_t seed = 1)
      : machine_(machine), self_(self), random_(seed) {}

  void start() {
    run(nullptr, [&](Turn& turn) { machine_.start(turn); });
  }

  void deliver(const Address& from, msg::Message body, std::uint64_t correlation = 0) {
    const Envelope envelope{from, self_, correlation, std::move(body)};
    run(&envelope, [&](Turn& turn) { machine_.receive(envelope, turn); });
  }

  /// Any other use of a turn: `act(turn)`.
  template <typename Act>
  void act(const Act& act) {
    run(nullptr, act);
  }

  /// Lets time pass, firing what becomes due on the way.
  void advance(Duration duration) {
    const Instant end = now_ + duration;
    while (timers_.next_due() && *timers_.next_due() <= end) {
      now_ = std::max(now_, *timers_.next_due());
      const auto timer = timers_.pop_due(now_);
      run(nullptr, [&](Turn& turn) { machine_.on_timer(*timer, turn); });
    }
    now_ = end;
  }

  /// The messages of one type sent since the last call of any `take` or `sent`, with their
  /// receivers; the other effects of that time are dropped.
  template <typename T>
  std::vector<std::pair<Address, T>> sent() {
    std::vector<std::pair<Address, T>> found;
    for (const effect::Send& send : take<effect::Send>()) {
      if (const T* message = std::get_if<T>(&send.envelope->body)) {
        found.emplace_back(send.envelope->to, *message);
      }
    }
    return found;
  }

  /// The effects of one kind since the last call of any `take`; the others of that time are
  /// dropped.
  template <typename E>
  std::vector<E> take() {
    std::vector<E> found;
    for (Effect& effect : std::exchange(effects_, {})) {
      if (E* one = std::get_if<E>(&effect)) found.push_back(std::move(*one));
    }
    return found;
  }

  /// Everything since the last call of any `take`.
  std::vector<Effect> take_all() { return std::exchange(effects_, {}); }

  [[nodiscard]] Instant now() const { return now_; }

  [[nodiscard]] WallTime wall_now() const {
    return 1'000'000 + now_.time_since_epoch().count() / 1'000'000;
  }

  [[nodiscard]] bool stopped() const { return stop_reason_.has_value(); }

  [[nodiscard]] std::optional<Instant> next_due() const { return timers_.next_due(); }

  /// Set once the machine stopped itself; empty: a normal end.
  [[nodiscard]] const std::optional<std::string>& stop_reason() const { return stop_reason_; }

 private:
  template <typename Act>
  void run(const Envelope* cause, const Act& act) {
    std::vector<Effect> effects;
    Turn::Context context;
    context.self = self_;
    context.now = now_;
    context.wall_now = wall_now();
    context.random = &random_;
    context.cause = cause;
    Turn turn(context, effects);
    act(turn);
    for (const Effect& effect : effects) {
      if (const auto* set = std::get_if<effect::SetTimer>(&effect)) {
        timers_.set(set->timer, now_ + set->after);
      } else if (const auto* cancel = std::get_if<effect::CancelTimer>(&effect)) {
        timers_.cancel(cancel->timer);
      } else if (const auto* stop = std::get_if<effect::StopSelf>(&effect)) {
        if (!stop_reason_) stop_reason_ = stop->reason;
      }
    }
    for (Effect& effect : effects) effects_.push_back(std::move(effect));
  }

  Machine& machine_;
  Address self_;
  Random random_;
  Instant now_{std::chrono::seconds(100)};
  TimerSet timers_;
  std::vector<Effect> effects_;
  std::optional<std::string> stop_reason_;
};

}  // namespace harka::testing
