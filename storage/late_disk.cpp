// SPDX-License-Identifier: Apache-2.0
#include "storage/late_disk.hpp"

#include <utility>

namespace harka::storage {

namespace {

/// What was said to be synced and is not yet: at most the last flush.
class Debt {
 public:
  void owe(DiskFile& file) { owed_ = &file; }

  void forget(const DiskFile& file) {
    if (owed_ == &file) owed_ = nullptr;
  }

  Result<void> pay() {
    DiskFile* const file = std::exchange(owed_, nullptr);
    return file == nullptr ? Result<void>() : file->sync();
  }

 private:
  DiskFile* owed_ = nullptr;
};

class LateFile final : public DiskFile {
 public:
  LateFile(std::unique_ptr<DiskFile> file, Debt& debt) : file_(std::move(file)), debt_(debt) {}

  LateFile(const LateFile&) = delete;
  LateFile& operator=(const LateFile&) = delete;

  ~LateFile() override { debt_.forget(*file_); }

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    if (Result<void> done = debt_.pay(); !done.ok()) return done;
    return file_->write(offset, bytes);
  }

  Result<void> sync() override {
    debt_.owe(*file_);
    return {};
  }

  Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
    return file_->read(offset, length);
  }

  [[nodiscard]] std::uint64_t size() const override { return file_->size(); }

 private:
  std::unique_ptr<DiskFile> file_;
  Debt& debt_;
};

class LateDisk final : public Disk {
 public:
  explicit LateDisk(std::unique_ptr<Disk> disk) : disk_(std::move(disk)) {}

  Result<std::vector<std::string>> list() override { return disk_->list(); }

  Result<std::unique_ptr<DiskFile>> open(const std::string& name) override {
    return late(disk_->open(name));
  }

  Result<std::unique_ptr<DiskFile>> create(const std::string& name, std::uint64_t bytes) override {
    if (Result<void> done = debt_.pay(); !done.ok()) return done.error();
    return late(disk_->create(name, bytes));
  }

 private:
  Result<std::unique_ptr<DiskFile>> late(Result<std::unique_ptr<DiskFile>> file) {
    if (!file.ok()) return file;
    return std::unique_ptr<DiskFile>(std::make_unique<LateFile>(std::move(file).value(), debt_));
  }

  std::unique_ptr<Disk> disk_;
  Debt debt_;
};

}  // namespace

std::unique_ptr<Disk> make_late_disk(std::unique_ptr<Disk> disk) {
  return std::make_unique<LateDisk>(std::move(disk));
}

}  // namespace harka::storage
