// SPDX-License-Identifier: Apache-2.0
// Whether a process could listen at an address now, asked before anything else is done there.
#pragma once

#include "base/result.hpp"

#include <string>

namespace harka::apps {

/// Listens for a moment at host:port. io_failed: the address, the system's words and, where that
/// can be found out, who has the port. `whom` ("clients") is only for the words.
[[nodiscard]] Result<void> check_listening(const std::string& whom, const std::string& address);

}  // namespace harka::apps
