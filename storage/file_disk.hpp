// SPDX-License-Identifier: Apache-2.0
// A folder of the file system as a Disk.
#pragma once

#include "storage/disk.hpp"

namespace harka::storage {

/// Makes the folder if it is missing.
[[nodiscard]] Result<std::unique_ptr<Disk>> open_file_disk(const std::string& directory);

}  // namespace harka::storage
