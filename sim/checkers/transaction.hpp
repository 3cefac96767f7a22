// SPDX-License-Identifier: Apache-2.0
// One transaction on lists as a client saw it, for the cycle check: it appends values and reads
// whole lists, and takes effect at once or not at all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace harka::sim {

struct ListAct {
  std::string key;
  std::optional<std::string> appended;           // nothing: a read
  std::optional<std::vector<std::string>> seen;  // by a read; nothing: the answer is unknown
};

struct Transaction {
  enum class Outcome : std::uint8_t { committed, aborted, unknown };
  std::uint32_t client = 0;
  Outcome outcome = Outcome::committed;
  std::int64_t start = 0;
  std::optional<std::int64_t> end;  // nothing: the outcome is unknown
  std::vector<ListAct> acts;        // in order
};

}  // namespace harka::sim
