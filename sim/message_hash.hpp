// SPDX-License-Identifier: Apache-2.0
// A number for a message: its kind and the fields that most messages have. Cheap enough for every
// delivery; any nondeterminism reaches one of these fields within a few messages.
#pragma once

#include "schemas/messages.hpp"

#include <cstdint>
#include <string_view>
#include <variant>

namespace harka::sim {

[[nodiscard]] inline std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash ^= value + 0x9e3779b97f4a7c15ULL + (hash << 6U) + (hash >> 2U);
  return hash * 0xff51afd7ed558ccdULL;
}

[[nodiscard]] inline std::uint64_t hash_bytes(std::string_view bytes) {
  std::uint64_t hash = bytes.size();
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

[[nodiscard]] inline std::uint64_t hash_of(const msg::Message& message) {
  std::uint64_t hash = message.index();
  std::visit(
      [&hash](const auto& m) {
        if constexpr (requires { mix(0, m.group); }) hash = mix(hash, m.group);
        if constexpr (requires { mix(0, m.term); }) hash = mix(hash, m.term);
        if constexpr (requires { mix(0, m.index); }) hash = mix(hash, m.index);
        if constexpr (requires { mix(0, m.ticket); }) hash = mix(hash, m.ticket);
        if constexpr (requires { mix(0, m.commit); }) hash = mix(hash, m.commit);
        if constexpr (requires { mix(0, m.prev_index); }) hash = mix(hash, m.prev_index);
        if constexpr (requires { mix(0, m.last_index); }) hash = mix(hash, m.last_index);
        if constexpr (requires { mix(0, m.sequence); }) hash = mix(hash, m.sequence);
        if constexpr (requires { mix(0, m.session); }) hash = mix(hash, m.session);
        if constexpr (requires { mix(0, m.applied_index); }) hash = mix(hash, m.applied_index);
        if constexpr (requires { m.entries.size(); }) hash = mix(hash, m.entries.size());
        if constexpr (requires { m.gossip.size(); }) hash = mix(hash, m.gossip.size());
        if constexpr (requires { hash_bytes(m.commands.view()); }) {
          hash = mix(hash, hash_bytes(m.commands.view()));
        }
        if constexpr (requires { hash_bytes(m.replies.view()); }) {
          hash = mix(hash, hash_bytes(m.replies.view()));
        }
      },
      message);
  return hash;
}

}  // namespace harka::sim
