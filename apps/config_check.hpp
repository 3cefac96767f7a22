// SPDX-License-Identifier: Apache-2.0
// Whether settings that are right one by one fit together, to the files they name, and are safe.
#pragma once

#include "apps/config.hpp"

namespace harka::apps {

/// Everything that is wrong: addresses parse and differ, files can be read, a key fits its
/// certificate, which peers would accept, and nothing listens beyond loopback without TLS and a
/// password. Touches no data and binds no port.
[[nodiscard]] Mistakes check_config(const Config& config);

}  // namespace harka::apps
