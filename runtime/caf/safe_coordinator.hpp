// SPDX-License-Identifier: Apache-2.0
// CAF's work-sharing scheduler with a clock that cannot deadlock and few wake-ups (frugal_sharing).
//
// The clock of CAF 0.17.6 drains a 64-slot ring. When its own thread drops the last reference to a
// living actor, that actor's cleanup pushes onto the same ring, and if it is full the clock waits
// for itself for ever: no timer of the process fires again. Here producers still wait when the
// inbox is full, but the clock thread never does. Due timers are also fired after every batch of
// commands, not only when no command is waiting. Same events and handlers otherwise.
//
// Work sharing, not stealing: stealing workers poll (50 µs … 10 ms), and every message from outside
// (network, gateway, timer) would pay that.
#pragma once

#include "runtime/caf/frugal_sharing.hpp"

#include <caf/actor_system.hpp>
#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/detail/type_list.hpp>
#include <caf/scheduler/coordinator.hpp>

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace harka {

class SafeClock final : public caf::detail::thread_safe_actor_clock {
 public:
  void set_ordinary_timeout(
      time_point due, caf::abstract_actor* actor, caf::atom_value type, std::uint64_t id) override;
  void set_request_timeout(time_point due, caf::abstract_actor* actor, caf::message_id id) override;
  void set_multi_timeout(
      time_point due, caf::abstract_actor* actor, caf::atom_value type, std::uint64_t id) override;
  void cancel_ordinary_timeout(caf::abstract_actor* actor, caf::atom_value type) override;
  void cancel_request_timeout(caf::abstract_actor* actor, caf::message_id id) override;
  void cancel_timeouts(caf::abstract_actor* actor) override;
  void schedule_message(
      time_point due, caf::strong_actor_ptr receiver, caf::mailbox_element_ptr content) override;
  void schedule_message(
      time_point due,
      caf::group target,
      caf::strong_actor_ptr sender,
      caf::message content) override;
  void cancel_all() override;

  void start_thread();
  void stop_thread();

 private:
  static constexpr std::size_t inbox_max = 1024;

  /// With the time at which it is due, or the earliest one if it must be handled at once.
  void put(event* entry, time_point due = time_point::min());
  void run();
  /// False: it was the shutdown.
  bool handle_command(unique_event_ptr& entry);
  template <typename Timeout>
  void add(unique_event_ptr& entry);

  std::mutex mutex_;
  std::condition_variable called_;
  std::condition_variable not_full_;
  std::vector<unique_event_ptr> inbox_;
  time_point sleeps_until_ = time_point::max();  // max as well: it is awake
  bool is_called_ = false;                       // before that time
  std::thread thread_;
};

class SafeCoordinator final : public caf::scheduler::coordinator<FrugalSharing> {
 public:
  using super = caf::scheduler::coordinator<FrugalSharing>;
  using super::super;

  /// The hook that actor_system_config::load looks for.
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new SafeCoordinator(system);
  }

  caf::detail::thread_safe_actor_clock& clock() noexcept override { return safe_clock_; }

 protected:
  void start() override;
  void stop() override;

 private:
  SafeClock safe_clock_;
};

}  // namespace harka
