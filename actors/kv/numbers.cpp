// SPDX-License-Identifier: Apache-2.0
// Replicas must agree on INCRBYFLOAT: long double has 64 bits of mantissa on x86-64; a cluster must
// not mix it with machines where it is a different format.
#include "actors/kv/numbers.hpp"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace harka::kv {

namespace {

constexpr std::size_t float_text_max = 5 * 1024;  // Redis's MAX_LONG_DOUBLE_CHARS

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || digits.front() < '0' || digits.front() > '9') return std::nullopt;
  if (digits.front() == '0' && text.size() != 1) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<long double> parse_float(std::string_view text) {
  if (text.empty() || text.size() >= float_text_max) return std::nullopt;
  const std::string copy(text);  // strtold needs an end
  const char first = copy.front();
  if (first == ' ' || (first >= '\t' && first <= '\r')) return std::nullopt;
  char* end = nullptr;
  errno = 0;
  const long double value = std::strtold(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size() || errno == EINVAL || std::isnan(value))
    return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || std::fpclassify(value) == FP_ZERO)) {
    return std::nullopt;
  }
  return value;
}

std::string print_float(long double value) {
  char text[float_text_max];
  const int length = std::snprintf(text, sizeof text, "%.17Lf", value);
  std::string printed(text, static_cast<std::size_t>(length));
  if (printed.find('.') != std::string::npos) {
    printed.erase(printed.find_last_not_of('0') + 1);
    if (printed.back() == '.') printed.pop_back();
  }
  return printed == "-0" ? "0" : printed;
}

}  // namespace harka::kv
