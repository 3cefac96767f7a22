// SPDX-License-Identifier: Apache-2.0
// A node's id is made from its name, here and nowhere else. So whoever proves the name, as a
// certificate does, proves the id, and links refuse one that does not belong to it.
#pragma once

#include "base/ids.hpp"

#include <string_view>

namespace harka {

/// FNV-1a, never none. On disk and on the wire: never change it.
[[nodiscard]] constexpr NodeId node_id_of(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return NodeId{hash == 0 ? 1 : hash};
}

}  // namespace harka
