// SPDX-License-Identifier: Apache-2.0
// A disk in memory that loses what was not synced: at a crash each unsynced 512-byte block survives
// or not, as a seed decides. It can also refuse writes and flip bits.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "storage/disk.hpp"

namespace harka::testing {

class FaultyDisk final : public storage::Disk {
 public:
  explicit FaultyDisk(std::uint64_t seed) : random_(seed) {}

  Result<std::vector<std::string>> list() override {
    std::vector<std::string> names;
    for (const auto& [name, content] : files_) names.push_back(name);
    return names;
  }
  Result<std::unique_ptr<storage::DiskFile>> open(const std::string& name) override {
    if (!files_.contains(name)) return Error{Code::io_failed, "no file " + name};
    return std::unique_ptr<storage::DiskFile>(std::make_unique<File>(*this, name));
  }
  Result<std::unique_ptr<storage::DiskFile>> create(
      const std::string& name, std::uint64_t bytes) override {
    if (is_full) return Error{Code::io_failed, "No space left on device"};
    files_[name] = Content{std::string(bytes, '\0'), std::string(bytes, '\0')};
    return std::unique_ptr<storage::DiskFile>(std::make_unique<File>(*this, name));
  }
  /// Power failure: unsynced blocks survive by chance, in no order.
  void crash() {
    for (auto& [name, content] : files_) {
      for (std::size_t at = 0; at < content.now.size(); at += block) {
        if (random_.chance(0.5)) continue;
        content.now.replace(at, block, content.durable, at, block);
      }
      content.durable = content.now;
    }
  }
  void flip_bit(const std::string& name, std::size_t byte) {
    files_.at(name).now[byte] = static_cast<char>(files_.at(name).now[byte] ^ 0x10);
    files_.at(name).durable = files_.at(name).now;
  }
  [[nodiscard]] const std::string& content(const std::string& name) const {
    return files_.at(name).now;
  }
  [[nodiscard]] std::size_t file_count() const { return files_.size(); }

  bool is_full = false;
  bool is_sync_failing = false;

 private:
  static constexpr std::size_t block = 512;
  struct Content {
    std::string now;
    std::string durable;
  };
  class File final : public storage::DiskFile {
   public:
    File(FaultyDisk& disk, std::string name) : disk_(disk), name_(std::move(name)) {}
    Result<void> write(std::uint64_t offset, std::string_view bytes) override {
      if (disk_.is_full) return Error{Code::io_failed, "No space left on device"};
      disk_.files_.at(name_).now.replace(offset, bytes.size(), bytes);
      return {};
    }
    Result<void> sync() override {
      if (disk_.is_sync_failing) return Error{Code::io_failed, "Input/output error"};
      Content& content = disk_.files_.at(name_);
      content.durable = content.now;
      return {};
    }
    Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
      const std::string& now = disk_.files_.at(name_).now;
      if (offset + length > now.size()) return Error{Code::io_failed, "read past the end"};
      return now.substr(offset, length);
    }
    [[nodiscard]] std::uint64_t size() const override { return disk_.files_.at(name_).now.size(); }

   private:
    FaultyDisk& disk_;
    std::string name_;
  };

  Random random_;
  std::map<std::string, Content> files_;
};

}  // namespace harka::testing
