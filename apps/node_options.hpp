// SPDX-License-Identifier: Apache-2.0
// From a configuration and a data directory to what each part of a node is made with. Opens
// nothing but the password file; what a part does when it must end the node is for its opener.
#pragma once

#include "actors/node_context.hpp"
#include "apps/config.hpp"
#include "apps/data_dir.hpp"
#include "gateway/options.hpp"
#include "runtime/net/links.hpp"
#include "storage/segment_log.hpp"

#include <vector>

namespace harka::apps {

/// Without the engine, which is opened later.
[[nodiscard]] NodeContext context_of(const Config& config, const DataDir& data);

/// corrupt: the state is gone and a node alone has nobody to restore it.
[[nodiscard]] Result<storage::LogOptions> log_options_of(const Config& config, const DataDir& data);

/// Reads the stored map: the context's engine is open.
[[nodiscard]] net::LinkOptions link_options_of(const Config& config, const NodeContext& context);

/// invalid_argument: an address that is none, or a password file without a password.
[[nodiscard]] Result<gateway::Options> gateway_options_of(
    const Config& config, const NodeContext& context);

/// Whose the names in a map are.
[[nodiscard]] std::vector<net::PeerInfo> owners_of(const msg::ClusterMap& map);

}  // namespace harka::apps
