// SPDX-License-Identifier: Apache-2.0
#include "apps/listen_check.hpp"

#include "apps/port_holder.hpp"
#include "apps/values.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace harka::apps {

namespace {

/// 0, or the system's number of what failed.
int try_listening(const addrinfo& info) {
  const int socket = ::socket(info.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno;
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool is_listening =
      ::bind(socket, info.ai_addr, info.ai_addrlen) == 0 && ::listen(socket, 1) == 0;
  const int number = is_listening ? 0 : errno;
  ::close(socket);
  return number;
}

std::string words_on(int number, std::uint16_t port) {
  const std::string words = std::strerror(number);
  if (number != EADDRINUSE) return words;
  const std::string holder = holder_of_port(port);
  return words + (holder.empty() ? "; `ss -ltnp` as root shows who has the port"
                                 : "; " + holder + " has the port");
}

}  // namespace

Result<void> check_listening(const std::string& whom, const std::string& address) {
  const Result<HostPort> parsed = parse_address(address);
  if (!parsed.ok()) return parsed.error();
  const std::string begin = "cannot listen for " + whom + " on " + address + ": ";
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(parsed.value().port);
  if (const int failed = ::getaddrinfo(parsed.value().host.c_str(), port.c_str(), &hints, &found)) {
    return Error{Code::io_failed, begin + ::gai_strerror(failed)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  const int number = try_listening(*found);
  if (number == 0) return {};
  return Error{Code::io_failed, begin + words_on(number, parsed.value().port)};
}

}  // namespace harka::apps
