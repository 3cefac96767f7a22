// SPDX-License-Identifier: Apache-2.0
// The engine of production: one LMDB environment a node, one named database a group.
#pragma once

#include "base/limits.hpp"
#include "base/time.hpp"
#include "storage/engine.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace harka::storage {

/// In the directory of a state that was found damaged: why it is not opened again.
constexpr const char* damage_mark = "damaged";

struct LmdbOptions {
  std::string directory;               // made if missing
  std::size_t map_bytes = 1ULL << 30;  // grows by doubling; sparse, so not disk space
  unsigned readers_max = 4 * limits::shard_count_max;  // threads, and images for slow followers
  unsigned databases_max = 4200;
  Duration snapshot_max = std::chrono::seconds(60);  // how long an image may be held open
  std::uint64_t data_id = 0;  // of the data directory; a state of another one is refused
  /// What was read is not what was written. Any thread; must not return. The directory is marked
  /// first, and not opened again as long as the mark is there.
  std::function<void(const Error&)> on_damage{};
};

/// io_failed or corrupt with LMDB's words; stale_epoch: another version's; refused_to_protect:
/// another data directory's.
[[nodiscard]] Result<std::unique_ptr<Engine>> open_lmdb_engine(const LmdbOptions& options);

}  // namespace harka::storage
