// SPDX-License-Identifier: Apache-2.0
// A peer without manners: blocking sockets, plain text, sends whatever a test wants.
#pragma once

#include "runtime/net/frame.hpp"
#include "runtime/net/wire.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>

namespace harka::net::test {

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {
    if (fd < 0) throw std::runtime_error("no socket");
  }

  ~Socket() { ::close(fd_); }

  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

  void send(const std::string& bytes) const {
    (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  /// Exactly that many bytes, or nothing within ten seconds or at the end of the stream.
  [[nodiscard]] std::optional<std::string> receive(std::size_t count) const {
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count) {
      pollfd waiting{fd_, POLLIN, 0};
      if (::poll(&waiting, 1, 10'000) <= 0) return std::nullopt;
      const ssize_t got = ::recv(fd_, bytes.data() + have, count - have, 0);
      if (got <= 0) return std::nullopt;
      have += static_cast<std::size_t>(got);
    }
    return bytes;
  }

  /// Whether the other side closes within ten seconds; what it sends before is ignored.
  [[nodiscard]] bool is_closed_by_peer() const {
    while (receive(1)) {
    }
    pollfd waiting{fd_, POLLIN, 0};
    return ::poll(&waiting, 1, 0) > 0;
  }

 private:
  int fd_;
};

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  (void)::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return fd;
}

/// Listens on a port of its own.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    (void)::bind(socket_.fd(), reinterpret_cast<const sockaddr*>(&address), size);
    (void)::listen(socket_.fd(), 8);
    (void)::getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }

  [[nodiscard]] int accept() const { return ::accept(socket_.fd(), nullptr, nullptr); }

  std::uint16_t port = 0;

 private:
  Socket socket_;
};

inline std::string frame_bytes(const FrameHeader& header, const std::string& body = {}) {
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + body;
}

inline std::string frame_of(FrameType type, const std::string& body) {
  FrameHeader header;
  header.type = type;
  header.body_bytes = static_cast<std::uint32_t>(body.size());
  return frame_bytes(header, body);
}

inline std::string hello_frame(std::uint64_t node, const std::string& name, Channel channel) {
  msg::Hello hello;
  hello.protocol_min = 1;
  hello.protocol_max = 1;
  hello.node = node;
  hello.name = name;
  hello.epoch = 1;
  hello.data_id = node;
  hello.channel = static_cast<std::uint8_t>(channel);
  hello.credit_bytes = 1 << 30;
  return frame_of(FrameType::hello, encode_hello(hello));
}

inline std::string reply_frame(std::uint64_t node, const std::string& name) {
  msg::HelloReply reply;
  reply.accepted = true;
  reply.protocol = 1;
  reply.node = node;
  reply.name = name;
  reply.epoch = 1;
  reply.data_id = node;
  reply.credit_bytes = 1 << 30;
  return frame_of(FrameType::hello_reply, encode_hello_reply(reply));
}

/// The next frame's body.
inline std::optional<std::string> receive_frame(const Socket& socket, FrameType type) {
  const auto head = socket.receive(sizeof(FrameHeader));
  if (!head) return std::nullopt;
  FrameHeader header;
  std::memcpy(&header, head->data(), sizeof header);
  if (header.type != type) return std::nullopt;
  return header.body_bytes == 0 ? std::string() : socket.receive(header.body_bytes);
}

}  // namespace harka::net::test
