// SPDX-License-Identifier: Apache-2.0
// OpenSSL reads and writes the socket itself; its error queue ends here.
#include "gateway/transport.hpp"

#include "runtime/net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace harka::gateway {

namespace {

Transport::Progress progress_of(ssize_t count) {
  if (count > 0) return {Transport::Outcome::some, static_cast<std::size_t>(count)};
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return {};
  return {Transport::Outcome::closed, 0};
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(int socket) : socket_(socket) {}

  Progress read(char* into, std::size_t room) override {
    return progress_of(::recv(socket_, into, room, 0));
  }

  Progress write(const char* from, std::size_t size) override {
    return progress_of(::send(socket_, from, size, MSG_NOSIGNAL));
  }

  [[nodiscard]] bool has_buffered() const override { return false; }

  [[nodiscard]] bool read_needs_write() const override { return false; }

  [[nodiscard]] bool is_established() const override { return true; }

 private:
  int socket_;
};

class TlsTransport final : public Transport {
 public:
  explicit TlsTransport(net::Ssl ssl) : ssl_(std::move(ssl)) {}

  Progress read(char* into, std::size_t room) override {
    ERR_clear_error();
    const int limit = static_cast<int>(std::min<std::size_t>(room, INT_MAX));
    const Progress progress = judge(SSL_read(ssl_.get(), into, limit));
    read_needs_write_ = progress.outcome == Outcome::again && last_error_ == SSL_ERROR_WANT_WRITE;
    return progress;
  }

  Progress write(const char* from, std::size_t size) override {
    ERR_clear_error();
    const int limit = static_cast<int>(std::min<std::size_t>(size, INT_MAX));
    return judge(SSL_write(ssl_.get(), from, limit));
  }

  [[nodiscard]] bool has_buffered() const override { return SSL_pending(ssl_.get()) > 0; }

  [[nodiscard]] bool read_needs_write() const override { return read_needs_write_; }

  [[nodiscard]] bool is_established() const override {
    return SSL_is_init_finished(ssl_.get()) != 0;
  }

 private:
  Progress judge(int result) {
    if (result > 0) return {Outcome::some, static_cast<std::size_t>(result)};
    last_error_ = SSL_get_error(ssl_.get(), result);
    if (last_error_ == SSL_ERROR_WANT_READ || last_error_ == SSL_ERROR_WANT_WRITE) return {};
    ERR_clear_error();
    return {Outcome::closed, 0};
  }

  net::Ssl ssl_;
  int last_error_ = SSL_ERROR_NONE;
  bool read_needs_write_ = false;
};

class OpensslListener final : public TlsListener {
 public:
  explicit OpensslListener(net::SslContext context) : context_(std::move(context)) {}

  std::unique_ptr<Transport> accept(int socket) override {
    net::Ssl ssl(SSL_new(context_.get()));
    if (!ssl || SSL_set_fd(ssl.get(), socket) != 1) return nullptr;
    SSL_set_accept_state(ssl.get());
    return std::make_unique<TlsTransport>(std::move(ssl));
  }

 private:
  net::SslContext context_;
};

Error tls_error(const std::string& what) {
  return Error{Code::invalid_argument, what + ": " + net::take_openssl_error()};
}

}  // namespace

Result<std::unique_ptr<TlsListener>> TlsListener::make(
    const std::string& certificate, const std::string& key) {
  ERR_clear_error();
  net::SslContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) return tls_error("TLS for clients cannot start");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(
      context.get(),
      SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
          SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1) {
    return tls_error("the certificate for clients, " + certificate + ", cannot be used");
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return tls_error("the key for clients, " + key + ", cannot be used");
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return tls_error("the key " + key + " does not belong to the certificate " + certificate);
  }
  return std::unique_ptr<TlsListener>(std::make_unique<OpensslListener>(std::move(context)));
}

std::unique_ptr<Transport> make_plain_transport(int socket) {
  return std::make_unique<PlainTransport>(socket);
}

}  // namespace harka::gateway
