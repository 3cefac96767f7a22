// SPDX-License-Identifier: Apache-2.0
// The TOML file of a node. A value must have the type that `harka config reference` shows, so that
// a slip of the pen is not taken for something else.
#pragma once

#include "apps/config.hpp"

#include <string>

namespace harka::apps {

/// Reads a TOML file over `config` as far as it is right. Each mistake begins with
/// file:line:column.
[[nodiscard]] Mistakes load_config(const std::string& path, Config& config);

}  // namespace harka::apps
