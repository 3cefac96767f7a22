// SPDX-License-Identifier: Apache-2.0
// Everything about a node that its machines are made from. Production fills it from configuration
// and the data directory, the World from a seed; both hand it to the same catalogue.
#pragma once

#include "actors/pulse/pulse.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "cluster/membership/options.hpp"
#include "schemas/control.hpp"
#include "storage/engine.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace harka {

/// Faster than memberlist's defaults, yet patient enough for 200 ms between regions. Failover of
/// shards does not wait for it: raft groups elect by their own timers.
[[nodiscard]] inline membership::Options default_membership() {
  membership::Options options;
  options.probe_interval = 500ms;
  options.probe_timeout = 300ms;
  options.gossip_interval = 100ms;
  options.suspicion_multiplier = 3;
  options.suspicion_cap = 2500ms;
  options.exchange_interval = 10s;
  options.join_interval = 500ms;
  options.dead_probe_interval = 1s;
  return options;
}

struct NodeContext {
  NodeId node;
  Epoch epoch;
  std::uint64_t data_id = 0;
  std::string name;
  std::string region;
  std::string link_address;    // advertised
  std::string client_address;  // advertised
  std::vector<std::string> seeds;
  bool creates_single_node = false;
  std::uint32_t shard_count = limits::shard_count_default;
  std::uint32_t replication_factor = 3;
  std::uint32_t router_count = 1;
  bool trust_clocks = true;
  Duration election_timeout_min = limits::election_timeout_min;
  Duration election_timeout_max = limits::election_timeout_max;
  Duration heartbeat_interval = limits::heartbeat_interval;
  PulseOptions pulse;
  membership::Options membership = default_membership();
  std::size_t cache_bytes = limits::cache_bytes_default;
  Duration staleness_max = limits::staleness_default;
  Duration flush_interval = 5s;
  std::size_t flush_bytes = 4U << 20;
  std::string version;
  storage::Engine* engine = nullptr;  // outlives every machine
};

/// The map this node stored last; cluster_id 0 when it has none.
[[nodiscard]] msg::ClusterMap load_stored_map(const storage::Engine& engine);

/// The session of a router: unique per node, incarnation and loop, so that a restarted gateway
/// never continues the sequence of its predecessor.
[[nodiscard]] std::uint64_t router_session(NodeId node, Epoch epoch, std::uint32_t loop);

}  // namespace harka
