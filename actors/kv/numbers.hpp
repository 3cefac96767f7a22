// SPDX-License-Identifier: Apache-2.0
// Numbers as Redis reads and prints them (util.c: string2ll, string2ld, ld2string).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace harka::kv {

/// Strict: no spaces, no plus, no leading zeros, nothing behind it, 64 bits.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);

/// What strtold takes whole, without a leading space; no NaN, no overflow or underflow.
[[nodiscard]] std::optional<long double> parse_float(std::string_view text);

/// Fixed notation, 17 digits after the point, without trailing zeros.
[[nodiscard]] std::string print_float(long double value);

}  // namespace harka::kv
