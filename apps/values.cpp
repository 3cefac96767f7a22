// SPDX-License-Identifier: Apache-2.0
#include "apps/values.hpp"

#include "base/numbers.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace harka::apps {

namespace {

Error invalid(std::string text) {
  return Error{Code::invalid_argument, std::move(text)};
}

}  // namespace

Result<std::uint64_t> parse_number(std::string_view text) {
  const std::optional<std::uint64_t> number = number_of<std::uint64_t>(text);
  if (!number) return invalid("'" + std::string(text) + "' is not a whole number");
  return *number;
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t factor = 1;
  std::string_view digits = text;
  for (const auto& [suffix, value] :
       {std::pair<std::string_view, std::uint64_t>{"KiB", 1ULL << 10},
        {"MiB", 1ULL << 20},
        {"GiB", 1ULL << 30}}) {
    if (!text.ends_with(suffix)) continue;
    factor = value;
    digits.remove_suffix(suffix.size());
  }
  const Result<std::uint64_t> number = parse_number(digits);
  if (!number.ok() || number.value() > ~0ULL / factor) {
    return invalid("'" + std::string(text) + "' is not a size such as 64MiB");
  }
  return number.value() * factor;
}

Result<Duration> parse_duration(std::string_view text) {
  const bool is_millis = text.ends_with("ms");
  const bool has_unit = is_millis || text.ends_with("s");
  const std::string_view digits = text.substr(0, text.size() - (is_millis ? 2 : has_unit ? 1 : 0));
  const Result<std::uint64_t> number = parse_number(digits);
  const std::uint64_t count_max = is_millis ? 86'400'000 : 86'400;
  if (!has_unit || !number.ok() || number.value() > count_max) {
    return invalid("'" + std::string(text) + "' is not a duration such as 250ms or 3s");
  }
  const auto count = static_cast<std::int64_t>(number.value());
  return is_millis ? Duration(std::chrono::milliseconds(count))
                   : Duration(std::chrono::seconds(count));
}

std::string print_duration(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) +
         "ms";
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += between;
    text += part;
  }
  return text;
}

Result<std::string> read_first_line(const std::string& path) {
  std::ifstream file(path);
  if (!file) return invalid(path + " cannot be read: " + std::strerror(errno));
  std::string line;
  std::getline(file, line);
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return invalid(path + " holds nothing in its first line");
  return line;
}

Result<HostPort> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return invalid("'" + std::string(text) + "' is not host:port");
  }
  Result<std::uint64_t> port = parse_number(text.substr(colon + 1));
  if (!port.ok() || port.value() == 0 || port.value() > 65535) {
    return invalid("'" + std::string(text) + "' has no port from 1 to 65535");
  }
  std::string_view host = text.substr(0, colon);
  const bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (has_brackets) host = host.substr(1, host.size() - 2);
  if (!has_brackets && host.find(':') != std::string_view::npos) {
    return invalid(
        "'" + std::string(text) + "' needs brackets around its IPv6 address: [::1]:7401");
  }
  return HostPort{std::string(host), static_cast<std::uint16_t>(port.value())};
}

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  const std::string text(host);
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6) != 0;
  in_addr v4{};
  return ::inet_pton(AF_INET, text.c_str(), &v4) == 1 && ntohl(v4.s_addr) >> 24U == 127;
}

bool is_wildcard(std::string_view host) {
  return host == "0.0.0.0" || host == "::" || host == "*";
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = 3;  // further away is no typing mistake
  for (const std::string& candidate : known) {
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j < row.size(); ++j) {
        const std::size_t above = row[j];
        row[j] = std::min(
            {row[j] + 1, row[j - 1] + 1, diagonal + (word[i - 1] == candidate[j - 1] ? 0U : 1U)});
        diagonal = above;
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace harka::apps
