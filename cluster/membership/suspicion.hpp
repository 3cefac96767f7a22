// SPDX-License-Identifier: Apache-2.0
// Lifeguard's suspicion timer: a suspicion that nobody else shares lasts long, because it may be
// the suspecting node that is slow; each independent confirmation shortens it logarithmically.
// Lifeguard, section IV-B; hashicorp/memberlist suspicion.go.
#pragma once

#include "base/time.hpp"
#include "cluster/membership/options.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>

namespace harka::membership {

class Suspicion {
 public:
  /// `members`: the number of living members, this node included.
  Suspicion(const Options& options, std::size_t members, Instant now, std::uint64_t accuser)
      : started_(now), accusers_{accuser} {
    const double scale =
        std::max(1.0, std::log10(static_cast<double>(std::max<std::size_t>(members, 1))));
    const auto wanted = std::chrono::duration_cast<Duration>(
        options.probe_interval * (options.suspicion_multiplier * scale));
    min_ = std::min(wanted, options.suspicion_cap);
    max_ = std::chrono::duration_cast<Duration>(min_ * options.suspicion_max_ratio);
    // Too few others to ever confirm: the suspect and this node do not count.
    wanted_ = members < options.confirmations_wanted + 2 ? 0 : options.confirmations_wanted;
  }

  /// True if this is a new voice that shortens the timer.
  bool confirm(std::uint64_t accuser) {
    return accusers_.size() <= wanted_ && accusers_.insert(accuser).second;
  }

  [[nodiscard]] Instant deadline() const {
    if (wanted_ == 0) return started_ + min_;
    const double confirmed = static_cast<double>(accusers_.size() - 1);
    const double ratio = std::log(confirmed + 1.0) / std::log(static_cast<double>(wanted_) + 1.0);
    const auto saved = std::chrono::duration_cast<Duration>((max_ - min_) * ratio);
    return started_ + std::max(min_, max_ - saved);
  }

 private:
  Instant started_;
  std::set<std::uint64_t> accusers_;
  Duration min_{};
  Duration max_{};
  std::size_t wanted_ = 0;
};

}  // namespace harka::membership
