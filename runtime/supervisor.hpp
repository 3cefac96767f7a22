// SPDX-License-Identifier: Apache-2.0
// OTP's supervisor as a component of a machine: starts children in order, restarts them by policy,
// stops them in reverse, and gives up when restarts exceed the budget, so that its own supervisor
// decides.
//
// It acts through the turn alone (spawn, kill, send, one timer, stop_self). The machine around it
// passes on what it does not know itself; `SupervisorMachine` below is that machine and nothing
// else. Children added while running are dynamic: they are stopped all at once, before the fixed
// ones.
#pragma once

#include "runtime/machine.hpp"
#include "runtime/restart_policy.hpp"

#include <optional>
#include <string>
#include <vector>

namespace harka {

class Supervisor {
 public:
  static constexpr TimerId default_timer = 0x53550000;

  /// `timer` is the one timer id of the machine around it that the supervisor uses.
  explicit Supervisor(const ChildSpec& own, TimerId timer = default_timer);

  void start(Turn& turn);
  /// True if the message was the supervisor's: ChildExited, RestartChild, StopChild.
  bool receive(const Envelope& envelope, Turn& turn);
  /// True if the timer was the supervisor's.
  bool on_timer(TimerId timer, Turn& turn);

  /// Starts a child. False while shutting down or when it is there already. One that is still
  /// stopping after `remove_child` starts again after its exit.
  bool add_child(const ChildSpec& spec, Turn& turn);
  /// Stops a child (StopChild, then a kill after its budget) and forgets it.
  void remove_child(const Address& address, Turn& turn);
  /// Stops all children, then the machine; with a reason the machine fails.
  void shut_down(const std::string& reason, Turn& turn);

  /// Known and not being removed; it may be between two incarnations.
  [[nodiscard]] bool has_child(const Address& address) const;
  [[nodiscard]] bool is_running(const Address& address) const;

  [[nodiscard]] bool is_shutting_down() const { return is_shutting_down_; }

  [[nodiscard]] std::string describe() const;

 private:
  enum class Phase : std::uint8_t { waiting, running, stopping, down };

  struct Child {
    ChildSpec spec;
    Phase phase = Phase::waiting;
    bool is_dynamic = false;
    bool must_stop = false;        // in an ordered stop, until its exit
    bool is_removed = false;       // forgotten after its exit
    bool is_wanted_again = false;  // starts again after its exit, whatever its type
    std::uint64_t instance = 0;
    std::optional<Instant> due{};  // waiting: when it starts; stopping: when it is killed
    RestartPolicy::History history{};
  };

  void on(const msg::ChildExited& exited, Turn& turn);
  void on(const msg::RestartChild& request, Turn& turn);
  void restart_group(std::size_t failed, Duration delay, Turn& turn);
  /// Does what is due and arms the timer for what is next.
  void advance(Turn& turn);
  void stop_next(Turn& turn);
  void stop_child(Child& child, Turn& turn);
  void start_due(Turn& turn);
  void arm_timer(Turn& turn);
  [[nodiscard]] bool has_living() const;
  [[nodiscard]] std::vector<Child>::iterator find(const Address& address);
  [[nodiscard]] std::vector<Child>::const_iterator find(const Address& address) const;

  RestartPolicy policy_;
  TimerId timer_;
  std::vector<Child> children_;  // in start order, fixed before dynamic
  std::uint64_t instance_last_ = 0;
  std::uint64_t restart_count_ = 0;
  Instant group_due_;  // when a group that is being stopped starts again
  bool is_shutting_down_ = false;
  std::string shutdown_reason_;
};

class SupervisorMachine final : public Machine {
 public:
  explicit SupervisorMachine(const ChildSpec& own) : supervisor_(own) {}

  void start(Turn& turn) override { supervisor_.start(turn); }

  void receive(const Envelope& envelope, Turn& turn) override;

  void on_timer(TimerId timer, Turn& turn) override { (void)supervisor_.on_timer(timer, turn); }

  [[nodiscard]] std::string describe() const override { return supervisor_.describe(); }

 private:
  Supervisor supervisor_;
};

}  // namespace harka
