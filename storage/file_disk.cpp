// SPDX-License-Identifier: Apache-2.0
// pwrite, fdatasync, posix_fallocate; the folder is synced when a file is added. Writes go around
// the page cache where the file system can do that; reads, which are rare, go through it.
#include "storage/file_disk.hpp"

#include "base/log.hpp"
#include "storage/block_file.hpp"
#include "storage/durable_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace harka::storage {

namespace {

Error failed(const std::string& what, int code) {
  return Error{Code::io_failed, what + ": " + std::strerror(code)};
}

/// Of direct writes. Every device's block divides it that the probe does not refuse.
constexpr std::uint64_t block_bytes = 4096;

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}

  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

  Descriptor& operator=(Descriptor&&) = delete;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  ~Descriptor() {
    if (is_open()) ::close(number_);
  }

  [[nodiscard]] bool is_open() const { return number_ >= 0; }

  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

class File final : public DiskFile {
 public:
  /// `direct` is not open where all goes through the page cache.
  File(std::string path, Descriptor cached, Descriptor direct, std::uint64_t size)
      : path_(std::move(path)),
        cached_(std::move(cached)),
        direct_(std::move(direct)),
        size_(size) {}

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    const int descriptor = (direct_.is_open() ? direct_ : cached_).number();
    while (!bytes.empty()) {
      const ssize_t written =
          ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return failed("writing " + path_, written == 0 ? ENOSPC : errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
    return {};
  }

  Result<void> sync() override {
    if (::fdatasync(cached_.number()) != 0) return failed("fdatasync of " + path_, errno);
    return {};
  }

  Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
    std::string bytes(length, '\0');
    std::size_t done = 0;
    while (done < length) {
      const ssize_t got = ::pread(
          cached_.number(), bytes.data() + done, length - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return failed("reading " + path_, got == 0 ? EIO : errno);
      done += static_cast<std::size_t>(got);
    }
    return bytes;
  }

  [[nodiscard]] std::uint64_t size() const override { return size_; }

 private:
  std::string path_;
  Descriptor cached_;
  Descriptor direct_;
  std::uint64_t size_;  // never changes: segments are preallocated
};

/// Why blocks of ours cannot be written around the page cache in that folder, or 0.
int probe_direct_writes(const std::string& directory) {
  const std::string path = directory + "/direct.probe";
  const Descriptor probe(::open(path.c_str(), O_CREAT | O_WRONLY | O_DIRECT | O_CLOEXEC, 0600));
  const int open_code = errno;
  ::unlink(path.c_str());  // also one that was made and then refused
  if (!probe.is_open()) return open_code;
  alignas(block_bytes) const char zeros[block_bytes] = {};
  const ssize_t written = ::pwrite(probe.number(), zeros, sizeof zeros, 0);
  if (written < 0) return errno;
  return written == static_cast<ssize_t>(sizeof zeros) ? 0 : ENOSPC;
}

class FileDisk final : public Disk {
 public:
  FileDisk(std::string directory, bool is_direct)
      : directory_(std::move(directory)), is_direct_(is_direct) {}

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
    Descriptor cached(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!cached.is_open()) return failed("opening " + path, errno);

    struct stat status {};

    if (::fstat(cached.number(), &status) != 0) return failed("opening " + path, errno);
    return file_of(path, path, std::move(cached), static_cast<std::uint64_t>(status.st_size));
  }

  Result<std::unique_ptr<DiskFile>> create(const std::string& name, std::uint64_t bytes) override {
    // Under another name until it is whole, so that a crash leaves no half-made segment.
    const std::string path = directory_ + "/" + name;
    const std::string temporary = path + ".new";
    bytes = (bytes + block_bytes - 1) / block_bytes * block_bytes;
    Descriptor cached(::open(temporary.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600));
    if (!cached.is_open()) return failed("creating " + path, errno);
    const int code = ::posix_fallocate(cached.number(), 0, static_cast<off_t>(bytes));
    if (code != 0) {
      ::unlink(temporary.c_str());
      return failed("reserving " + std::to_string(bytes) + " bytes for " + path, code);
    }
    if (::fsync(cached.number()) != 0) return failed("fsync of " + path, errno);
    auto file = file_of(path, temporary, std::move(cached), bytes);
    if (!file.ok()) return file;
    if (::rename(temporary.c_str(), path.c_str()) != 0) return failed("creating " + path, errno);
    if (Result<void> done = sync_folder(directory_); !done.ok()) return done.error();
    return file;
  }

 private:
  /// `present` is the name that the file has now.
  Result<std::unique_ptr<DiskFile>> file_of(
      const std::string& path, const std::string& present, Descriptor cached, std::uint64_t size) {
    // A file that was cut, or made for another block, is never written behind its end.
    if (!is_direct_ || size % block_bytes != 0) {
      return std::unique_ptr<DiskFile>(
          std::make_unique<File>(path, std::move(cached), Descriptor(), size));
    }
    // Blocks that are reserved and were never written count as a hole.
    const off_t hole = ::lseek(cached.number(), 0, SEEK_HOLE);
    const std::uint64_t blank_from = hole < 0 ? size : static_cast<std::uint64_t>(hole);
    Descriptor direct(::open(present.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC));
    if (!direct.is_open()) return failed("opening " + path + " for direct writes", errno);
    return std::unique_ptr<DiskFile>(std::make_unique<BlockFile>(
        std::make_unique<File>(path, std::move(cached), std::move(direct), size),
        block_bytes,
        blank_from));
  }

  std::string directory_;
  bool is_direct_;
};

}  // namespace

Result<std::unique_ptr<Disk>> open_file_disk(const std::string& directory) {
  if (Result<void> done = make_durable_folder(directory); !done.ok()) return done.error();
  const int refusal = probe_direct_writes(directory);
  if (refusal != 0) {
    log::info(
        "log",
        std::string("no direct writes in ") + directory + " (" + std::strerror(refusal) +
            "): the log goes through the page cache, which costs more processor time");
  }
  return std::unique_ptr<Disk>(std::make_unique<FileDisk>(directory, refusal == 0));
}

}  // namespace harka::storage
