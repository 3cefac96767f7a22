// SPDX-License-Identifier: Apache-2.0
// What LMDB does not check before it maps its file: that the two meta pages are what was written,
// and that the file is as long as they say. A page that is missing would end the process by SIGBUS
// when it is first touched, perhaps much later.
//
// Ours is longer than LMDB needs: the engine extends it (sparsely) to the whole map, so that a file
// that is shorter than the map was cut.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>

namespace harka::storage {

struct LmdbFile {
  bool is_new = true;  // there is none, or it is empty
  bool has_commits = false;
  std::uint64_t used_bytes = 0;  // up to the last page that the newest meta page knows
  std::uint64_t map_bytes = 0;   // as of the newest meta page
};

/// corrupt: with the place. io_failed: with the system's words.
[[nodiscard]] Result<LmdbFile> check_lmdb_file(const std::string& path);

}  // namespace harka::storage
