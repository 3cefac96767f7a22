// SPDX-License-Identifier: Apache-2.0
// OpenSSL gets a BIO of ours: it reads the socket in large pieces and skips the read that would
// only say "nothing more"; what it writes is gathered, so a burst of records is one send.
#include "runtime/net/connection.hpp"

#include "base/assert.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

namespace harka::net {

namespace {

constexpr const char* closed_by_peer = "the peer closed the connection";
constexpr std::size_t record_bytes = 16 * 1024;
// A buffer that a burst has grown beyond this is given back once it is sent.
constexpr std::size_t out_kept_bytes = 512 * 1024;

int clamped(std::size_t size) {
  return size > INT_MAX ? INT_MAX : static_cast<int>(size);
}

}  // namespace

Connection::Socket::Socket(const kj::AsyncIoStream& stream) : fd(-1) {
  KJ_IF_MAYBE (theirs, stream.getFd()) {
    fd = ::fcntl(*theirs, F_DUPFD_CLOEXEC, 0);
  }
  if (fd < 0) throw failure(std::string("cannot take the socket over: ") + std::strerror(errno));
}

Connection::Socket::~Socket() {
  ::close(fd);
}

struct Connection::TlsSocket {
  static int read(BIO* bio, char* into, int room) {
    BIO_clear_retry_flags(bio);
    Connection& connection = *static_cast<Connection*>(BIO_get_data(bio));
    const std::size_t count = connection.receive(into, static_cast<std::size_t>(room));
    if (count > 0) return static_cast<int>(count);
    if (!connection.is_open()) return 0;
    BIO_set_retry_read(bio);
    return -1;
  }

  static int write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    static_cast<Connection*>(BIO_get_data(bio))->out_.append(from, static_cast<std::size_t>(size));
    return size;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
      ASSERT(fresh != nullptr);
      BIO_meth_set_read(fresh, read);
      BIO_meth_set_write(fresh, write);
      BIO_meth_set_ctrl(fresh, control);
      return fresh;
    }();
    return made;
  }
};

Connection::Connection(
    EventLoop::Kj& kj, kj::Own<kj::AsyncIoStream> stream, const NodeTls* tls, TlsRole role)
    : socket_(*stream),
      observer_(kj.port(), socket_.fd, kj::UnixEventPort::FdObserver::OBSERVE_READ_WRITE) {
  const int one = 1;
  (void)::setsockopt(socket_.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (tls == nullptr) return;
  ssl_ = tls->connection(role);
  records_a_key_ = tls->records_a_key();
  BIO* bio = BIO_new(TlsSocket::method());
  ASSERT(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

Connection::~Connection() {
  if (ssl_ != nullptr && is_open() && SSL_is_init_finished(ssl_.get()) == 1) {
    (void)SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  flush();
}

kj::Promise<void> Connection::secure() {
  if (ssl_ == nullptr) return kj::READY_NOW;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) end_tls(result);
  flush();  // also the alert that tells the peer why
  if (!is_open()) return failure(end_reason_);
  if (result == 1) return kj::READY_NOW;
  return when_readable().then([this] { return secure(); });
}

std::string Connection::peer_name() const {
  return ssl_ == nullptr ? std::string() : certified_name(*ssl_);
}

std::size_t Connection::read(char* into, std::size_t room) {
  if (!is_open()) return 0;
  if (ssl_ == nullptr) return receive(into, room);
  ERR_clear_error();
  const int result = SSL_read(ssl_.get(), into, clamped(room));
  if (result > 0) return static_cast<std::size_t>(result);
  end_tls(result);
  return 0;
}

std::size_t Connection::receive(char* into, std::size_t room) {
  while (!is_drained_) {
    const ssize_t count = ::recv(socket_.fd, into, room, 0);
    if (count > 0) {
      // Less than asked for was all there is, unless the end came with it.
      const bool is_all = static_cast<std::size_t>(count) < room;
      if (is_all && !observer_.atEndHint().orDefault(true)) drained();
      return static_cast<std::size_t>(count);
    }
    if (count == 0) {
      end(closed_by_peer);
      return 0;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      end(std::strerror(errno));
      return 0;
    }
    drained();
  }
  return 0;
}

// From here on, not from `when_readable`: the socket may speak before anybody waits for it.
void Connection::drained() {
  is_drained_ = true;
  readable_ = observer_.whenBecomesReadable();
}

kj::Promise<void> Connection::when_readable() {
  ASSERT(is_drained_);
  is_drained_ = false;
  return kj::mv(readable_);
}

void Connection::write(std::string_view bytes) {
  if (!is_open()) return;
  if (ssl_ == nullptr) {
    out_.append(bytes);
    return;
  }
  renew_key();
  if (!is_open()) return;
  records_ += bytes.size() / record_bytes + 1;
  ERR_clear_error();
  std::size_t written = 0;
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
  if (result != 1) return end("cannot encrypt: " + take_openssl_error());
  ASSERT(written == bytes.size());
}

void Connection::renew_key() {
  if (records_ < records_a_key_) return;
  records_ = 0;
  // Refused while a handshake message of the peer is half read, which no honest peer leaves so.
  const int is_asked = SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
  if (is_asked != 1) return end("no new key: " + take_openssl_error());
  ++keys_renewed_;
}

void Connection::flush() {
  while (unsent() > 0) {
    const ssize_t count =
        ::send(socket_.fd, out_.data() + out_sent_, unsent(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (count < 0) {
      end(std::strerror(errno));
      break;
    }
    out_sent_ += static_cast<std::size_t>(count);
  }
  out_.clear();
  out_sent_ = 0;
  if (out_.capacity() > out_kept_bytes) out_.shrink_to_fit();
}

kj::Promise<void> Connection::when_writable() {
  return observer_.whenBecomesWritable();
}

void Connection::end(std::string reason) {
  if (is_open()) end_reason_ = std::move(reason);
}

void Connection::end_tls(int result) {
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ || !is_open()) return ERR_clear_error();
  end(error == SSL_ERROR_ZERO_RETURN ? closed_by_peer : take_openssl_error());
}

}  // namespace harka::net
