// SPDX-License-Identifier: Apache-2.0
// A read or a write that somebody at the shell asks for, as data like a fault: it goes to the
// leader of a shard at its time, once, outside of all sessions.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace harka::sim {

struct Ask {
  Duration at{};  // after the faults begin
  std::string key;
  std::string value;
  bool is_write = false;
  std::uint32_t shard = 0;
  friend bool operator==(const Ask&, const Ask&) = default;
};

/// `1.5s set KEY VALUE shard 2`, `2s get KEY`.
[[nodiscard]] std::string text_of(const Ask& ask);
/// `words` behind the time. invalid_argument says what is wrong with them.
[[nodiscard]] Result<Ask> ask_of(std::string_view at, const std::vector<std::string>& words);
[[nodiscard]] Result<Ask> ask_of(std::string_view line);
/// As a shard takes it.
[[nodiscard]] std::string commands_of(const Ask& ask);

}  // namespace harka::sim
