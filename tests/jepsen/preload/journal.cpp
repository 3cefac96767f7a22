// SPDX-License-Identifier: Apache-2.0
#include "tests/jepsen/preload/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <mutex>

// System calls are made directly: the names of the C library are this library's own.
namespace harka::jepsen {

namespace {

constexpr std::size_t files_max = 4096;

struct Followed {
  bool is_followed = false;
  bool is_written_through = false;
  std::uint64_t inode = 0;
};

std::string folder_of_journal() {
  const char* text = std::getenv("HARKA_FAULT_JOURNAL");
  return text == nullptr ? "" : text;
}

std::string folder_of_data() {
  const char* text = std::getenv("HARKA_FAULT_DATA");
  return text == nullptr ? "" : text;
}

Followed& followed(int file) {
  static std::array<Followed, files_max> table;
  return table.at(static_cast<std::size_t>(file));
}

bool is_in_table(int file) {
  return file >= 0 && static_cast<std::size_t>(file) < files_max;
}

/// Writes to a file and its sync exclude each other; those of two files seldom do.
std::mutex& mutex_of(std::uint64_t inode) {
  static std::array<std::mutex, 64> all;
  return all.at(inode % all.size());
}

[[noreturn]] void give_up(const char* what) {
  std::perror(what);  // a journal with a gap would play something else than power loss
  ::abort();
}

struct stat status_of(int file) {
  struct stat status {};

  if (::fstat(file, &status) != 0) give_up("journal: fstat");
  return status;
}

int open_journal(const char* what, std::uint64_t inode) {
  const std::string path = folder_of_journal() + "/" + what + "-" + std::to_string(inode);
  const long file =
      ::syscall(SYS_openat, AT_FDCWD, path.c_str(), O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) give_up(path.c_str());
  return static_cast<int>(file);
}

void keep(const char* what, std::uint64_t inode, Head head, std::string_view bytes) {
  head.length = bytes.size();
  std::string record(reinterpret_cast<const char*>(&head), sizeof head);
  record.append(bytes);
  const int journal = open_journal(what, inode);
  const long written = ::syscall(SYS_write, journal, record.data(), record.size());
  ::syscall(SYS_close, journal);
  if (written != static_cast<long>(record.size())) give_up("journal: write");
}

void forget_kept(const char* what, std::uint64_t inode) {
  const int journal = open_journal(what, inode);
  if (::syscall(SYS_ftruncate, journal, 0) != 0) give_up("journal: ftruncate");
  ::syscall(SYS_close, journal);
}

// Through a descriptor of its own: the writer's may be for writing only, or want aligned memory.
std::string read_back(int written, std::uint64_t offset, std::uint64_t length) {
  const std::string path = "/proc/self/fd/" + std::to_string(written);
  const long file = ::syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) give_up("journal: open");
  std::string bytes(length, '\0');
  std::size_t done = 0;
  while (done < length) {
    const long got =
        ::syscall(SYS_pread64, file, bytes.data() + done, length - done, offset + done);
    if (got < 0) give_up("journal: pread");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  ::syscall(SYS_close, file);
  bytes.resize(done);
  return bytes;
}

std::uint64_t folder_inode(const std::string& path) {
  struct stat status {};

  const std::string folder = path.substr(0, path.rfind('/'));
  if (::stat(folder.c_str(), &status) != 0) give_up(folder.c_str());
  return status.st_ino;
}

std::string content_of(const std::string& path) {
  const long file = ::syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  const int opened = static_cast<int>(file);
  std::string bytes = read_back(opened, 0, static_cast<std::uint64_t>(status_of(opened).st_size));
  ::syscall(SYS_close, file);
  return bytes;
}

void keep_name(Kind kind, const std::string& path, const std::string& rest) {
  const std::uint64_t inode = folder_inode(path);
  const std::lock_guard lock(mutex_of(inode));
  keep("folder", inode, Head{kind, 0, 0}, path + '\0' + rest);
}

}  // namespace

bool keeps_journal() {
  static const bool keeps = !folder_of_journal().empty() && !folder_of_data().empty();
  return keeps;
}

bool is_data(std::string_view path) {
  static const std::string folder = folder_of_data();
  return !folder.empty() && path.starts_with(folder) &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

bool is_folder_of_data(std::string_view path) {
  static const std::string folder = folder_of_data();
  return !folder.empty() && path == folder.substr(0, folder.rfind('/'));
}

void follow(int file, bool is_written_through) {
  if (!is_in_table(file)) give_up("journal: too many open files");
  followed(file) = Followed{true, is_written_through, status_of(file).st_ino};
}

void forget(int file) {
  if (is_in_table(file)) followed(file) = Followed{};
}

bool is_followed(int file) {
  return is_in_table(file) && followed(file).is_followed;
}

void before_write(int file, std::uint64_t offset, std::uint64_t length) {
  const Followed known = followed(file);
  if (!keeps_journal() || known.is_written_through) return;
  const std::lock_guard lock(mutex_of(known.inode));
  const std::string old = read_back(file, offset, length);
  if (old.size() < length) {
    const auto size = static_cast<std::uint64_t>(status_of(file).st_size);
    keep("file", known.inode, Head{Kind::size, size, 0}, {});
  }
  keep("file", known.inode, Head{Kind::bytes, offset, 0}, old);
}

void before_resize(int file, std::uint64_t new_size) {
  if (!keeps_journal()) return;
  const std::uint64_t inode = followed(file).inode;
  const std::lock_guard lock(mutex_of(inode));
  const auto size = static_cast<std::uint64_t>(status_of(file).st_size);
  if (new_size < size) {
    keep("file", inode, Head{Kind::bytes, new_size, 0}, read_back(file, new_size, size - new_size));
  }
  keep("file", inode, Head{Kind::size, size, 0}, {});
}

void after_making(const std::string& path) {
  if (keeps_journal()) keep_name(Kind::made, path, {});
}

void before_moving(const std::string& path, const std::string& target) {
  if (!keeps_journal()) return;
  const bool replaces = ::access(target.c_str(), F_OK) == 0;
  keep_name(Kind::moved, path, target + '\0' + (replaces ? "+" + content_of(target) : ""));
}

void before_removing(const std::string& path) {
  if (keeps_journal()) keep_name(Kind::removed, path, content_of(path));
}

int synced(int file, int (*sync)(int)) {
  if (!is_followed(file) || !keeps_journal()) return sync(file);
  const struct stat status = status_of(file);
  const std::lock_guard lock(mutex_of(status.st_ino));
  const int result = sync(file);
  if (result == 0) forget_kept(S_ISDIR(status.st_mode) ? "folder" : "file", status.st_ino);
  return result;
}

}  // namespace harka::jepsen
