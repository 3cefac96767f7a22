// SPDX-License-Identifier: Apache-2.0
// The border where what KJ throws about bad PEM files becomes an Error.
#include "runtime/net/tls.hpp"

#include "runtime/net/loop_kj.hpp"
#include "runtime/net/pem.hpp"

#include <kj/exception.h>

#include <string_view>
#include <utility>

namespace harka::net {

Result<kj::Own<kj::TlsContext>> make_node_tls(const TlsFiles& files, kj::Timer& timer) {
  if (const auto checked = check_tls_files(files); !checked) return checked.error();
  const auto ca = read_pem(files.ca);
  if (!ca) return ca.error();
  const auto certificate = read_pem(files.certificate);
  if (!certificate) return certificate.error();
  const auto key = read_pem(files.key);
  if (!key) return key.error();
  try {
    const kj::TlsCertificate trusted(kj::StringPtr(ca.value().c_str()));
    const kj::TlsKeypair keypair{
        kj::TlsPrivateKey(kj::StringPtr(key.value().c_str())),
        kj::TlsCertificate(kj::StringPtr(certificate.value().c_str()))};
    kj::TlsContext::Options options;
    options.useSystemTrustStore = false;
    options.trustedCertificates = kj::arrayPtr(&trusted, 1);
    options.defaultKeypair = keypair;
    options.verifyClients = true;
    options.minVersion = kj::TlsVersion::TLS_1_2;
    options.timer = timer;
    options.acceptTimeout = 5 * kj::SECONDS;
    return kj::heap<kj::TlsContext>(kj::mv(options));
  } catch (const kj::Exception& exception) {
    return Error{
        Code::invalid_argument, files.certificate + ", " + files.key + ": " + describe(exception)};
  }
}

bool is_certified_as(kj::PeerIdentity& peer, const std::string& name) {
  auto* identity = dynamic_cast<kj::TlsPeerIdentity*>(&peer);
  if (identity == nullptr || !identity->hasCertificate()) return false;
  const kj::String common_name = identity->getCommonName();
  return std::string_view(common_name.begin(), common_name.size()) == name;
}

}  // namespace harka::net
