// SPDX-License-Identifier: Apache-2.0
// A value as it lies in LMDB, which has no checksums of its own:
//   value | u32 crc of group and key | u32 crc of the value, going on from that
// A value that is found under a wrong key, in another group or with a flipped bit is not served.
// The key has a sum of its own, so that its neighbours can be checked cheaply when it is missed: a
// flipped key would otherwise look like a key that never was.
#pragma once

#include "base/ids.hpp"
#include "storage/checksum.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace harka::storage {

constexpr std::size_t seal_bytes = 8;

struct Seal {
  std::uint32_t key = 0;
  std::uint32_t value = 0;

  friend bool operator==(const Seal&, const Seal&) = default;
};

static_assert(sizeof(Seal) == seal_bytes);

[[nodiscard]] inline std::uint32_t key_seal_of(std::uint32_t group, std::string_view key) {
  return crc32c(key, group);
}

[[nodiscard]] inline Seal seal_of(
    std::uint32_t group, std::string_view key, std::string_view value) {
  const std::uint32_t of_key = key_seal_of(group, key);
  return Seal{of_key, crc32c(value, of_key)};
}

/// `to` has room for the value and its seal.
inline void write_sealed(
    char* to, std::uint32_t group, std::string_view key, std::string_view value) {
  const Seal seal = seal_of(group, key, value);
  if (!value.empty()) std::memcpy(to, value.data(), value.size());
  std::memcpy(to + value.size(), &seal, sizeof seal);
}

[[nodiscard]] inline std::optional<Seal> read_seal(std::string_view stored) {
  if (stored.size() < seal_bytes) return std::nullopt;
  Seal seal;
  std::memcpy(&seal, stored.data() + stored.size() - seal_bytes, sizeof seal);
  return seal;
}

/// Whether `key` is what was written there; says nothing of the value.
[[nodiscard]] inline bool is_key_whole(
    std::uint32_t group, std::string_view key, std::string_view stored) {
  const std::optional<Seal> seal = read_seal(stored);
  return seal && seal->key == key_seal_of(group, key);
}

/// The value; nothing when it is not what was written under this key.
[[nodiscard]] inline std::optional<std::string_view> open_sealed(
    std::uint32_t group, std::string_view key, std::string_view stored) {
  const std::optional<Seal> seal = read_seal(stored);
  if (!seal) return std::nullopt;
  const std::string_view value = stored.substr(0, stored.size() - seal_bytes);
  if (*seal != seal_of(group, key, value)) return std::nullopt;
  return value;
}

}  // namespace harka::storage
