// SPDX-License-Identifier: Apache-2.0
// What simulated clients understand of RESP.
#pragma once

#include "sim/violation.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace harka::sim {

/// The text of a bulk string; nothing for null.
[[nodiscard]] inline std::optional<std::string> bulk_of(std::string_view reply) {
  if (reply.rfind("$-1", 0) == 0 || reply.rfind("_", 0) == 0) return std::nullopt;
  const std::size_t line = reply.find("\r\n");
  if (reply.empty() || reply[0] != '$' || line == std::string_view::npos) {
    throw Violation(Broken::correctness, "a strange answer to GET: " + std::string(reply));
  }
  return std::string(reply.substr(line + 2, reply.size() - line - 4));
}

}  // namespace harka::sim
