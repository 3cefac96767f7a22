// SPDX-License-Identifier: Apache-2.0
#include "sim/reply.hpp"

#include "base/numbers.hpp"
#include "sim/violation.hpp"

namespace harka::sim {

namespace {

[[noreturn]] void fail(const char* what, std::string_view reply) {
  throw Violation(
      Broken::correctness,
      "a strange answer, where there should be " + std::string(what) + ": " + std::string(reply));
}

/// The number behind a type's letter; takes its line off the front.
std::optional<std::int64_t> take_number(std::string_view& reply) {
  const std::size_t line = reply.find("\r\n");
  if (line == std::string_view::npos || line == 0) return std::nullopt;
  const auto number = number_of<std::int64_t>(reply.substr(1, line - 1));
  reply.remove_prefix(line + 2);
  return number;
}

/// Takes a bulk string off the front.
std::optional<std::string> take_bulk(std::string_view& rest, std::string_view whole) {
  if (rest.starts_with("_\r\n")) {
    rest.remove_prefix(3);
    return std::nullopt;
  }
  const bool is_bulk = rest.starts_with("$");
  const std::optional<std::int64_t> length = take_number(rest);
  if (!is_bulk || !length || *length < -1) fail("a text", whole);
  if (*length == -1) return std::nullopt;
  const auto bytes = static_cast<std::size_t>(*length);
  if (rest.size() < bytes + 2) fail("a text", whole);
  std::string text(rest.substr(0, bytes));
  rest.remove_prefix(bytes + 2);
  return text;
}

}  // namespace

std::optional<std::string> bulk_of(std::string_view reply) {
  std::string_view rest = reply;
  std::optional<std::string> text = take_bulk(rest, reply);
  if (!rest.empty()) fail("a text", reply);
  return text;
}

std::vector<std::optional<std::string>> array_of(std::string_view reply) {
  std::string_view rest = reply;
  const bool is_array = reply.starts_with("*");
  const std::optional<std::int64_t> count = take_number(rest);
  if (!is_array || !count) fail("an array", reply);
  std::vector<std::optional<std::string>> values;
  for (std::int64_t i = 0; i < *count; ++i) values.push_back(take_bulk(rest, reply));
  if (!rest.empty()) fail("an array", reply);
  return values;
}

std::uint64_t integer_of(std::string_view reply) {
  std::string_view rest = reply;
  const std::optional<std::int64_t> number = take_number(rest);
  if (!reply.starts_with(":") || !number || *number < 0 || !rest.empty()) fail("a number", reply);
  return static_cast<std::uint64_t>(*number);
}

void expect_ok(std::string_view reply) {
  if (reply != "+OK\r\n") fail("OK", reply);
}

}  // namespace harka::sim
