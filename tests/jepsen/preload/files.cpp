// SPDX-License-Identifier: Apache-2.0
// The calls by which a node changes its data directory: they fail when the nemesis says so, and
// what they change is kept in the journal until it is synced. Other files pass.
#include "tests/jepsen/preload/control.hpp"
#include "tests/jepsen/preload/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <filesystem>
#include <string>
#include <thread>

using harka::jepsen::control;
using harka::jepsen::is_data;
using harka::jepsen::is_followed;
using harka::jepsen::must_fail;

namespace {

int system_open(const char* path, int flags, mode_t mode) {
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

/// Truncation by `open` happens after what it removes was kept.
int open_data(const char* path, int flags, mode_t mode) {
  struct stat status {};

  const bool is_there = ::stat(path, &status) == 0;
  const bool makes = (flags & O_CREAT) != 0 && !is_there;
  if (makes && must_fail(control().write_error)) return -1;
  const bool truncates = (flags & O_TRUNC) != 0 && is_there && status.st_size > 0;
  if (truncates) flags &= ~O_TRUNC;
  if ((flags & O_ACCMODE) == O_WRONLY) flags = (flags & ~O_ACCMODE) | O_RDWR;  // to read what goes
  const int file = system_open(path, flags, mode);
  if (file < 0) return file;
  if (makes) harka::jepsen::after_making(path);
  harka::jepsen::follow(file, (flags & O_DSYNC) != 0);
  if (truncates && ::ftruncate(file, 0) != 0) return -1;
  return file;
}

bool refuses_write(int file) {
  return is_followed(file) && must_fail(control().write_error);
}

void before_write_here(int file, std::size_t bytes) {
  if (!is_followed(file)) return;
  const off_t at = ::lseek(file, 0, SEEK_CUR);
  if (at >= 0) harka::jepsen::before_write(file, static_cast<std::uint64_t>(at), bytes);
}

int real_fsync(int file) {
  return static_cast<int>(::syscall(SYS_fsync, file));
}

int real_fdatasync(int file) {
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}

int sync_file(int file, int (*sync)(int)) {
  if (!is_followed(file)) return sync(file);
  const std::int64_t delay = control().sync_delay.load();
  if (delay > 0) std::this_thread::sleep_for(std::chrono::microseconds(delay));
  return must_fail(control().sync_error) ? -1 : harka::jepsen::synced(file, sync);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  const bool is_ours = is_data(path) || harka::jepsen::is_folder_of_data(path);
  return is_ours ? open_data(path, flags, mode) : system_open(path, flags, mode);
}

int close(int file) {
  harka::jepsen::forget(file);
  return static_cast<int>(::syscall(SYS_close, file));
}

ssize_t pwrite(int file, const void* bytes, size_t count, off_t offset) {
  if (refuses_write(file)) return -1;
  if (is_followed(file)) {
    harka::jepsen::before_write(file, static_cast<std::uint64_t>(offset), count);
  }
  return ::syscall(SYS_pwrite64, file, bytes, count, offset);
}

ssize_t write(int file, const void* bytes, size_t count) {
  if (refuses_write(file)) return -1;
  before_write_here(file, count);
  return ::syscall(SYS_write, file, bytes, count);
}

ssize_t writev(int file, const iovec* parts, int count) {
  if (refuses_write(file)) return -1;
  std::size_t bytes = 0;
  for (int i = 0; i < count; ++i) bytes += parts[i].iov_len;
  before_write_here(file, bytes);
  return ::syscall(SYS_writev, file, parts, count);
}

int ftruncate(int file, off_t size) noexcept {
  if (refuses_write(file)) return -1;
  if (is_followed(file)) harka::jepsen::before_resize(file, static_cast<std::uint64_t>(size));
  return static_cast<int>(::syscall(SYS_ftruncate, file, size));
}

int posix_fallocate(int file, off_t offset, off_t length) {
  if (refuses_write(file)) return errno;
  if (is_followed(file)) {
    struct stat status {};

    const off_t end = offset + length;
    if (::fstat(file, &status) == 0 && status.st_size < end) {
      harka::jepsen::before_resize(file, static_cast<std::uint64_t>(end));
    }
  }
  return ::syscall(SYS_fallocate, file, 0, offset, length) == 0 ? 0 : errno;
}

int fsync(int file) {
  return sync_file(file, real_fsync);
}

int fdatasync(int file) {
  return sync_file(file, real_fdatasync);
}

int rename(const char* path, const char* target) noexcept {
  if (is_data(path)) harka::jepsen::before_moving(path, target);
  return static_cast<int>(::syscall(SYS_rename, path, target));
}

int unlink(const char* path) noexcept {
  if (is_data(path)) harka::jepsen::before_removing(path);
  return static_cast<int>(::syscall(SYS_unlink, path));
}

int mkdir(const char* path, mode_t mode) noexcept {
  const int result = static_cast<int>(::syscall(SYS_mkdir, path, mode));
  if (result == 0 && is_data(path)) harka::jepsen::after_making(path);
  return result;
}

// The names that programs built for 64-bit offsets use; here they are the same calls.
[[gnu::alias("open")]] int open64(const char* path, int flags, ...);
[[gnu::alias("pwrite")]] ssize_t pwrite64(
    int file, const void* bytes, size_t count, off64_t offset);
[[gnu::alias("ftruncate")]] int ftruncate64(int file, off64_t size) noexcept;
[[gnu::alias("posix_fallocate")]] int posix_fallocate64(int file, off64_t offset, off64_t length);

}  // extern "C"
