// SPDX-License-Identifier: Apache-2.0
// A small seeded generator (splitmix64): the same seed gives the same numbers on every machine,
// which std:: distributions do not promise. Not for keys or tokens.
#pragma once

#include "base/assert.hpp"
#include "base/time.hpp"

#include <cstdint>

namespace harka {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  /// Uniform in [0, bound). `bound > 0`.
  std::uint64_t below(std::uint64_t bound) {
    ASSERT(bound > 0);
    return next() % bound;
  }

  /// Uniform in [low, high].
  Duration between(Duration low, Duration high) {
    ASSERT(low <= high);
    return low + Duration(static_cast<std::int64_t>(
                     below(static_cast<std::uint64_t>((high - low).count()) + 1)));
  }

  /// True with this probability, 0 … 1.
  bool chance(double probability) {
    return static_cast<double>(next() >> 11) * 0x1.0p-53 < probability;
  }

  /// An independent stream: deleting what one stream draws shifts nothing in another.
  [[nodiscard]] Random fork(std::uint64_t label) const {
    Random child(state_ ^ (label * 0xd1342543de82ef95ULL + 0x2545f4914f6cdd1dULL));
    (void)child.next();
    return child;
  }

 private:
  std::uint64_t state_;
};

}  // namespace harka
