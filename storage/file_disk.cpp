// SPDX-License-Identifier: Apache-2.0
// pwrite, fdatasync, posix_fallocate; the folder is synced when a file is added.
#include "storage/file_disk.hpp"

#include "storage/durable_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace harka::storage {

namespace {

Error failed(const std::string& what, int code) {
  return Error{Code::io_failed, what + ": " + std::strerror(code)};
}

class File final : public DiskFile {
 public:
  File(std::string path, int descriptor, std::uint64_t size)
      : path_(std::move(path)), descriptor_(descriptor), size_(size) {}

  ~File() override { ::close(descriptor_); }

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return failed("writing " + path_, written == 0 ? ENOSPC : errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
    return {};
  }

  Result<void> sync() override {
    if (::fdatasync(descriptor_) != 0) return failed("fdatasync of " + path_, errno);
    return {};
  }

  Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
    std::string bytes(length, '\0');
    std::size_t done = 0;
    while (done < length) {
      const ssize_t got = ::pread(
          descriptor_, bytes.data() + done, length - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return failed("reading " + path_, got == 0 ? EIO : errno);
      done += static_cast<std::size_t>(got);
    }
    return bytes;
  }

  [[nodiscard]] std::uint64_t size() const override { return size_; }

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t size_;  // never changes: segments are preallocated
};

class FileDisk final : public Disk {
 public:
  explicit FileDisk(std::string directory) : directory_(std::move(directory)) {}

  Result<std::vector<std::string>> list() override {
    std::vector<std::string> names;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(directory_, failure)) {
      names.push_back(entry.path().filename().string());
    }
    if (failure) return failed("listing " + directory_, failure.value());
    return names;
  }

  Result<std::unique_ptr<DiskFile>> open(const std::string& name) override {
    const std::string path = directory_ + "/" + name;
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return failed("opening " + path, errno);

    struct stat status {};

    if (::fstat(descriptor, &status) != 0) {
      const int code = errno;
      ::close(descriptor);
      return failed("opening " + path, code);
    }
    return std::unique_ptr<DiskFile>(
        std::make_unique<File>(path, descriptor, static_cast<std::uint64_t>(status.st_size)));
  }

  Result<std::unique_ptr<DiskFile>> create(const std::string& name, std::uint64_t bytes) override {
    // Under another name until it is whole, so that a crash leaves no half-made segment.
    const std::string path = directory_ + "/" + name;
    const std::string temporary = path + ".new";
    const int descriptor = ::open(temporary.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0) return failed("creating " + path, errno);
    auto file = std::make_unique<File>(path, descriptor, bytes);
    if (const int code = ::posix_fallocate(descriptor, 0, static_cast<off_t>(bytes)); code != 0) {
      ::unlink(temporary.c_str());
      return failed("reserving " + std::to_string(bytes) + " bytes for " + path, code);
    }
    if (::fsync(descriptor) != 0) return failed("fsync of " + path, errno);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return failed("creating " + path, errno);
    if (Result<void> done = sync_folder(directory_); !done.ok()) return done.error();
    return std::unique_ptr<DiskFile>(std::move(file));
  }

 private:
  std::string directory_;
};

}  // namespace

Result<std::unique_ptr<Disk>> open_file_disk(const std::string& directory) {
  if (Result<void> done = make_durable_folder(directory); !done.ok()) return done.error();
  return std::unique_ptr<Disk>(std::make_unique<FileDisk>(directory));
}

}  // namespace harka::storage
