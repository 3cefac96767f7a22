// SPDX-License-Identifier: Apache-2.0
// Whether settings that are right one by one fit together, to the files they name, and are safe.
#pragma once

#include "apps/config.hpp"

#include <optional>
#include <string>

namespace harka::apps {

/// Everything that is wrong: addresses parse and differ, files can be read, a key fits its
/// certificate, which peers would accept, and nothing listens beyond loopback without TLS and a
/// password. Touches no data and binds no port.
[[nodiscard]] Mistakes check_config(const Config& config);

/// Why there can be no log file of that name; a failure of its own, as the settings may be right.
[[nodiscard]] std::optional<std::string> check_log_file(const std::string& path);

}  // namespace harka::apps
