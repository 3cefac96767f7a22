// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli), as in RFC 3720: what guards every byte of the log and of snapshots.
#pragma once

#include <cstdint>
#include <string_view>

namespace harka::storage {

/// The checksum of `bytes`; pass an earlier result as `seed` to go on where it ended.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace harka::storage
