// SPDX-License-Identifier: Apache-2.0
// A disk in memory that loses what was not synced: at a crash each unsynced 512-byte block survives
// or not, as a seed decides. It can also die in the middle of any operation, refuse writes, flip
// bits and lose whole files.
#pragma once

#include "base/random.hpp"
#include "storage/disk.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace harka::testing {

class FaultyDisk final : public storage::Disk {
 public:
  static constexpr std::size_t block = 512;

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
    if (is_full || dies()) return Error{Code::io_failed, "No space left on device"};
    files_[name] = Content{std::string(bytes, '\0'), std::string(bytes, '\0'), {}};
    return std::unique_ptr<storage::DiskFile>(std::make_unique<File>(*this, name));
  }

  /// Power failure: unsynced blocks survive by chance, in no order. The disk works again.
  void crash() {
    for (auto& [name, content] : files_) {
      for (const std::size_t at : std::exchange(content.unsynced, {})) {
        std::string& winner = random_.chance(0.5) ? content.now : content.durable;
        std::string& loser = &winner == &content.now ? content.durable : content.now;
        loser.replace(at, block, winner, at, block);
      }
    }
    operations_left_ = -1;
  }

  /// Only the process died: nothing is lost, and the disk works again.
  void restart() { operations_left_ = -1; }

  /// Every operation from the one after the next `count` fails, until the crash.
  void die_after(int count) { operations_left_ = count; }

  void flip_bit(const std::string& name, std::size_t byte) {
    Content& content = files_.at(name);
    content.now[byte] = static_cast<char>(content.now[byte] ^ 0x10);
    content.durable[byte] = content.now[byte];
  }

  /// The bytes of a file, for tests that damage them in their own way. Counts as synced.
  void replace(const std::string& name, std::string bytes) {
    files_[name] = Content{bytes, bytes, {}};
  }

  void remove(const std::string& name) { files_.erase(name); }

  [[nodiscard]] const std::string& content(const std::string& name) const {
    return files_.at(name).now;
  }

  [[nodiscard]] std::size_t file_count() const { return files_.size(); }

  bool is_full = false;
  bool is_sync_failing = false;

 private:
  struct Content {
    std::string now;
    std::string durable;
    std::set<std::size_t> unsynced;  // blocks
  };

  class File final : public storage::DiskFile {
   public:
    File(FaultyDisk& disk, std::string name) : disk_(disk), name_(std::move(name)) {}

    Result<void> write(std::uint64_t offset, std::string_view bytes) override {
      if (disk_.is_full) return Error{Code::io_failed, "No space left on device"};
      const bool is_dying = disk_.dies();
      if (is_dying) bytes = bytes.substr(0, disk_.random_.below(bytes.size() + 1));
      Content& content = disk_.files_.at(name_);
      if (offset + bytes.size() > content.now.size()) {
        return Error{Code::io_failed, "write past the end"};
      }
      content.now.replace(offset, bytes.size(), bytes);
      for (std::size_t at = offset / block * block; at < offset + bytes.size(); at += block) {
        content.unsynced.insert(at);
      }
      if (is_dying) return Error{Code::io_failed, "Input/output error"};
      return {};
    }

    Result<void> sync() override {
      if (disk_.is_sync_failing || disk_.dies()) {
        return Error{Code::io_failed, "Input/output error"};
      }
      Content& content = disk_.files_.at(name_);
      for (const std::size_t at : std::exchange(content.unsynced, {})) {
        content.durable.replace(at, block, content.now, at, block);
      }
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

  bool dies() {
    if (operations_left_ < 0) return false;
    if (operations_left_ == 0) return true;
    --operations_left_;
    return false;
  }

  Random random_;
  std::map<std::string, Content> files_;
  int operations_left_ = -1;
};

}  // namespace harka::testing
