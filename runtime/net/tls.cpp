// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/tls.hpp"

#include "base/assert.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <utility>

namespace harka::net {

namespace {

// The cheapest first; all are sound.
constexpr const char* ciphersuites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
// One read of the socket takes this much, many records under load.
constexpr std::size_t read_ahead_bytes = 128 * 1024;

Error cannot_use(const std::string& file) {
  return Error{Code::invalid_argument, file + " cannot be used: " + take_openssl_error()};
}

Result<void> load_files(SSL_CTX* context, const TlsFiles& files) {
  if (SSL_CTX_load_verify_file(context, files.ca.c_str()) != 1) return cannot_use(files.ca);
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return cannot_use(files.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return cannot_use(files.key);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<NodeTls>> NodeTls::make(const TlsFiles& files, std::uint64_t records_a_key) {
  ERR_clear_error();
  if (const auto checked = check_tls_files(files); !checked) return checked.error();
  SslContext context(SSL_CTX_new(TLS_method()));
  ASSERT(context != nullptr);
  const bool is_set = SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) == 1 &&
                      SSL_CTX_set_ciphersuites(context.get(), ciphersuites) == 1 &&
                      SSL_CTX_set_num_tickets(context.get(), 0) == 1;
  ASSERT(is_set);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_default_read_buffer_len(context.get(), read_ahead_bytes);
  if (const auto loaded = load_files(context.get(), files); !loaded) return loaded.error();
  return std::unique_ptr<NodeTls>(new NodeTls(std::move(context), records_a_key));
}

Ssl NodeTls::connection(TlsRole role) const {
  Ssl ssl(SSL_new(context_.get()));
  ASSERT(ssl != nullptr);
  const int is_set = SSL_set1_host(ssl.get(), any_node_hostname);
  ASSERT(is_set == 1);
  if (role == TlsRole::dials) {
    SSL_set_connect_state(ssl.get());
  } else {
    SSL_set_accept_state(ssl.get());
  }
  return ssl;
}

std::string certified_name(const SSL& ssl) {
  const X509* certificate = SSL_get0_peer_certificate(&ssl);
  return certificate == nullptr ? std::string() : common_name_of(*certificate);
}

}  // namespace harka::net
