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

std::string common_name_of(const X509& certificate) {
  char text[256] = "";
  const int size = X509_NAME_get_text_by_NID(
      X509_get_subject_name(&certificate), NID_commonName, text, sizeof text);
  return size < 0 ? std::string() : std::string(text);
}

std::string take_openssl_error() {
  char text[256] = "no reason given";
  if (const unsigned long code = ERR_get_error(); code != 0) {
    ERR_error_string_n(code, text, sizeof text);
  }
  ERR_clear_error();
  return text;
}

}  // namespace harka::net
