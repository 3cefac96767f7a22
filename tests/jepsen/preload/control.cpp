// SPDX-License-Identifier: Apache-2.0
#include "tests/jepsen/preload/control.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace harka::jepsen {

namespace {

Control* map_control() {
  static Control none{};
  const char* path = std::getenv("HARKA_FAULT_CONTROL");
  if (path == nullptr) return &none;
  const long file = ::syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  if (file < 0) return &none;
  void* mapped = ::mmap(
      nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, static_cast<int>(file), 0);
  ::syscall(SYS_close, file);
  return mapped == MAP_FAILED ? &none : static_cast<Control*>(mapped);
}

}  // namespace

Control& control() {
  static Control* const mapped = map_control();
  return *mapped;
}

bool must_fail(const std::atomic<std::int64_t>& error) {
  const std::int64_t code = error.load();
  if (code == 0) return false;
  ++control().failed_count;
  errno = static_cast<int>(code);
  return true;
}

}  // namespace harka::jepsen
