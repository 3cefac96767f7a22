// SPDX-License-Identifier: Apache-2.0
// CRC16 by a table of 256 entries that the compiler computes.
#include "cluster/routing/slots.hpp"

#include <array>

namespace harka::routing {

namespace {

constexpr std::array<std::uint16_t, 256> make_table() {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8U;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 0x8000U) != 0 ? (crc << 1U) ^ 0x1021U : crc << 1U;
    }
    table[byte] = static_cast<std::uint16_t>(crc);
  }
  return table;
}

constexpr std::array<std::uint16_t, 256> crc_table = make_table();

std::string_view hashed_part(std::string_view key) {
  const std::size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const std::size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

}  // namespace

std::uint16_t crc16(std::string_view bytes) {
  unsigned crc = 0;
  for (const char byte : bytes) {
    crc = ((crc << 8U) ^ crc_table[((crc >> 8U) ^ static_cast<unsigned char>(byte)) & 0xFFU]) &
          0xFFFFU;
  }
  return static_cast<std::uint16_t>(crc);
}

Slot slot_of(std::string_view key) {
  return static_cast<Slot>(crc16(hashed_part(key)) & (limits::slot_count - 1));
}

}  // namespace harka::routing
