// SPDX-License-Identifier: Apache-2.0
// Mutual TLS 1.3 between nodes: both sides present a certificate of the cluster's CA. A node's
// certificate says two things:
//   DNS name node.harka   it is a node, which both sides check: a dialer may not know the name yet;
//   common name <name>    it is this node, which both sides compare with the hello.
// OpenSSL itself instead of KJ-TLS, whose promises and buffers cost more than the encryption.
#pragma once

#include "base/result.hpp"
#include "runtime/net/pem.hpp"
#include "runtime/net/tls_files.hpp"

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>

namespace harka::net {

constexpr const char* any_node_hostname = "node.harka";

using SslContext = std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, OpensslFree<SSL_free>>;

enum class TlsRole : std::uint8_t { dials, listens };

/// What all TLS connections of a node share.
class NodeTls {
 public:
  /// RFC 8446 §5.5 allows AES-GCM 2^24.5 records under one key.
  static constexpr std::uint64_t records_a_key_max = 1U << 24U;

  /// For a CA of the cluster's own. After `records_a_key` records a connection's writer takes a new
  /// key. The error names the file that is missing or wrong.
  [[nodiscard]] static Result<std::unique_ptr<NodeTls>> make(
      const TlsFiles& files, std::uint64_t records_a_key = records_a_key_max);

  /// One connection's TLS, before its handshake and without a socket.
  [[nodiscard]] Ssl connection(TlsRole role) const;

  [[nodiscard]] std::uint64_t records_a_key() const { return records_a_key_; }

 private:
  NodeTls(SslContext context, std::uint64_t records_a_key)
      : context_(std::move(context)), records_a_key_(records_a_key) {}

  SslContext context_;
  std::uint64_t records_a_key_;
};

/// The common name that the peer proved in a finished handshake.
[[nodiscard]] std::string certified_name(const SSL& ssl);

}  // namespace harka::net
