// SPDX-License-Identifier: Apache-2.0
#include "gateway/glob.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace harka::gateway {

namespace {

/// Matches one character against the class behind '['. Moves `at` behind the class.
bool class_matches(std::string_view pattern, std::size_t& at, char c) {
  const bool is_negated = at < pattern.size() && pattern[at] == '^';
  if (is_negated) ++at;
  bool is_in = false;
  for (;; ++at) {
    if (at >= pattern.size()) break;  // an open class ends with the pattern
    if (pattern[at] == ']') {
      ++at;
      break;
    }
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      ++at;
      is_in = is_in || pattern[at] == c;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      const auto [low, high] = std::minmax(pattern[at], pattern[at + 2]);
      is_in = is_in || (c >= low && c <= high);
      at += 2;
    } else {
      is_in = is_in || pattern[at] == c;
    }
  }
  return is_in != is_negated;
}

/// Matches the one element of the pattern at `at`, which is not a star, and moves behind it.
bool element_matches(std::string_view pattern, std::size_t& at, char c) {
  const char p = pattern[at++];
  if (p == '?') return true;
  if (p == '[') return class_matches(pattern, at, c);
  if (p == '\\' && at < pattern.size()) return pattern[at++] == c;
  return p == c;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::optional<std::pair<std::size_t, std::size_t>> star;  // behind it: pattern, text
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star.emplace(++p, t);
      continue;
    }
    if (p < pattern.size() && element_matches(pattern, p, text[t])) {
      ++t;
      continue;
    }
    if (!star) return false;
    p = star->first;
    t = ++star->second;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace harka::gateway
