// SPDX-License-Identifier: Apache-2.0
// The cluster as clients are told about it: a value that the node hands to its gateways whenever
// the map, the leaders or the membership change.
#pragma once

#include "base/ids.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace harka::gateway {

struct ClusterView {
  struct Node {
    NodeId id;
    std::string name;
    std::string region;
    std::string host;  // where clients reach it
    std::uint16_t port = 0;
    std::uint16_t link_port = 0;  // shown as Redis's bus port
  };

  NodeId self;
  std::uint64_t version = 0;      // shown as Redis's config epoch
  std::uint32_t shard_count = 0;  // 0: this node belongs to no cluster yet
  std::uint32_t replication_factor = 1;
  std::vector<Node> nodes;
  std::vector<NodeId> leaders;  // by shard; none: nobody is known to lead it

  [[nodiscard]] const Node* find(NodeId id) const {
    for (const Node& node : nodes) {
      if (node.id == id) return &node;
    }
    return nullptr;
  }

  /// None when unknown.
  [[nodiscard]] NodeId leader_of(std::uint32_t shard) const {
    return shard < leaders.size() ? leaders[shard] : NodeId{};
  }
};

}  // namespace harka::gateway
