// SPDX-License-Identifier: Apache-2.0
// Case-insensitive words, as Redis compares options and subcommands.
#pragma once

#include <string>
#include <string_view>

namespace harka::gateway {

[[nodiscard]] constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// `lowered` is in lower case.
[[nodiscard]] constexpr bool is_word(std::string_view given, std::string_view lowered) {
  if (given.size() != lowered.size()) return false;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (lower(given[i]) != lowered[i]) return false;
  }
  return true;
}

[[nodiscard]] inline std::string upper(std::string_view text) {
  std::string raised(text);
  for (char& c : raised) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return raised;
}

}  // namespace harka::gateway
