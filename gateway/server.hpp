// SPDX-License-Identifier: Apache-2.0
// The sockets of one gateway on one event loop. A turn reads what all ready connections sent, hands
// one batch a shard to the router, and later writes each connection's replies with one call.
//
// The connections have an epoll of their own, which the loop's KJ port watches as one descriptor: a
// turn costs KJ one event however many connections are ready.
#pragma once

#include "base/result.hpp"
#include "gateway/service.hpp"
#include "gateway/transport.hpp"
#include "runtime/net/loop.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace harka::gateway {

class Server {
 public:
  /// Listens and serves. Any thread but the loop's. `loop` and `port` outlive the server; what the
  /// server cannot survive fails the loop. The error
  /// says why it does not listen: address in use, unusable certificate, or a listener beyond
  /// loopback without TLS and a password.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(
      net::EventLoop& loop, Options options, RouterPort& port);
  /// As `stop`.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Closes everything. Not on the loop thread.
  void stop();

  /// Where it listens: the port that was asked for, or the one the system chose.
  [[nodiscard]] std::uint16_t port() const { return bound_port_; }

  /// Loop thread only: views go in and answers come back here.
  [[nodiscard]] Service& service() { return service_; }

 private:
  struct Connection;
  struct Kj;

  Server(net::EventLoop& loop, Options options, RouterPort& port);
  [[nodiscard]] Result<void> listen();
  void attach();
  void detach();

  /// One round over what is ready; false when nothing was.
  bool turn();
  void accept_all();
  void adopt(int socket, std::string peer);
  void on_event(Connection& connection, std::uint32_t events);
  void read_from(Connection& connection);
  [[nodiscard]] bool read_once(Connection& connection);
  void consume(Connection& connection, std::size_t fresh);
  void settle();
  void pump(Connection& connection);
  void write_to(Connection& connection);
  void watch(Connection& connection);
  void close(Connection& connection);
  void drop_closed();
  void schedule_settle();
  void sweep();

  net::EventLoop& loop_;
  Service service_;
  int listener_ = -1;
  int epoll_ = -1;
  std::uint16_t bound_port_ = 0;
  bool is_accepting_ = true;
  bool is_in_turn_ = false;
  bool is_stopped_ = false;
  std::unique_ptr<TlsListener> tls_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by session slot
  std::vector<std::unique_ptr<Connection>> closed_;       // until the end of the turn
  std::vector<SessionId> touched_;
  std::vector<char> read_buffer_;
  std::unique_ptr<Kj> kj_;  // loop thread only
};

}  // namespace harka::gateway
