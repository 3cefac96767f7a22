// SPDX-License-Identifier: Apache-2.0
// Mutual TLS between nodes through KJ-TLS: both sides present a certificate of the cluster's CA,
// TLS 1.2 at least (1.3 when both can). A node's certificate says two things:
//   DNS name node.harka   it is a node: what a dialer checks, as it may not know the name yet;
//   common name <name>    it is this node: checked against the hello on both sides.
// The common name, because KJ 0.9 declares a check of a client's DNS names but does not define it.
#pragma once

#include "base/result.hpp"
#include "runtime/net/dev_ca.hpp"

#include <kj/compat/tls.h>

#include <string>

namespace harka::net {

constexpr const char* any_node_hostname = "node.harka";

/// For a CA of the cluster's own. `timer` outlives the context: a handshake that takes longer than
/// 5 s is given up. The error names the file that is missing or wrong.
[[nodiscard]] Result<kj::Own<kj::TlsContext>> make_node_tls(
    const TlsFiles& files, kj::Timer& timer);

/// Whether an authenticated peer may call itself `name`.
[[nodiscard]] bool is_certified_as(kj::PeerIdentity& peer, const std::string& name);

}  // namespace harka::net
