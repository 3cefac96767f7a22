// SPDX-License-Identifier: Apache-2.0
// Gives a machine its turns one by one and keeps what it did: messages sent and timers set.
#pragma once

#include "runtime/machine.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace harka::testing {

class TurnDriver {
 public:
  TurnDriver(Machine& machine, Address self) : machine_(machine), self_(self), random_(1) {}

  void start() {
    run(nullptr, [&](Turn& turn) { machine_.start(turn); });
  }

  void deliver(const Address& from, msg::Message body, std::uint64_t correlation = 0) {
    const Envelope envelope{from, self_, correlation, std::move(body)};
    run(&envelope, [&](Turn& turn) { machine_.receive(envelope, turn); });
  }

  /// Lets time pass, firing timers in order of their due times.
  void advance(Duration duration) {
    const Instant end = now_ + duration;
    for (;;) {
      auto next = timers_.end();
      for (auto it = timers_.begin(); it != timers_.end(); ++it) {
        if (it->second <= end && (next == timers_.end() || it->second < next->second)) next = it;
      }
      if (next == timers_.end()) break;
      const TimerId timer = next->first;
      now_ = next->second;
      timers_.erase(next);
      run(nullptr, [&](Turn& turn) { machine_.on_timer(timer, turn); });
    }
    now_ = end;
  }

  /// The messages of one type sent since the last call, in order; others are dropped.
  template <typename T>
  std::vector<std::pair<Address, T>> sent() {
    std::vector<std::pair<Address, T>> found;
    for (const EnvelopePtr& envelope : std::exchange(outbox_, {})) {
      if (const T* message = std::get_if<T>(&envelope->body)) {
        found.emplace_back(envelope->to, *message);
      }
    }
    return found;
  }

  [[nodiscard]] bool stopped() const { return is_stopped_; }

  [[nodiscard]] Instant now() const { return now_; }

 private:
  template <typename Act>
  void run(const Envelope* cause, Act&& act) {
    std::vector<Effect> effects;
    Turn::Context context;
    context.self = self_;
    context.now = now_;
    context.wall_now = 1'000'000 + now_.time_since_epoch().count() / 1'000'000;
    context.random = &random_;
    context.cause = cause;
    Turn turn(context, effects);
    act(turn);
    for (Effect& effect : effects) {
      if (auto* send = std::get_if<effect::Send>(&effect)) outbox_.push_back(send->envelope);
      if (auto* set = std::get_if<effect::SetTimer>(&effect))
        timers_[set->timer] = now_ + set->after;
      if (auto* cancel = std::get_if<effect::CancelTimer>(&effect)) timers_.erase(cancel->timer);
      if (std::holds_alternative<effect::StopSelf>(effect)) is_stopped_ = true;
    }
  }

  Machine& machine_;
  Address self_;
  Random random_;
  Instant now_{std::chrono::seconds(100)};
  std::map<TimerId, Instant> timers_;
  std::vector<EnvelopePtr> outbox_;
  bool is_stopped_ = false;
};

}  // namespace harka::testing
