// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/pem.hpp"

#include <openssl/err.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace harka::net {

namespace {

Bio memory_of(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

Result<std::string> read_pem(const std::string& path) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) {
    return Error{Code::invalid_argument, path + " is a directory, not a PEM file"};
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Code::not_found, path + " cannot be read: " + std::strerror(errno)};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<std::vector<Certificate>> read_certificates(const std::string& path) {
  const auto pem = read_pem(path);
  if (!pem) return pem.error();
  const Bio bio = memory_of(pem.value());
  std::vector<Certificate> all;
  while (X509* read = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    all.emplace_back(read);
  }
  ERR_clear_error();
  if (all.empty()) return Error{Code::invalid_argument, path + ": not a certificate in PEM"};
  return all;
}

Result<Certificate> read_certificate(const std::string& path) {
  auto all = read_certificates(path);
  if (!all) return all.error();
  return std::move(all.value().front());
}

Result<Key> read_key(const std::string& path) {
  const auto pem = read_pem(path);
  if (!pem) return pem.error();
  const Bio bio = memory_of(pem.value());
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) {
    ERR_clear_error();
    return Error{Code::invalid_argument, path + ": not an unencrypted private key in PEM"};
  }
  return key;
}

}  // namespace harka::net
