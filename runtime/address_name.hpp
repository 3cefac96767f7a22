// SPDX-License-Identifier: Apache-2.0
// How an actor is called in logs and listings: "replica/17".
#pragma once

#include "runtime/envelope.hpp"

#include <string>

namespace harka {

[[nodiscard]] inline std::string name_of(const Address& address) {
  return std::string(msg::name_of(address.kind)) + "/" + std::to_string(address.index);
}

}  // namespace harka
