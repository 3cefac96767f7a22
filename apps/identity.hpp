// SPDX-License-Identifier: Apache-2.0
// The file that says whose a data directory is: a few lines of text with a checksum.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace harka::apps {

struct Identity {
  std::string name;
  std::uint64_t data_id = 0;  // random, never zero
  std::uint64_t epoch = 0;    // raised at each start
};

/// Nothing when there is no file. corrupt: damaged or cut. stale_epoch: another format.
[[nodiscard]] Result<std::optional<Identity>> read_identity(const std::string& path);

/// Replaces the file: write, fsync, rename, fsync of the directory.
Result<void> write_identity(const std::string& path, const Identity& identity);

}  // namespace harka::apps
