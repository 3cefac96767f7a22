// SPDX-License-Identifier: Apache-2.0
#include "sim/command/arguments.hpp"

#include "base/numbers.hpp"

#include <algorithm>

namespace harka::sim {

namespace {

bool contains(const std::vector<std::string_view>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

Result<Arguments> Arguments::parse(
    const std::vector<std::string>& words,
    const std::vector<std::string_view>& flags,
    const std::vector<std::string_view>& options) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("-")) {
      arguments.positional_.push_back(word);
    } else if (contains(flags, word)) {
      arguments.given_[word] = "";
    } else if (!contains(options, word)) {
      return Error{Code::invalid_argument, "no such option: " + word};
    } else if (i + 1 == words.size()) {
      return Error{Code::invalid_argument, word + " needs a value"};
    } else {
      arguments.given_[word] = words[++i];
    }
  }
  return arguments;
}

std::optional<std::string> Arguments::value(std::string_view option) const {
  const auto found = given_.find(option);
  if (found == given_.end()) return std::nullopt;
  return found->second;
}

Result<std::uint64_t> Arguments::number(std::string_view option, std::uint64_t fallback) const {
  const std::optional<std::string> text = value(option);
  if (!text) return fallback;
  const std::optional<std::uint64_t> number = number_of<std::uint64_t>(*text);
  if (number) return *number;
  return Error{Code::invalid_argument, "not a value of " + std::string(option) + ": " + *text};
}

}  // namespace harka::sim
