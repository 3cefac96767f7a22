// SPDX-License-Identifier: Apache-2.0
// What the LRU, which all shards share, calls a key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace harka {

[[nodiscard]] inline std::string cache_key(std::uint32_t shard, std::string_view key) {
  std::string made = std::to_string(shard) + "/";
  made.append(key);
  return made;
}

}  // namespace harka
