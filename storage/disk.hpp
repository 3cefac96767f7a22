// SPDX-License-Identifier: Apache-2.0
// The disk under the log: a folder of files. The real one is file_disk; the simulator has one that
// loses what was not synced, tears writes and refuses.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace harka::storage {

class DiskFile {
 public:
  virtual ~DiskFile() = default;
  /// Durable only after `sync`. io_failed with the system's words. A file is written from front to
  /// back, again and again: what lies behind the written bytes may become zeros.
  virtual Result<void> write(std::uint64_t offset, std::string_view bytes) = 0;
  virtual Result<void> sync() = 0;
  /// Exactly `length` bytes, or io_failed.
  virtual Result<std::string> read(std::uint64_t offset, std::size_t length) const = 0;
  /// As it was opened or made.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
};

class Disk {
 public:
  virtual ~Disk() = default;
  /// Names in no particular order.
  virtual Result<std::vector<std::string>> list() = 0;
  virtual Result<std::unique_ptr<DiskFile>> open(const std::string& name) = 0;
  /// A new file of at least `bytes` zero bytes, durable with its name.
  virtual Result<std::unique_ptr<DiskFile>> create(
      const std::string& name, std::uint64_t bytes) = 0;
};

}  // namespace harka::storage
