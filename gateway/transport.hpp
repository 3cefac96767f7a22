// SPDX-License-Identifier: Apache-2.0
// A connected, non-blocking socket, plain or with TLS. Raw sockets instead of KJ's streams: a GET
// is answered with one read and one write, and no promise or buffer of its own.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace harka::gateway {

class Transport {
 public:
  enum class Outcome : std::uint8_t {
    some,   // `bytes` were moved
    again,  // nothing now; wait for the socket
    closed  // the other side is gone or broke the protocol
  };

  struct Progress {
    Outcome outcome = Outcome::again;
    std::size_t bytes = 0;
  };

  virtual ~Transport() = default;
  [[nodiscard]] virtual Progress read(char* into, std::size_t room) = 0;
  [[nodiscard]] virtual Progress write(const char* from, std::size_t size) = 0;
  /// Bytes that were read from the socket and wait for `read`, which no poll will announce.
  [[nodiscard]] virtual bool has_buffered() const = 0;
  /// A read can only go on when the socket takes more output (TLS).
  [[nodiscard]] virtual bool read_needs_write() const = 0;
  [[nodiscard]] virtual bool is_established() const = 0;
};

/// The server's side of TLS for a whole listener. OpenSSL writes without MSG_NOSIGNAL: the process
/// ignores SIGPIPE.
class TlsListener {
 public:
  /// The error names the file that is missing or wrong.
  [[nodiscard]] static Result<std::unique_ptr<TlsListener>> make(
      const std::string& certificate, const std::string& key);
  virtual ~TlsListener() = default;
  /// Does not own the socket.
  [[nodiscard]] virtual std::unique_ptr<Transport> accept(int socket) = 0;
};

/// Does not own the socket.
[[nodiscard]] std::unique_ptr<Transport> make_plain_transport(int socket);

}  // namespace harka::gateway
