// SPDX-License-Identifier: Apache-2.0
#include "sim/disk.hpp"

#include <algorithm>
#include <utility>

namespace harka::sim {

namespace {
constexpr std::uint64_t sector_bytes = 512;
}

class SimFile final : public storage::DiskFile {
 public:
  SimFile(const SimDisk& disk, std::shared_ptr<SimDisk::Content> content)
      : disk_(disk), content_(std::move(content)) {}

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    if (offset + bytes.size() > content_->bytes.size()) {
      return Error{Code::io_failed, "a write behind the end of the file"};
    }
    content_->old_bytes.push_back({offset, content_->bytes.substr(offset, bytes.size())});
    content_->bytes.replace(offset, bytes.size(), bytes);
    content_->end = std::max(content_->end, offset + bytes.size());
    return {};
  }

  Result<void> sync() override {
    if (disk_.is_dying_) return Error{Code::io_failed, "the simulated process is dying"};
    content_->old_bytes.clear();
    return {};
  }

  Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
    if (offset + length > content_->bytes.size()) {
      return Error{Code::io_failed, "a read behind the end of the file"};
    }
    return content_->bytes.substr(offset, length);
  }

  [[nodiscard]] std::uint64_t size() const override { return content_->bytes.size(); }

 private:
  const SimDisk& disk_;
  std::shared_ptr<SimDisk::Content> content_;  // shared with the disk, which outlives processes
};

Result<std::vector<std::string>> SimDisk::list() {
  std::vector<std::string> names;
  for (const auto& [name, content] : files_) names.push_back(name);
  return names;
}

Result<std::unique_ptr<storage::DiskFile>> SimDisk::open(const std::string& name) {
  const auto found = files_.find(name);
  if (found == files_.end()) return Error{Code::not_found, name};
  return std::unique_ptr<storage::DiskFile>(std::make_unique<SimFile>(*this, found->second));
}

Result<std::unique_ptr<storage::DiskFile>> SimDisk::create(
    const std::string& name, std::uint64_t bytes) {
  auto content = std::make_shared<Content>();
  content->bytes.resize(bytes);
  files_[name] = content;
  return std::unique_ptr<storage::DiskFile>(std::make_unique<SimFile>(*this, std::move(content)));
}

void SimDisk::lose_power(CrashLoss loss, Random& random) {
  for (auto& [name, content] : files_) {
    // Undone newest first, so that overlapping writes end as they began.
    for (auto write = content->old_bytes.rbegin(); write != content->old_bytes.rend(); ++write) {
      for (std::uint64_t at = 0; at < write->bytes.size();) {
        const std::uint64_t in_sector = sector_bytes - (write->offset + at) % sector_bytes;
        const std::uint64_t length = std::min<std::uint64_t>(in_sector, write->bytes.size() - at);
        const bool is_lost =
            loss == CrashLoss::all || (loss == CrashLoss::torn && random.chance(0.5));
        if (is_lost) content->bytes.replace(write->offset + at, length, write->bytes, at, length);
        at += length;
      }
    }
    content->old_bytes.clear();
  }
  is_dying_ = false;
}

bool SimDisk::rot(Random& random) {
  std::vector<Content*> used;
  for (auto& [name, content] : files_) {
    if (content->end > 0) used.push_back(content.get());
  }
  if (used.empty()) return false;
  Content& content = *used[random.below(used.size())];
  char& byte = content.bytes[random.below(content.end)];
  byte = static_cast<char>(byte ^ (1 << random.below(8)));
  return true;
}

}  // namespace harka::sim
