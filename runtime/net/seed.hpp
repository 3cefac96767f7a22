// SPDX-License-Identifier: Apache-2.0
// How a machine addresses a node of which it knows only host:port: by an alias, a node id made from
// that text. Links deliver what is sent to an alias to the node that answers there. No KJ here.
#pragma once

#include "base/ids.hpp"

#include <string_view>

namespace harka::net {

/// FNV-1a with a mark in the high bits. Never none; meaningless to any other node.
[[nodiscard]] constexpr NodeId seed_alias(std::string_view host_port) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : host_port) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return NodeId{(hash & 0x0000FFFFFFFFFFFFULL) | 0x5EED000000000000ULL};
}

}  // namespace harka::net
