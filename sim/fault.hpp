// SPDX-License-Identifier: Apache-2.0
// A fault as data: when, what, whom, how long. The faults of a run are a list, drawn from its seed
// or read from a file, so any of them can be left out while the others stay what they were.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace harka::sim {

/// What `others`, `lasts` and `amount` mean is said behind each; those not named are not used.
enum class FaultKind : std::uint8_t {
  // Processes.
  crash,       // lasts: until it starts again; amount: a CrashLoss
  storm,       // amount: how often it crashes, evenly in `lasts`
  power_loss,  // of the whole cluster. lasts: until the last node is back; amount: a CrashLoss
  pause,       // lasts
  slow_cpu,    // lasts; amount: microseconds at most before each turn
  // Links.
  partition,  // others: one side; lasts
  isolate,    // lasts
  bridge,     // others: do not hear the target, nor it them, while all others hear both; lasts
  cut_out,    // others: do not hear the target; lasts
  cut_in,     // others: are not heard by the target; lasts
  clog,       // others: get what the target sends in `lasts` only afterwards
  swizzle,    // others: clogged one after the other and freed in another order; lasts
  reset,      // others: what is under way between them and the target is lost
  narrow,     // others: get at most `amount` bytes a second from the target; lasts
  // Disks.
  slow_disk,   // lasts; amount: milliseconds that a flush takes at least
  full_disk,   // lasts
  sync_error,  // the next sync fails, which ends the node; lasts: until it starts again
  rot,         // a byte of the log flips; amount: which
  misplace,    // a sector of the log gets the bytes of another one; amount: which
  replace,     // removed from its groups; then it comes back as a new node with an empty disk
  // Actors. amount: which of them.
  kill_actor,
  stall_actor,  // takes no turn; lasts
  overflow,     // its mailbox refuses what may be refused; lasts
  // Clocks.
  clock_step,  // amount: milliseconds that the wall clock jumps
  // What operators do.
  transfer,  // of leadership; amount: to which node, 0: any
  change,    // others: the new voters; amount: a learner, 0: none
  // Later ones, behind the others so that seeds draw what they drew.
  kill_often,  // an actor, again and again for `lasts`; amount: which
  heal         // all links, nodes and disks work again; no seed draws it
};

inline constexpr std::size_t fault_kinds = static_cast<std::size_t>(FaultKind::heal) + 1;

/// A node, or whoever leads a shard then.
struct Target {
  bool is_leader = false;
  std::uint32_t number = 0;  // of the node, from 1; or of the shard, from 0
  friend bool operator==(const Target&, const Target&) = default;
};

struct Fault {
  Duration at{};  // after the faults begin
  FaultKind kind = FaultKind::crash;
  Target target;
  std::vector<std::uint32_t> others;  // nodes, from 1
  Duration lasts{};
  std::int64_t amount = 0;
  friend bool operator==(const Fault&, const Fault&) = default;
};

[[nodiscard]] std::string_view name_of(FaultKind kind);

/// One line: `3.2s crash leader 0 others 1,2 for 1.5s amount 1`; parts that are not used are left
/// out.
[[nodiscard]] std::string text_of(const Fault& fault);
/// invalid_argument says what is wrong with the line.
[[nodiscard]] Result<Fault> fault_of(std::string_view line);

/// Exact to the nanosecond: `0.0025s`.
[[nodiscard]] std::string text_of(Duration time);
[[nodiscard]] Result<Duration> duration_of(std::string_view text);

}  // namespace harka::sim
