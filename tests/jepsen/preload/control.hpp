// SPDX-License-Identifier: Apache-2.0
// What the nemesis tells a running node: a file that both map. Everything is read at each call, so
// a fault begins and ends while the node runs.
#pragma once

#include <atomic>
#include <cstdint>

namespace harka::jepsen {

struct Control {
  std::atomic<std::int64_t> clock_offset;  // nanoseconds, added to the wall clock
  std::atomic<std::int64_t> sync_error;    // errno of each fsync and fdatasync; 0: none
  std::atomic<std::int64_t> write_error;   // errno of what writes or makes a file longer; 0: none
  std::atomic<std::int64_t> sync_delay;    // microseconds before each sync
  std::atomic<std::int64_t> failed_count;  // calls that were made to fail, for the harness
};

static_assert(std::atomic<std::int64_t>::is_always_lock_free);
static_assert(sizeof(Control) == 40, "jepsen/disks_lib.py writes it");

/// The mapped file that HARKA_FAULT_CONTROL names; without one, no faults.
[[nodiscard]] Control& control();

/// True when the call has to fail; errno is set.
[[nodiscard]] bool must_fail(const std::atomic<std::int64_t>& error);

}  // namespace harka::jepsen
