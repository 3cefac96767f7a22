// SPDX-License-Identifier: Apache-2.0
// Blocking sockets with send and receive timeouts, and a RESP2/RESP3 reader with bounds.
#include "apps/resp_client.hpp"

#include "base/numbers.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace harka::apps {

namespace {

constexpr std::size_t reply_bytes_max = 64U << 20;
constexpr int depth_max = 8;

Error broken(const std::string& what) {
  return Error{Code::io_failed, what};
}

Error too_late() {
  return Error{Code::unknown_outcome, "no reply in time"};
}

Result<void> wait_connected(int socket, Duration timeout) {
  pollfd waiting{socket, POLLOUT, 0};
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  if (::poll(&waiting, 1, static_cast<int>(millis)) != 1) return broken("timed out");
  int failure = 0;
  socklen_t size = sizeof failure;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &failure, &size);
  if (failure != 0) return broken(std::strerror(failure));
  return {};
}

Result<void> connect_socket(int socket, const addrinfo& target, Duration timeout) {
  const int flags = ::fcntl(socket, F_GETFL);
  ::fcntl(socket, F_SETFL, flags | O_NONBLOCK);
  if (::connect(socket, target.ai_addr, target.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return broken(std::strerror(errno));
    if (Result<void> waited = wait_connected(socket, timeout); !waited.ok()) return waited;
  }
  ::fcntl(socket, F_SETFL, flags);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return {};
}

void append_command(const std::vector<std::string>& arguments, std::string& request) {
  request += "*" + std::to_string(arguments.size()) + "\r\n";
  for (const std::string& argument : arguments) {
    request += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
  }
}

Result<std::int64_t> parse_integer(std::string_view text) {
  const std::optional<std::int64_t> number = number_of<std::int64_t>(text);
  if (!number) return broken("malformed reply");
  return *number;
}

}  // namespace

Result<RespClient> RespClient::connect(const std::string& address, Duration timeout) {
  // Not parse_address: servers redirect to IPv6 addresses without brackets.
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos)
    return Error{Code::invalid_argument, address + " is not host:port"};
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure =
      ::getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found);
  if (failure != 0) return broken(address + ": " + ::gai_strerror(failure));
  const int socket = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  RespClient client(socket);
  const Result<void> connected = socket < 0 ? Result<void>(broken(std::strerror(errno)))
                                            : connect_socket(socket, *found, timeout);
  ::freeaddrinfo(found);
  if (!connected.ok()) return broken("cannot reach " + address + ": " + connected.error().detail);
  client.set_timeout(timeout);
  return Result<RespClient>(std::move(client));
}

RespClient::RespClient(RespClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      timeout_(other.timeout_),
      ends_at_(other.ends_at_),
      buffer_(std::move(other.buffer_)),
      read_(std::exchange(other.read_, 0)) {}

RespClient& RespClient::operator=(RespClient&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(timeout_, other.timeout_);
  std::swap(ends_at_, other.ends_at_);
  std::swap(buffer_, other.buffer_);
  std::swap(read_, other.read_);
  return *this;
}

RespClient::~RespClient() {
  if (socket_ >= 0) ::close(socket_);
}

void RespClient::set_timeout(Duration timeout) {
  timeout_ = std::max<Duration>(timeout, 1ms);  // the system takes zero for no limit
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(timeout_).count();
  timeval limit{};
  limit.tv_sec = micros / 1'000'000;
  limit.tv_usec = micros % 1'000'000;
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

Result<RespValue> RespClient::call(const std::vector<std::string>& arguments) {
  std::string request;
  append_command(arguments, request);
  if (Result<void> sent = send(request); !sent.ok()) return sent.error();
  return read_value(0);
}

Result<std::vector<RespValue>> RespClient::call_all(
    const std::vector<std::vector<std::string>>& commands) {
  std::string request;
  for (const auto& arguments : commands) append_command(arguments, request);
  if (Result<void> sent = send(request); !sent.ok()) return sent.error();
  std::vector<RespValue> replies;
  replies.reserve(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    Result<RespValue> reply = read_value(0);
    if (!reply.ok()) return reply.error();
    replies.push_back(std::move(reply).value());
  }
  return replies;
}

Result<void> RespClient::send(std::string_view request) {
  ends_at_ = std::chrono::steady_clock::now() + timeout_;
  while (!request.empty()) {
    const ssize_t sent = ::send(socket_, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent <= 0 && errno == EAGAIN) return too_late();
    if (sent <= 0) return broken(std::string("send: ") + std::strerror(errno));
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<RespValue> RespClient::read_value(int depth) {
  if (depth > depth_max) return broken("reply nested too deeply");
  Result<std::string> line = read_line();
  if (!line.ok()) return line.error();
  if (line.value().empty()) return broken("malformed reply");
  const char type = line.value()[0];
  RespValue value;
  value.text = line.value().substr(1);
  if (type == '+' || type == ',' || type == '(') {
    value.kind = RespValue::Kind::text;
    return value;
  }
  if (type == '-') {
    value.kind = RespValue::Kind::error;
    return value;
  }
  if (type == '_') return RespValue{};
  Result<std::int64_t> number = parse_integer(value.text);
  if (!number.ok()) return number.error();
  value.integer = number.value();
  if (type == ':') {
    value.kind = RespValue::Kind::integer;
    return value;
  }
  if (value.integer < 0) return RespValue{};
  if (static_cast<std::uint64_t>(value.integer) > reply_bytes_max) return broken("reply too large");
  const auto count = static_cast<std::size_t>(value.integer);
  if (type == '$' || type == '=') {
    Result<std::string> body = read_exactly(count + 2);
    if (!body.ok()) return body.error();
    value.kind = RespValue::Kind::text;
    value.text = body.value().substr(0, count);
    return value;
  }
  if (type != '*' && type != '%' && type != '~') return broken("malformed reply");
  value.kind = RespValue::Kind::array;
  for (std::size_t i = 0; i < (type == '%' ? count * 2 : count); ++i) {
    Result<RespValue> item = read_value(depth + 1);
    if (!item.ok()) return item.error();
    value.items.push_back(std::move(item).value());
  }
  return value;
}

Result<std::string> RespClient::read_line() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n", read_)) == std::string::npos) {
    if (buffer_.size() - read_ > reply_bytes_max) return broken("reply too large");
    if (Result<void> filled = fill(); !filled.ok()) return filled.error();
  }
  std::string line = buffer_.substr(read_, end - read_);
  read_ = end + 2;
  return line;
}

Result<std::string> RespClient::read_exactly(std::size_t count) {
  while (buffer_.size() - read_ < count) {
    if (Result<void> filled = fill(); !filled.ok()) return filled.error();
  }
  std::string text = buffer_.substr(read_, count);
  read_ += count;
  return text;
}

Result<void> RespClient::fill() {
  buffer_.erase(0, std::exchange(read_, 0));
  if (std::chrono::steady_clock::now() > ends_at_) return too_late();  // it sends, but byte by byte
  char chunk[16 * 1024];
  const ssize_t received = ::recv(socket_, chunk, sizeof chunk, 0);
  if (received == 0) return broken("the server closed the connection");
  if (received < 0 && errno == EAGAIN) return too_late();
  if (received < 0) return broken(std::string("recv: ") + std::strerror(errno));
  buffer_.append(chunk, static_cast<std::size_t>(received));
  return {};
}

}  // namespace harka::apps
