// SPDX-License-Identifier: Apache-2.0
// Folders whose names survive a power failure. A file's own sync does not promise that the folder
// that it lies in is still found; and a log that is not found is a node that forgot its votes.
#pragma once

#include "base/result.hpp"

#include <string>

namespace harka::storage {

/// Makes the folder and those above it where they are missing, each durable in the one above it.
/// io_failed with the system's words.
Result<void> make_durable_folder(const std::string& path);

/// The names in the folder are durable once this returned.
Result<void> sync_folder(const std::string& path);

}  // namespace harka::storage
