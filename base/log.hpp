// SPDX-License-Identifier: Apache-2.0
// Logging for impure code (hosts, engines, apps). Machines do not log: they `note` (see turn.hpp).
// The only file that knows spdlog is log.cpp.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace harka::log {

enum class Level { trace, debug, info, warning, error, off };

struct Options {
  Level level = Level::info;
  std::string file;  // empty: stderr
  std::string node;  // printed with every line
};

/// Call once from main before the first line; without it, warnings and errors go to stderr. The
/// error says why the file cannot be written.
Result<void> configure(const Options& options);
void write(Level level, std::string_view component, std::string_view text);
[[nodiscard]] bool is_enabled(Level level);

inline void debug(std::string_view component, std::string_view text) {
  write(Level::debug, component, text);
}

inline void info(std::string_view component, std::string_view text) {
  write(Level::info, component, text);
}

inline void warning(std::string_view component, std::string_view text) {
  write(Level::warning, component, text);
}

inline void error(std::string_view component, std::string_view text) {
  write(Level::error, component, text);
}

}  // namespace harka::log
