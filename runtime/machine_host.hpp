// SPDX-License-Identifier: Apache-2.0
// Hosts one machine on whatever thread calls it: gives it turns and carries out their effects. The
// CAF shell wraps it, and the gateway's loop hosts its router with it. Not thread-safe: one thread
// at a time.
//
// This is where exceptions end: a turn that throws has no effects, the machine is over, and the
// text is kept in `ending`.
#pragma once

#include "runtime/directory.hpp"
#include "runtime/machine.hpp"
#include "runtime/registry.hpp"
#include "runtime/timer_set.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace harka {

/// Read once for each turn.
struct HostTime {
  Instant now;
  WallTime wall = 0;
  /// Of the system's clocks.
  [[nodiscard]] static HostTime read();
};

/// Carries out the effects that concern other actors' lives.
class ChildKeeper {
 public:
  virtual ~ChildKeeper() = default;
  virtual void spawn(const effect::Spawn& spawn) = 0;
  virtual void kill(const effect::Kill& kill) = 0;
};

class MachineHost {
 public:
  struct Options {
    Address self;
    std::uint64_t seed = 0;
    ChildKeeper* children = nullptr;      // null: a machine that spawns is a bug
    std::shared_ptr<ActorRecord> record;  // shared with the registry; null: nobody counts
  };

  struct Ending {
    bool is_normal = true;
    std::string reason;
  };

  /// `directory` outlives the host.
  MachineHost(MachinePtr machine, Directory& directory, Options options);
  MachineHost(const MachineHost&) = delete;
  MachineHost& operator=(const MachineHost&) = delete;

  // Each is a turn, or nothing once the machine has ended.
  void start(const HostTime& time);
  void deliver(const Envelope& envelope, const HostTime& time);
  /// All that are due; a turn each.
  void fire_timers(const HostTime& time);

  /// When to call `fire_timers` next.
  [[nodiscard]] std::optional<Instant> next_due() const { return timers_.next_due(); }

  /// Set once the machine stopped itself or threw.
  [[nodiscard]] const std::optional<Ending>& ending() const { return ending_; }

  /// Tells the record what the machine says of itself; one that throws is over.
  void refresh_description();

 private:
  template <typename Act>
  void run_turn(const Envelope* cause, const HostTime& time, const Act& act);
  void carry_out(const HostTime& time);
  void carry_out(effect::Send& send, const HostTime& time);
  void carry_out(const effect::SetTimer& set, const HostTime& time);
  void carry_out(const effect::CancelTimer& cancel, const HostTime& time);
  void carry_out(const effect::Spawn& spawn, const HostTime& time);
  void carry_out(const effect::Kill& kill, const HostTime& time);
  void carry_out(const effect::StopSelf& stop, const HostTime& time);
  void carry_out(const effect::Note& note, const HostTime& time);

  MachinePtr machine_;
  Directory& directory_;
  Options options_;
  Random random_;
  TimerSet timers_;
  std::vector<Effect> effects_;  // of the turn that runs; kept for its capacity
  std::optional<Ending> ending_;
  Instant described_at_;
};

}  // namespace harka
