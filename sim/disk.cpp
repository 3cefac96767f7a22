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
  SimFile(SimDisk& disk, std::shared_ptr<SimDisk::Content> content)
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
    if (std::exchange(disk_.fails_next_sync_, false)) {
      return Error{Code::io_failed, "Input/output error"};
    }
    disk_.synced(*content_);
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
  SimDisk& disk_;
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
  if (is_full_) return Error{Code::io_failed, "No space left on device"};
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

void SimDisk::synced(Content& content) {
  if (content.old_bytes.empty()) return;
  content.last_flush = content.end;
  for (const Write& write : content.old_bytes) {
    content.last_flush = std::min(content.last_flush, write.offset);
  }
  content.old_bytes.clear();
  last_synced_ = &content;
}

/// Somewhere in what later flushes testify to.
std::optional<SimDisk::Place> SimDisk::settled_place(std::uint64_t place) {
  std::vector<std::pair<Content*, std::uint64_t>> settled;
  for (auto& [name, content] : files_) {
    const std::uint64_t end = content.get() == last_synced_ || !content->old_bytes.empty()
                                  ? content->last_flush
                                  : content->end;
    if (end > 0) settled.emplace_back(content.get(), end);
  }
  if (settled.empty()) return std::nullopt;
  const auto& [content, end] = settled[place % settled.size()];
  return Place{content, place / settled.size() % end};
}

bool SimDisk::rot(std::uint64_t place) {
  const std::optional<Place> found = settled_place(place);
  if (!found) return false;
  char& byte = found->content->bytes[found->offset];
  byte = static_cast<char>(byte ^ (1 << place % 8));
  return is_damaged_ = true;
}

bool SimDisk::misplace(std::uint64_t place) {
  const std::optional<Place> to = settled_place(place);
  if (!to || to->offset < 2 * sector_bytes) return false;
  std::uint64_t offset = to->offset / sector_bytes * sector_bytes - sector_bytes;
  const auto from =
      std::next(files_.begin(), static_cast<std::ptrdiff_t>(place / 1024 % files_.size()));
  const Content& source = *from->second;
  const bool is_other = &source != to->content && source.end >= 2 * sector_bytes;
  if (is_other) offset = std::min(offset, source.end / sector_bytes * sector_bytes - sector_bytes);
  const std::string sector = source.bytes.substr(is_other ? offset : 0, sector_bytes);
  to->content->bytes.replace(offset, sector_bytes, sector);
  return is_damaged_ = true;
}

}  // namespace harka::sim
