// SPDX-License-Identifier: Apache-2.0
// The checksum of any stretch of some bytes without reading the stretch: CRC-32C is linear, so it
// follows from the checksums of two prefixes (the idea of zlib's crc32_combine).
//
// Recovery asks at every eighth byte of a used segment whether a record begins there, and what lies
// there may be values that clients chose to look like long records: summing up each of them took
// hours for one segment.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace harka::storage {

class CrcPrefixes {
 public:
  /// One pass over `bytes`, which outlive the object; 4 bytes of memory for 64.
  explicit CrcPrefixes(std::string_view bytes);

  /// crc32c(bytes.substr(begin, length), seed), which lies within the bytes, in about 1 µs.
  [[nodiscard]] std::uint32_t crc_of(
      std::size_t begin, std::size_t length, std::uint32_t seed) const;

 private:
  [[nodiscard]] std::uint32_t prefix(std::size_t end) const;

  std::string_view bytes_;
  std::vector<std::uint32_t> blocks_;  // the register, from zero, in front of each block
};

}  // namespace harka::storage
