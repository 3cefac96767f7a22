// SPDX-License-Identifier: Apache-2.0
// Opening a listening socket, and names of addresses.
#pragma once

#include "base/result.hpp"
#include "gateway/options.hpp"

#include <cstdint>
#include <string>

namespace harka::gateway {

struct Listening {
  int socket = -1;  // non-blocking; the caller's to close
  std::uint16_t port = 0;
};

/// io_failed: the address is in use or not this machine's. refused_to_protect: beyond loopback
/// without TLS and a password.
[[nodiscard]] Result<Listening> open_listener(const Options& options);

/// "127.0.0.1:6379" of a socket's own end; empty when it is gone.
[[nodiscard]] std::string local_name(int socket);

struct Accepted {
  int socket = -1;            // non-blocking, without Nagle's delay; -1: nothing to accept
  bool is_exhausted = false;  // no descriptors are left: stop accepting for a while
  std::string peer;
};

[[nodiscard]] Accepted accept_from(int listener);

}  // namespace harka::gateway
