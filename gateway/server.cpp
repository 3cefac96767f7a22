// SPDX-License-Identifier: Apache-2.0
// Idle connections own no buffer: bytes are read into one that the loop shares, and only an
// incomplete command is kept.
#include "gateway/server.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "gateway/listener.hpp"
#include "runtime/net/loop_kj.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace harka::gateway {

namespace {

constexpr std::size_t read_bytes = 64 * 1024;
constexpr std::size_t read_step_max = 1 << 20;  // an incomplete command grows by this at most
constexpr std::size_t kept_capacity_max = 64 * 1024;
constexpr int events_max = 256;
constexpr int accepts_max = 64;  // a turn
constexpr int settle_rounds_max = 16;
constexpr Duration sweep_interval = 1s;
constexpr Duration handshake_max = 10s;
constexpr std::uint32_t listener_mark = 0xFFFFFFFF;

}  // namespace

struct Server::Connection {
  int socket = -1;
  SessionId id;
  RespSession* session = nullptr;
  std::unique_ptr<Transport> transport;
  std::string input;          // of an incomplete command, or while the session takes none
  std::size_t sent = 0;       // bytes of the session's output
  std::uint32_t watched = 0;  // epoll events
  std::optional<Instant> stalled_since;  // since when output does not go out
  bool has_ended = false;                // the client sends no more
  bool is_closed = false;
};

/// What lives on the loop thread only.
struct Server::Kj final : private kj::TaskSet::ErrorHandler {
  explicit Kj(Server& its_server)
      : server(its_server),
        observer(
            server.loop_.kj().port(), server.epoll_, kj::UnixEventPort::FdObserver::OBSERVE_READ),
        tasks(*this) {}

  /// As long as there is work, other events of the loop get their turn between two of ours.
  kj::Promise<void> run() {
    if (server.turn()) return kj::evalLast([this] { return run(); });
    return observer.whenBecomesReadable().then([this] { return run(); });
  }

  void taskFailed(kj::Exception&& exception) override {
    // Nothing serves the sockets any more: whoever owns the loop must not go on as if it did.
    server.loop_.fail("the gateway failed: " + net::describe(exception));
  }

  Server& server;
  kj::UnixEventPort::FdObserver observer;
  kj::TaskSet tasks;
  bool is_settling = false;
  net::EventLoop::TimerHandle sweeper = 0;
};

Result<std::unique_ptr<Server>> Server::start(
    net::EventLoop& loop, Options options, RouterPort& port) {
  std::unique_ptr<Server> server(new Server(loop, std::move(options), port));
  if (Result<void> listening = server->listen(); !listening.ok()) return listening.error();
  if (!loop.run([&server] { server->attach(); })) {
    return Error{Code::retry_later, "the event loop of the gateway is stopping"};
  }
  return server;
}

Server::Server(net::EventLoop& loop, Options options, RouterPort& port)
    : loop_(loop), service_(std::move(options), port), read_buffer_(read_bytes) {
  service_.set_time(HostTime::read());
}

Server::~Server() {
  stop();
}

Result<void> Server::listen() {
  const Options& options = service_.options();
  if (!options.tls_certificate.empty()) {
    auto tls = TlsListener::make(options.tls_certificate, options.tls_key);
    if (!tls.ok()) return tls.error();
    tls_ = std::move(tls).value();
  }
  const Result<Listening> listening = open_listener(options);
  if (!listening.ok()) return listening.error();
  listener_ = listening.value().socket;
  bound_port_ = listening.value().port;
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  ASSERT(epoll_ >= 0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = listener_mark;
  ASSERT(::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) == 0);
  return {};
}

void Server::attach() {
  service_.set_wake([this] { schedule_settle(); });
  kj_ = std::make_unique<Kj>(*this);
  kj_->tasks.add(kj_->run());
  kj_->sweeper = loop_.set_timer(sweep_interval, [this] { sweep(); });
}

void Server::detach() {
  service_.set_wake(nullptr);
  loop_.cancel_timer(kj_->sweeper);
  for (const auto& connection : connections_) {
    if (connection) close(*connection);
  }
  drop_closed();
  kj_.reset();
}

void Server::stop() {
  if (std::exchange(is_stopped_, true)) return;
  if (kj_ && !loop_.run([this] { detach(); })) {
    // The loop ended first and its thread is gone: nothing else can touch these any more.
    kj_.release();  // NOLINT: KJ objects must not be destroyed on another thread
    for (const auto& connection : connections_) {
      if (connection) ::close(connection->socket);
    }
  }
  if (listener_ >= 0) ::close(listener_);
  if (epoll_ >= 0) ::close(epoll_);
}

bool Server::turn() {
  epoll_event events[events_max];
  const int count = ::epoll_wait(epoll_, events, events_max, 0);
  if (count <= 0) return false;
  service_.set_time(HostTime::read());
  is_in_turn_ = true;
  for (int i = 0; i < count; ++i) {
    const std::uint32_t slot = events[i].data.u32;
    if (slot == listener_mark) {
      accept_all();
    } else if (slot < connections_.size() && connections_[slot]) {
      on_event(*connections_[slot], events[i].events);
    }
  }
  settle();
  is_in_turn_ = false;
  return true;
}

void Server::accept_all() {
  for (int i = 0; i < accepts_max; ++i) {
    Accepted accepted = accept_from(listener_);
    if (accepted.socket < 0) {
      if (!accepted.is_exhausted) return;
      log::warning("gateway", "no descriptors are left: new clients wait");
      is_accepting_ = false;
      ::epoll_ctl(epoll_, EPOLL_CTL_DEL, listener_, nullptr);
      return;
    }
    if (service_.session_count() >= service_.options().clients_max) {
      static constexpr std::string_view full = "-ERR max number of clients reached\r\n";
      ++service_.counters().connections_refused;
      (void)!::send(accepted.socket, full.data(), full.size(), MSG_NOSIGNAL);
      ::close(accepted.socket);
      continue;
    }
    adopt(accepted.socket, std::move(accepted.peer));
  }
}

void Server::adopt(int socket, std::string peer) {
  std::unique_ptr<Transport> transport = tls_ ? tls_->accept(socket) : make_plain_transport(socket);
  if (!transport) {
    ::close(socket);
    return;
  }
  auto connection = std::make_unique<Connection>();
  RespSession& session = service_.open(std::move(peer), local_name(socket));
  connection->socket = socket;
  connection->id = session.id();
  connection->session = &session;
  connection->transport = std::move(transport);
  connection->watched = EPOLLIN;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = connection->id.slot;
  ASSERT(::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) == 0);
  if (connection->id.slot >= connections_.size()) connections_.resize(connection->id.slot + 1);
  connections_[connection->id.slot] = std::move(connection);
}

void Server::on_event(Connection& connection, std::uint32_t events) {
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) return close(connection);
  const bool can_read = (events & EPOLLIN) != 0 || connection.transport->read_needs_write();
  if (can_read) read_from(connection);
  if (!connection.is_closed) service_.touch(*connection.session);
}

void Server::read_from(Connection& connection) {
  connection.session->state().active_at = service_.now();
  while (read_once(connection) && connection.transport->has_buffered()) {
  }
}

bool Server::read_once(Connection& connection) {
  if (connection.is_closed || connection.has_ended || !connection.session->wants_input())
    return false;
  std::string& input = connection.input;
  const std::size_t kept = input.size();
  char* target = read_buffer_.data();
  std::size_t room = read_buffer_.size();
  if (kept > 0) {
    const std::size_t expected = connection.session->input_expected();
    room = expected > kept ? std::min(expected - kept, read_step_max) : read_bytes;
    room = std::max(room, read_bytes);
    input.resize(kept + room);
    target = input.data() + kept;
  }
  const Transport::Progress progress = connection.transport->read(target, room);
  if (kept > 0) input.resize(kept + progress.bytes);
  switch (progress.outcome) {
    case Transport::Outcome::some: break;
    case Transport::Outcome::again: return false;
    case Transport::Outcome::closed:
      connection.has_ended = true;
      connection.session->close();  // what is in flight is still answered
      return false;
  }
  service_.counters().bytes_in += progress.bytes;
  consume(connection, progress.bytes);
  return true;
}

/// `fresh` bytes are in the shared buffer, or behind what was kept.
void Server::consume(Connection& connection, std::size_t fresh) {
  std::string& input = connection.input;
  if (input.empty()) {
    const std::string_view bytes(read_buffer_.data(), fresh);
    const std::size_t taken = connection.session->feed(bytes);
    if (taken < fresh) input.assign(bytes.substr(taken));
    return;
  }
  const std::size_t taken = connection.session->feed(input);
  if (taken < input.size()) {
    input.erase(0, taken);
  } else if (input.capacity() > kept_capacity_max) {
    std::string().swap(input);
  } else {
    input.clear();
  }
}

/// Batches out, replies out, until nothing moves any more.
void Server::settle() {
  for (int round = 0; round < settle_rounds_max; ++round) {
    service_.submit_all();
    service_.take_touched(touched_);
    if (touched_.empty()) break;
    for (const SessionId id : touched_) {
      if (service_.find(id) != nullptr) pump(*connections_[id.slot]);
    }
  }
  drop_closed();
  service_.submit_all();         // what the last of all rounds took
  if (service_.has_touched()) {  // answered within submit, round after round: others get a turn
    is_in_turn_ = false;
    schedule_settle();
  }
}

void Server::pump(Connection& connection) {
  RespSession& session = *connection.session;
  if (!connection.input.empty() && session.wants_input()) consume(connection, 0);
  if (connection.transport->has_buffered()) read_from(connection);
  const bool was_full = !session.wants_input();
  write_to(connection);
  if (connection.is_closed) return;
  // No event of the socket tells of commands that are here already: another round takes them.
  if (was_full && session.wants_input()) service_.touch(session);
  const bool is_sent = connection.sent == session.output().size();
  if (session.is_closing() && is_sent) return close(connection);
  watch(connection);
}

void Server::write_to(Connection& connection) {
  std::string& output = connection.session->output();
  while (!connection.is_closed && connection.sent < output.size()) {
    const Transport::Progress progress = connection.transport->write(
        output.data() + connection.sent, output.size() - connection.sent);
    if (progress.outcome == Transport::Outcome::closed) return close(connection);
    if (progress.outcome == Transport::Outcome::again) break;
    connection.sent += progress.bytes;
    connection.stalled_since.reset();
    service_.counters().bytes_out += progress.bytes;
  }
  if (connection.sent == output.size()) {
    connection.sent = 0;
    connection.stalled_since.reset();
    if (output.capacity() > kept_capacity_max) {
      std::string().swap(output);
    } else {
      output.clear();
    }
    return;
  }
  if (!connection.stalled_since) connection.stalled_since = service_.now();
  if (output.size() - connection.sent > service_.options().output_bytes_fatal) {
    log::warning(
        "gateway", "closing a client that does not read: " + connection.session->state().peer);
    return close(connection);
  }
  if (connection.sent > read_step_max) {
    output.erase(0, connection.sent);
    connection.sent = 0;
  }
}

void Server::watch(Connection& connection) {
  const RespSession& session = *connection.session;
  std::uint32_t wanted = 0;
  if (!connection.has_ended && session.wants_input()) wanted |= EPOLLIN;
  if (connection.sent < connection.session->output().size() ||
      connection.transport->read_needs_write()) {
    wanted |= EPOLLOUT;
  }
  if (wanted == connection.watched) return;
  connection.watched = wanted;
  epoll_event event{};
  event.events = wanted;
  event.data.u32 = connection.id.slot;
  ASSERT(::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.socket, &event) == 0);
}

void Server::close(Connection& connection) {
  if (std::exchange(connection.is_closed, true)) return;
  service_.close(connection.id);
  ::close(connection.socket);
  closed_.push_back(std::move(connections_[connection.id.slot]));
}

void Server::drop_closed() {
  closed_.clear();
}

void Server::schedule_settle() {
  if (is_in_turn_ || !kj_ || std::exchange(kj_->is_settling, true)) return;
  kj_->tasks.add(kj::evalLast([this] {
    kj_->is_settling = false;
    is_in_turn_ = true;
    settle();
    is_in_turn_ = false;
  }));
}

void Server::sweep() {
  service_.set_time(HostTime::read());
  const Options& options = service_.options();
  const Instant now = service_.now();
  for (const auto& held : connections_) {
    if (!held) continue;
    Connection& connection = *held;
    const SessionState& state = connection.session->state();
    const bool is_stalled =
        connection.stalled_since && now - *connection.stalled_since > options.stalled_timeout;
    const bool is_idle = options.idle_timeout > Duration::zero() &&
                         !connection.session->is_waiting() &&
                         now - state.active_at > options.idle_timeout;
    const bool is_stuck =
        !connection.transport->is_established() && now - state.connected_at > handshake_max;
    if (is_stalled || is_idle || is_stuck) close(connection);
  }
  drop_closed();
  if (!std::exchange(is_accepting_, true)) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = listener_mark;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
  }
  kj_->sweeper = loop_.set_timer(sweep_interval, [this] { sweep(); });
}

}  // namespace harka::gateway
