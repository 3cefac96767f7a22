// SPDX-License-Identifier: Apache-2.0
// Certificates and keys in PEM files, as OpenSSL's objects with owners.
#pragma once

#include "base/result.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

namespace harka::net {

template <auto Free>
struct OpensslFree {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

using Key = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, OpensslFree<X509_free>>;
using Bio = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;

/// The text of a file. The error names it.
[[nodiscard]] Result<std::string> read_pem(const std::string& path);
/// All certificates of a file in its order, at least one. The error names the file.
[[nodiscard]] Result<std::vector<Certificate>> read_certificates(const std::string& path);
/// The first of them.
[[nodiscard]] Result<Certificate> read_certificate(const std::string& path);
[[nodiscard]] Result<Key> read_key(const std::string& path);

[[nodiscard]] std::string common_name_of(const X509& certificate);

/// The oldest entry of this thread's OpenSSL error queue, which is the cause; empties the queue.
[[nodiscard]] std::string take_openssl_error();

}  // namespace harka::net
