// SPDX-License-Identifier: Apache-2.0
// The engine of production: one LMDB environment a node, one named database a group.
#pragma once

#include "base/time.hpp"
#include "storage/engine.hpp"

#include <memory>
#include <string>

namespace harka::storage {

struct LmdbOptions {
  std::string directory;               // made if missing
  std::size_t map_bytes = 1ULL << 30;  // grows by doubling; sparse, so not disk space
  unsigned readers_max = 512;
  unsigned databases_max = 4200;
  Duration snapshot_max = std::chrono::seconds(60);  // how long an image may be held open
};

/// io_failed or corrupt with LMDB's words.
[[nodiscard]] Result<std::unique_ptr<Engine>> open_lmdb_engine(const LmdbOptions& options);

}  // namespace harka::storage
