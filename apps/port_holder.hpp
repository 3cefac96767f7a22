// SPDX-License-Identifier: Apache-2.0
// Who holds a TCP port of this machine, for the message that says it is taken. From /proc alone:
// nothing is found for another user's process, or behind another network namespace.
#pragma once

#include <cstdint>
#include <string>

namespace harka::apps {

/// "process 4711 (redis-server)", or nothing when it cannot be found out.
[[nodiscard]] std::string holder_of_port(std::uint16_t port);

}  // namespace harka::apps
