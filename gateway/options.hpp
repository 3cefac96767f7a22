// SPDX-License-Identifier: Apache-2.0
// How a gateway listens and what it allows.
#pragma once

#include "base/ids.hpp"
#include "base/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace harka::gateway {

struct Options {
  NodeId node;
  std::string node_name;
  std::string region;
  std::string version;
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;       // 0: any
  bool shares_port = false;     // several loops listen on one port (SO_REUSEPORT)
  std::string password;         // empty: none is asked for
  std::string tls_certificate;  // files; empty: no TLS
  std::string tls_key;
  std::size_t clients_max = 10'000;
  Duration staleness_max = limits::staleness_default;  // of reads after READONLY: what INFO says
  Duration idle_timeout{};                      // 0: never; of connections that wait for nothing
  Duration stalled_timeout = 60s;               // a client that does not read what it asked for
  std::size_t output_bytes_max = 1U << 20;      // unread replies: no more commands are taken beyond
  std::size_t output_bytes_fatal = 256U << 20;  // beyond it the connection is closed
  std::size_t replies_pending_max = 4096;       // commands in flight of one connection
  std::size_t replies_bytes_max = 8U << 20;     // expected of them all
  std::size_t batch_bytes_max = 256U << 10;     // a batch is submitted when it is larger
};

}  // namespace harka::gateway
