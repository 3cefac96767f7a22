// SPDX-License-Identifier: Apache-2.0
// The cluster as Redis Cluster's commands print it. Every node that leads shards appears as a
// master without replicas: clients overwrite a node's role when one process is shown twice, and
// followers answer only after READONLY anyway.
#pragma once

#include "actors/kv/resp_writer.hpp"
#include "cluster/routing/slots.hpp"
#include "gateway/cluster_view.hpp"

#include <string>
#include <vector>

namespace harka::gateway {

/// 40 hexadecimal digits that stay the same for a node.
[[nodiscard]] std::string redis_node_id(NodeId node);

/// Slots [first, end) that one node leads, neighbours joined.
struct LedRange {
  routing::SlotRange slots;
  NodeId leader;
};

/// In order of slots; slots without a leader are left out.
[[nodiscard]] std::vector<LedRange> led_ranges(const ClusterView& view);

void write_cluster_slots(const ClusterView& view, kv::RespWriter& out);
void write_cluster_shards(const ClusterView& view, kv::RespWriter& out);
[[nodiscard]] std::string cluster_nodes_text(const ClusterView& view, std::int64_t now_ms);
[[nodiscard]] std::string cluster_info_text(const ClusterView& view);

}  // namespace harka::gateway
