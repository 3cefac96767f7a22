// SPDX-License-Identifier: Apache-2.0
// A connected, non-blocking socket between two nodes, plain or with mutual TLS. Reading and writing
// happen at once, without a promise a call; only waiting for the socket is KJ's. Loop thread.
#pragma once

#include "runtime/net/loop_kj.hpp"
#include "runtime/net/tls.hpp"

#include <kj/async-io.h>
#include <kj/async-unix.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace harka::net {

class Connection {
 public:
  /// Takes the socket over from KJ. `tls` null: plain text; it outlives the connection.
  Connection(
      EventLoop::Kj& kj, kj::Own<kj::AsyncIoStream> stream, const NodeTls* tls, TlsRole role);
  /// Tells the peer's TLS that nothing more comes, as far as the socket takes it at once.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Until the TLS handshake is through; fails with the reason. At once for plain text.
  kj::Promise<void> secure();
  /// What the peer's certificate calls it; empty for plain text.
  [[nodiscard]] std::string peer_name() const;

  /// Up to `room` bytes of what has come. 0: nothing now, or the end: see `is_open`.
  [[nodiscard]] std::size_t read(char* into, std::size_t room);
  /// When there may be more; only after `read` gave 0.
  kj::Promise<void> when_readable();

  /// Keeps the bytes, encrypted, for `flush`.
  void write(std::string_view bytes);
  /// Sends as much of what is kept as the socket takes now.
  void flush();

  /// Bytes that `flush` left.
  [[nodiscard]] std::size_t unsent() const { return out_.size() - out_sent_; }

  /// When the socket takes more; only while something is left.
  kj::Promise<void> when_writable();

  /// How often this side has taken a new key.
  [[nodiscard]] std::uint64_t keys_renewed() const { return keys_renewed_; }

  /// False once the peer closed the connection or it broke; then `end_reason` says why.
  [[nodiscard]] bool is_open() const { return end_reason_.empty(); }

  [[nodiscard]] const std::string& end_reason() const { return end_reason_; }

 private:
  struct Socket {
    explicit Socket(const kj::AsyncIoStream& stream);
    ~Socket();
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    int fd;
  };
  struct TlsSocket;  // how OpenSSL reaches the socket

  /// As recv; 0 for "nothing now".
  std::size_t receive(char* into, std::size_t room);
  void drained();
  void end(std::string reason);
  void end_tls(int result);
  void renew_key();

  Socket socket_;
  kj::UnixEventPort::FdObserver observer_;
  Ssl ssl_;
  std::uint64_t records_a_key_ = 0;
  std::uint64_t records_ = 0;  // written under the present key, at most
  std::uint64_t keys_renewed_ = 0;
  bool is_drained_ = false;               // the socket has nothing more until
  kj::Promise<void> readable_ = nullptr;  // this is through
  std::string out_;
  std::size_t out_sent_ = 0;
  std::string end_reason_;
};

}  // namespace harka::net
