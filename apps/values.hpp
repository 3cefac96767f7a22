// SPDX-License-Identifier: Apache-2.0
// Values as people write them: numbers, sizes, durations, host:port; and the nearest known word for
// what nobody knows. An error is the end of a sentence that begins with the value's name.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace harka::apps {

[[nodiscard]] Result<std::uint64_t> parse_number(std::string_view text);
/// 4096, 64KiB, 64MiB, 1GiB.
[[nodiscard]] Result<std::uint64_t> parse_bytes(std::string_view text);
/// 250ms, 3s; at most a day.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
[[nodiscard]] std::string print_duration(Duration duration);

[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view between);

/// A secret in a file: its first line without the line's end, CR LF too. The error names the path.
[[nodiscard]] Result<std::string> read_first_line(const std::string& path);

struct HostPort {
  std::string host;  // an IPv6 address without its brackets
  std::uint16_t port = 0;
};

/// n1.example:7401, 10.0.0.1:7401, [::1]:7401.
[[nodiscard]] Result<HostPort> parse_address(std::string_view text);
/// An address of this machine alone, or localhost. Other names are not looked up.
[[nodiscard]] bool is_loopback(std::string_view host);
/// Every address of a machine: one may listen there, and nobody can connect to it.
[[nodiscard]] bool is_wildcard(std::string_view host);

/// The nearest known word, for "did you mean"; empty when nothing is near.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace harka::apps
