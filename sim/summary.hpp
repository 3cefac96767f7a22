// SPDX-License-Identifier: Apache-2.0
// One line about what a message says, for people.
#pragma once

#include "schemas/messages.hpp"

#include <string>

namespace harka::sim {

/// Empty for those whose name says all.
[[nodiscard]] std::string summary_of(const msg::Message& message);

}  // namespace harka::sim
