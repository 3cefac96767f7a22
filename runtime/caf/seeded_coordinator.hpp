// SPDX-License-Identifier: Apache-2.0
// A CAF scheduler for tests: one thread, the next actor picked by a seed, one event at a time, and
// a clock that moves only when nothing is runnable, straight to the next due timer. The same seed
// gives the same run. Any other thread that touches it aborts the process: a leak of determinism is
// found the first time it runs.
#pragma once

#include "base/random.hpp"

#include <caf/actor_system.hpp>
#include <caf/detail/simple_actor_clock.hpp>
#include <caf/detail/type_list.hpp>
#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <cstdint>
#include <thread>
#include <vector>

namespace harka {

class VirtualClock final : public caf::detail::simple_actor_clock {
 public:
  [[nodiscard]] time_point now() const noexcept override { return now_; }

  [[nodiscard]] bool is_pending() const { return !schedule_.empty(); }

  [[nodiscard]] time_point next_due() const { return schedule_.begin()->first; }

  /// Moves to the earliest timer and fires it.
  void fire_one();

  void move_to(time_point time) { now_ = time; }

 private:
  time_point now_{duration_type{1'000'000}};  // not zero, which means "unset" in parts of CAF
};

class SeededCoordinator final : public caf::scheduler::abstract_coordinator {
 public:
  /// The hook that actor_system_config::load looks for.
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new SeededCoordinator(system);
  }

  explicit SeededCoordinator(caf::actor_system& system);

  void seed(std::uint64_t value) { random_ = Random(value); }

  VirtualClock& clock() noexcept override { return clock_; }

  [[nodiscard]] bool detaches_utility_actors() const override { return false; }

  void enqueue(caf::resumable* job) override;
  /// Runs one runnable actor, picked at random, for one event. False: none is runnable.
  bool step();
  void run_until(VirtualClock::time_point end);

  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 protected:
  void start() override;
  void stop() override;

 private:
  struct Unit final : caf::execution_unit {
    explicit Unit(SeededCoordinator* owner)
        : caf::execution_unit(&owner->system()), coordinator(owner) {}

    void exec_later(caf::resumable* job) override { coordinator->enqueue(job); }

    SeededCoordinator* coordinator;
  };

  VirtualClock clock_;
  Unit unit_;
  Random random_{1};
  std::uint64_t steps_ = 0;
  std::thread::id owner_ = std::this_thread::get_id();
  std::vector<caf::resumable*> jobs_;
};

}  // namespace harka
