// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/tls_files.hpp"

#include "runtime/net/pem.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

namespace harka::net {

namespace {

using Store = std::unique_ptr<X509_STORE, OpensslFree<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, OpensslFree<X509_STORE_CTX_free>>;

}  // namespace

Result<void> check_key_pair(const std::string& certificate_path, const std::string& key_path) {
  const auto certificate = read_certificate(certificate_path);
  if (!certificate) return certificate.error();
  const auto key = read_key(key_path);
  if (!key) return key.error();
  if (X509_check_private_key(certificate.value().get(), key.value().get()) != 1) {
    ERR_clear_error();
    return Error{Code::invalid_argument, key_path + " is not the key of " + certificate_path};
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.value().get())) < 0) {
    return Error{Code::invalid_argument, certificate_path + " has expired: issue a new one"};
  }
  return {};
}

Result<void> check_tls_files(const TlsFiles& files) {
  const auto ca = read_certificate(files.ca);
  if (!ca) return ca.error();
  return check_key_pair(files.certificate, files.key);
}

Result<void> check_peers_accept(const TlsFiles& files, const std::string& name) {
  const auto ca = read_certificate(files.ca);
  if (!ca) return ca.error();
  const auto chain = read_certificates(files.certificate);
  if (!chain) return chain.error();
  X509* own = chain.value().front().get();
  if (const std::string named = common_name_of(*own); named != name) {
    return Error{
        Code::invalid_argument,
        files.certificate + " is the certificate of node '" + named + "', not of '" + name + "'"};
  }
  const Store trusted(X509_STORE_new());
  const StoreContext context(X509_STORE_CTX_new());
  STACK_OF(X509)* between = sk_X509_new_null();
  for (const Certificate& each : chain.value()) sk_X509_push(between, each.get());
  const bool is_ready = trusted != nullptr && context != nullptr && between != nullptr &&
                        X509_STORE_add_cert(trusted.get(), ca.value().get()) == 1 &&
                        X509_STORE_CTX_init(context.get(), trusted.get(), own, between) == 1;
  const bool is_accepted = is_ready && X509_verify_cert(context.get()) == 1;
  const int reason = is_ready ? X509_STORE_CTX_get_error(context.get()) : X509_V_ERR_UNSPECIFIED;
  sk_X509_free(between);
  ERR_clear_error();
  if (is_accepted) return {};
  return Error{
      Code::invalid_argument,
      files.certificate + " would be refused by every node that trusts " + files.ca + ": " +
          X509_verify_cert_error_string(reason)};
}

}  // namespace harka::net
