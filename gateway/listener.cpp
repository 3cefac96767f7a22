// SPDX-License-Identifier: Apache-2.0
#include "gateway/listener.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace harka::gateway {

namespace {

constexpr int backlog = 511;

std::string name_of(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  sockaddr_in v4{};
  std::memcpy(&v4, &address, sizeof v4);
  ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
  return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
}

bool is_loopback(const addrinfo& info) {
  if (info.ai_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, info.ai_addr, sizeof v4);
    return ntohl(v4.sin_addr.s_addr) >> 24U == 127;
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, info.ai_addr, sizeof v6);
  return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

std::uint16_t port_of(int socket) {
  const std::string name = local_name(socket);
  return static_cast<std::uint16_t>(std::stoi(name.substr(name.rfind(':') + 1)));
}

Error io_error(const Options& options, int number) {
  return Error{
      Code::io_failed,
      "cannot listen for clients on " + options.host + ":" + std::to_string(options.port) + ": " +
          std::strerror(number)};
}

}  // namespace

Result<Listening> open_listener(const Options& options) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed =
      ::getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(), &hints, &found);
  if (failed != 0) {
    return Error{
        Code::invalid_argument,
        "the client address " + options.host + " is not one: " + ::gai_strerror(failed)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  const bool is_protected = !options.password.empty() && !options.tls_certificate.empty();
  if (!is_loopback(*found) && !is_protected) {
    return Error{
        Code::refused_to_protect,
        "clients beyond loopback need TLS and a password: set both, or "
        "listen on 127.0.0.1 instead of " +
            options.host};
  }
  const int socket = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return io_error(options, errno);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (options.shares_port) ::setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::bind(socket, found->ai_addr, found->ai_addrlen) != 0 || ::listen(socket, backlog) != 0) {
    const int number = errno;
    ::close(socket);
    return io_error(options, number);
  }
  return Listening{socket, port_of(socket)};
}

std::string local_name(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);  // NOLINT: its type
  if (::getsockname(socket, any, &size) != 0) return {};
  return name_of(address);
}

Accepted accept_from(int listener) {
  Accepted accepted;
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);  // NOLINT: its type
  accepted.socket = ::accept4(listener, any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted.socket < 0) {
    accepted.is_exhausted =
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return accepted;
  }
  const int on = 1;
  ::setsockopt(accepted.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  accepted.peer = name_of(address);
  return accepted;
}

}  // namespace harka::gateway
