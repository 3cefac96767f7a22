// SPDX-License-Identifier: Apache-2.0
// What simulated clients understand of RESP. What they do not is a Violation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harka::sim {

/// The text of a bulk string; nothing for null.
[[nodiscard]] std::optional<std::string> bulk_of(std::string_view reply);
/// Of bulk strings.
[[nodiscard]] std::vector<std::optional<std::string>> array_of(std::string_view reply);
/// Of what counts or measures.
[[nodiscard]] std::uint64_t integer_of(std::string_view reply);
void expect_ok(std::string_view reply);

}  // namespace harka::sim
