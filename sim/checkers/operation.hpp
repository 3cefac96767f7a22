// SPDX-License-Identifier: Apache-2.0
// One operation on a register as a client saw it, for the checkers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace harka::sim {

enum class Act : std::uint8_t {
  read,
  write,
  compare_and_set,  // that found what it expected, and wrote
  mismatch          // a compare-and-set that was refused: the key did not hold what it expected
};

struct Operation {
  std::string key;
  Act act = Act::read;
  std::optional<std::string> value;  // written, or read; nothing: the key was absent
  std::int64_t start = 0;
  std::optional<std::int64_t> end;      // nothing: the outcome is unknown
  std::optional<std::string> expected;  // of compare_and_set and mismatch
  std::uint32_t client = 0;

  [[nodiscard]] bool changes() const { return act == Act::write || act == Act::compare_and_set; }
};

enum class Verdict : std::uint8_t { linearizable, violated, undecided };

}  // namespace harka::sim
