// SPDX-License-Identifier: Apache-2.0
// The words of a command line, sorted: flags, options with a value, and the rest.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harka::sim {

class Arguments {
 public:
  /// `words` without the command itself. invalid_argument for what is neither a flag nor an option.
  [[nodiscard]] static Result<Arguments> parse(
      const std::vector<std::string>& words,
      const std::vector<std::string_view>& flags,
      const std::vector<std::string_view>& options);

  [[nodiscard]] bool has(std::string_view flag) const { return given_.contains(flag); }

  [[nodiscard]] std::optional<std::string> value(std::string_view option) const;
  /// invalid_argument when it is there and no number.
  [[nodiscard]] Result<std::uint64_t> number(std::string_view option, std::uint64_t fallback) const;

  [[nodiscard]] const std::vector<std::string>& positional() const { return positional_; }

 private:
  std::map<std::string, std::string, std::less<>> given_;
  std::vector<std::string> positional_;
};

}  // namespace harka::sim
