// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/dev_ca.hpp"

#include "runtime/net/pem.hpp"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace harka::net {

namespace {

constexpr long valid_seconds = 10L * 365 * 24 * 3600;

using Extension = std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>>;

Error openssl_error(const std::string& what) {
  return {Code::io_failed, what + ": " + take_openssl_error()};
}

Result<void> write_private(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    const Code code = errno == EEXIST ? Code::already_exists : Code::io_failed;
    return Error{code, path + ": " + std::strerror(errno)};
  }
  const bool is_written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool is_synced = ::fsync(file) == 0;
  const bool is_closed = ::close(file) == 0;
  if (!is_written || !is_synced || !is_closed) {
    return Error{Code::io_failed, path + ": " + std::strerror(errno)};
  }
  return {};
}

template <typename Write>
Result<std::string> to_pem(const std::string& what, const Write& write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || write(bio.get()) != 1) return openssl_error(what);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_nconf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1U) == 1;
}

bool set_common_name(X509_NAME* name, const std::string& text) {
  return X509_NAME_add_entry_by_txt(
             name,
             "CN",
             MBSTRING_UTF8,
             reinterpret_cast<const unsigned char*>(text.c_str()),
             -1,
             -1,
             0) == 1;
}

// An unsigned certificate for `key`; without an issuer it names itself.
Certificate make_certificate(EVP_PKEY* key, const std::string& common_name, X509* issuer) {
  Certificate certificate(X509_new());
  if (certificate == nullptr) return nullptr;
  X509* raw = certificate.get();
  const bool is_filled = X509_set_version(raw, 2) == 1 && set_serial(raw) &&
                         X509_gmtime_adj(X509_getm_notBefore(raw), -3600) != nullptr &&
                         X509_gmtime_adj(X509_getm_notAfter(raw), valid_seconds) != nullptr &&
                         X509_set_pubkey(raw, key) == 1 &&
                         set_common_name(X509_get_subject_name(raw), common_name);
  if (!is_filled) return nullptr;
  X509_NAME* issuer_name = X509_get_subject_name(issuer != nullptr ? issuer : raw);
  if (X509_set_issuer_name(raw, issuer_name) != 1) return nullptr;
  return certificate;
}

Result<void> write_pair(
    const std::string& certificate_path,
    const std::string& key_path,
    X509* certificate,
    EVP_PKEY* key) {
  const auto key_pem = to_pem("encoding the key", [&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  if (!key_pem) return key_pem.error();
  const auto certificate_pem = to_pem(
      "encoding the certificate", [&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
  if (!certificate_pem) return certificate_pem.error();
  if (auto written = write_private(key_path, key_pem.value()); !written) return written;
  return write_private(certificate_path, certificate_pem.value());
}

Result<void> check_name(const std::string& name) {
  const bool is_good =
      !name.empty() && name.size() <= 63 && name != "ca" &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
          std::string::npos;
  if (is_good) return {};
  return Error{
      Code::invalid_argument,
      "node name '" + name + "': use letters, digits, '-' and '_', at most 63, and not 'ca'"};
}

}  // namespace

TlsFiles dev_tls_files(const std::string& dir, const std::string& name) {
  return {dir + "/ca.pem", dir + "/" + name + ".pem", dir + "/" + name + ".key"};
}

Result<void> make_dev_ca(const std::string& dir) {
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) {
    return Error{Code::io_failed, dir + ": " + std::strerror(errno)};
  }
  const Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return openssl_error("making the CA's key");
  // Each CA has a name of its own, so that a certificate of another one is reported as such.
  std::uint32_t mark = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&mark), sizeof mark) != 1) {
    return openssl_error("drawing the CA's name");
  }
  const Certificate certificate =
      make_certificate(key.get(), "HARKA development CA " + std::to_string(mark), nullptr);
  X509* raw = certificate.get();
  const bool is_signed =
      raw != nullptr &&
      add_extension(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(raw, raw, NID_subject_key_identifier, "hash") &&
      X509_sign(raw, key.get(), EVP_sha256()) > 0;
  if (!is_signed) return openssl_error("signing the CA's certificate");
  return write_pair(dir + "/ca.pem", dir + "/ca.key", raw, key.get());
}

Result<void> issue_node_certificate(const std::string& dir, const std::string& name) {
  if (auto checked = check_name(name); !checked) return checked;
  const auto ca = read_certificate(dir + "/ca.pem");
  if (!ca) return ca.error();
  const auto ca_key = read_key(dir + "/ca.key");
  if (!ca_key) return ca_key.error();
  X509* issuer = ca.value().get();
  const Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return openssl_error("making the node's key");
  const Certificate certificate = make_certificate(key.get(), name, issuer);
  X509* raw = certificate.get();
  const bool is_signed =
      raw != nullptr && add_extension(raw, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(raw, issuer, NID_key_usage, "critical,digitalSignature") &&
      add_extension(raw, issuer, NID_ext_key_usage, "serverAuth,clientAuth") &&
      add_extension(
          raw,
          issuer,
          NID_subject_alt_name,
          "DNS:" + name + ".node.harka,DNS:node.harka,DNS:localhost,IP:127.0.0.1") &&
      X509_sign(raw, ca_key.value().get(), EVP_sha256()) > 0;
  if (!is_signed) return openssl_error("signing the certificate of " + name);
  const TlsFiles files = dev_tls_files(dir, name);
  return write_pair(files.certificate, files.key, raw, key.get());
}

}  // namespace harka::net
