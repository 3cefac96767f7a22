// SPDX-License-Identifier: Apache-2.0
// A disk that says "synced" before it is, so that a node acknowledges what a power failure takes.
// For calibrating tests only: a test that never caught this proves nothing about lost writes.
#pragma once

#include "storage/disk.hpp"

#include <memory>

namespace harka::storage {

/// A sync takes place before the next write, to whatever file, instead of when it is asked for:
/// what is lost is the last flush alone, so that the log does not notice and nobody but a client
/// can. The disk outlives its files.
[[nodiscard]] std::unique_ptr<Disk> make_late_disk(std::unique_ptr<Disk> disk);

}  // namespace harka::storage
