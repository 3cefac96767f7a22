// SPDX-License-Identifier: Apache-2.0
// Time as machines see it. `Instant` is monotonic and only comparable within one run of one node;
// `WallTime` is milliseconds since the Unix epoch, what Redis's expiry commands speak.
#pragma once

#include <chrono>
#include <cstdint>

namespace harka {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

/// Tag clock: nobody can call now() on it, so machines cannot read time behind their Turn's back.
struct TurnClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<TurnClock>;
  static constexpr bool is_steady = true;
};

using Instant = TurnClock::time_point;

/// Milliseconds since the Unix epoch.
using WallTime = std::int64_t;

}  // namespace harka
