// SPDX-License-Identifier: Apache-2.0
// The wall clock with an offset, and connections that come from an address of the node's own, by
// which the proxy tells who dials where all nodes share one loopback interface. The monotonic clock
// is left alone: the kernel waits by it.
#include "tests/jepsen/preload/control.hpp"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

namespace {

using ClockGettime = int (*)(clockid_t, timespec*);
constexpr std::int64_t second = 1'000'000'000;

void shift(timespec& time) {
  const std::int64_t whole = static_cast<std::int64_t>(time.tv_sec) * second + time.tv_nsec +
                             harka::jepsen::control().clock_offset.load();
  time.tv_sec = whole / second;
  time.tv_nsec = whole % second;
}

/// 0.0.0.0 when HARKA_FAULT_SOURCE is not set.
in_addr own_source() {
  in_addr address{};
  const char* text = std::getenv("HARKA_FAULT_SOURCE");
  if (text != nullptr) (void)::inet_pton(AF_INET, text, &address);
  return address;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static const auto real = reinterpret_cast<ClockGettime>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) shift(*time);
  return result;
}

int gettimeofday(timeval* time, void* /*zone*/) noexcept {
  timespec now{};
  (void)::clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) noexcept {
  timespec now{};
  (void)::clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

int connect(int socket, const sockaddr* address, socklen_t length) {
  static const in_addr source = own_source();
  if (source.s_addr != 0 && address->sa_family == AF_INET) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr = source;
    (void)::bind(socket, reinterpret_cast<const sockaddr*>(&own), sizeof own);
  }
  return static_cast<int>(::syscall(SYS_connect, socket, address, length));
}

}  // extern "C"
