// SPDX-License-Identifier: Apache-2.0
// A disk whose files are written in whole blocks, as the real one's are, over one that fails. The
// blocks are larger than what a power failure tears.
#pragma once

#include "storage/block_file.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace harka::testing {

class BlockDisk final : public storage::Disk {
 public:
  static constexpr std::size_t block = 2048;

  explicit BlockDisk(storage::Disk& below) : below_(below) {}

  Result<std::vector<std::string>> list() override { return below_.list(); }

  Result<std::unique_ptr<storage::DiskFile>> open(const std::string& name) override {
    return in_blocks(below_.open(name), ~0ULL);
  }

  Result<std::unique_ptr<storage::DiskFile>> create(
      const std::string& name, std::uint64_t bytes) override {
    return in_blocks(below_.create(name, (bytes + block - 1) / block * block), 0);
  }

 private:
  static Result<std::unique_ptr<storage::DiskFile>> in_blocks(
      Result<std::unique_ptr<storage::DiskFile>> file, std::uint64_t blank_from) {
    if (!file.ok()) return file;
    return std::unique_ptr<storage::DiskFile>(
        std::make_unique<storage::BlockFile>(std::move(file).value(), block, blank_from));
  }

  storage::Disk& below_;
};

}  // namespace harka::testing
