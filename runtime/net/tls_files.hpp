// SPDX-License-Identifier: Apache-2.0
// Whether PEM files are what a node needs, found out at its start rather than by its peers. Each
// error names the file.
#pragma once

#include "base/result.hpp"

#include <string>

namespace harka::net {

/// Where a node's TLS material lies, as PEM.
struct TlsFiles {
  std::string ca;
  std::string certificate;
  std::string key;
};

/// Readable, the key fits the certificate, not expired.
Result<void> check_key_pair(const std::string& certificate, const std::string& key);

/// The same for the links of a node, and that there is a CA.
Result<void> check_tls_files(const TlsFiles& files);

/// What every peer will check, too: the certificate is this CA's and names the node `name`.
Result<void> check_peers_accept(const TlsFiles& files, const std::string& name);

}  // namespace harka::net
