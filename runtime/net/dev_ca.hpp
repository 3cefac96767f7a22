// SPDX-License-Identifier: Apache-2.0
// A certificate authority in a directory, for demos, tests and small clusters: one CA, one
// certificate a node. Whoever has an own PKI brings PEM files instead; what a link checks is in
// tls.hpp. Keys are P-256, files 0600, valid ten years; nothing is ever overwritten.
#pragma once

#include "base/result.hpp"
#include "runtime/net/tls_files.hpp"

#include <string>

namespace harka::net {

/// `<dir>/ca.pem`, `<dir>/<name>.pem`, `<dir>/<name>.key`.
[[nodiscard]] TlsFiles dev_tls_files(const std::string& dir, const std::string& name);

/// Makes `<dir>/ca.pem` and `<dir>/ca.key`, and the directory if it is missing (0700).
/// `already_exists` when there is a CA.
Result<void> make_dev_ca(const std::string& dir);

/// Signs a certificate for the node `name` (letters, digits, '-', '_', up to 63), with that
/// common name and the DNS names `<name>.node.harka` and `node.harka`, as server and client.
/// `already_exists` when there is one.
Result<void> issue_node_certificate(const std::string& dir, const std::string& name);

}  // namespace harka::net
