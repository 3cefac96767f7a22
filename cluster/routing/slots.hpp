// SPDX-License-Identifier: Apache-2.0
// Keys to slots to shards. Slots are Redis Cluster's (CRC16 of the key or of its {hash tag}, modulo
// 16,384), so stock clients compute them too; each shard owns one contiguous range of them.
#pragma once

#include "base/ids.hpp"
#include "base/limits.hpp"

#include <cstdint>
#include <string_view>

namespace harka::routing {

using Slot = std::uint16_t;

/// CRC16-CCITT (XMODEM): polynomial 0x1021, initial value 0, as in the Redis Cluster specification.
[[nodiscard]] std::uint16_t crc16(std::string_view bytes);

/// Only what stands between the first '{' and the next '}' is hashed, if that is not empty.
[[nodiscard]] Slot slot_of(std::string_view key);

/// The slots [first, end) of one shard.
struct SlotRange {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
  friend bool operator==(const SlotRange&, const SlotRange&) = default;
};

/// Shard i of N owns [ceil(i * 16384 / N), ceil((i + 1) * 16384 / N)).
[[nodiscard]] constexpr SlotRange slots_of(ShardId shard, std::uint32_t shard_count) {
  const auto edge = [shard_count](std::uint32_t i) {
    return (i * limits::slot_count + shard_count - 1) / shard_count;
  };
  return SlotRange{edge(shard.value), edge(shard.value + 1)};
}

/// The inverse of `slots_of`: floor(slot * N / 16384).
[[nodiscard]] constexpr ShardId shard_of_slot(Slot slot, std::uint32_t shard_count) {
  return ShardId{slot * shard_count / limits::slot_count};
}

[[nodiscard]] inline ShardId shard_of_key(std::string_view key, std::uint32_t shard_count) {
  return shard_of_slot(slot_of(key), shard_count);
}

}  // namespace harka::routing
