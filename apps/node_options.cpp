// SPDX-License-Identifier: Apache-2.0
#include "apps/node_options.hpp"

#include "apps/commands.hpp"
#include "apps/values.hpp"
#include "base/node_id.hpp"

#include <string>
#include <utility>

namespace harka::apps {

NodeContext context_of(const Config& config, const DataDir& data) {
  NodeContext context;
  context.node = node_id_of(config.name);
  context.epoch = data.epoch();
  context.data_id = data.data_id();
  context.name = config.name;
  context.region = config.region;
  context.link_address =
      config.advertise_link.empty() ? config.link_address : config.advertise_link;
  context.client_address =
      config.advertise_client.empty() ? config.client_address : config.advertise_client;
  context.seeds = config.seeds;
  context.creates_single_node = config.seeds.empty();
  context.shard_count = config.shards;
  context.replication_factor = config.replicas;
  context.router_count = config.gateway_threads;
  context.trust_clocks = config.trust_clocks;
  context.cache_bytes = config.cache_bytes;
  context.staleness_max = config.staleness_max;
  context.version = version_text();
  return context;
}

Result<storage::LogOptions> log_options_of(const Config& config, const DataDir& data) {
  storage::LogOptions options;
  options.segment_bytes = config.log_segment_bytes;
  options.data_id = data.data_id();
  options.is_state_lost = data.is_state_lost();
  options.refuses_damage = config.seeds.empty();
  if (options.is_state_lost && config.seeds.empty()) {
    return Error{
        Code::corrupt,
        data.path() +
            " has a log, but no state, and there is no other node that "
            "could restore it: put the state back from a backup"};
  }
  return options;
}

net::LinkOptions link_options_of(const Config& config, const NodeContext& context) {
  net::LinkOptions options;
  options.own.node = context.node.value;
  options.own.name = context.name;
  options.own.epoch = context.epoch.value;
  const msg::ClusterMap map = load_stored_map(*context.engine);
  options.own.cluster_id = map.cluster_id;
  options.owners = owners_of(map);
  options.own.data_id = context.data_id;
  options.listen_address = config.link_address;
  options.link_address = context.link_address;
  if (!config.tls_ca.empty()) {
    options.tls = net::TlsFiles{config.tls_ca, config.tls_cert, config.tls_key};
  }
  // A cluster of one on loopback has nobody to talk to; check_config has refused everything else.
  options.allows_plaintext = config.insecure_links || config.seeds.empty();
  options.subscribers = {address_of(context.node, msg::ActorKind::membership)};
  return options;
}

Result<gateway::Options> gateway_options_of(const Config& config, const NodeContext& context) {
  Result<HostPort> address = parse_address(config.client_address);
  if (!address.ok()) return address.error();
  Result<std::string> password = config.password_file.empty()
                                     ? Result<std::string>(config.password)
                                     : read_first_line(config.password_file);
  if (!password.ok()) return password.error();
  gateway::Options options;
  options.node = context.node;
  options.node_name = context.name;
  options.region = context.region;
  options.version = context.version;
  options.host = std::move(address.value().host);
  options.port = address.value().port;
  options.shares_port = config.gateway_threads > 1;
  options.password = std::move(password).value();
  options.tls_certificate = config.client_tls_cert;
  options.tls_key = config.client_tls_key;
  options.clients_max = config.clients_max;
  options.staleness_max = config.staleness_max;
  return options;
}

std::vector<net::PeerInfo> owners_of(const msg::ClusterMap& map) {
  std::vector<net::PeerInfo> owners;
  for (const msg::NodeRecord& record : map.nodes) {
    net::PeerInfo owner;
    owner.node = NodeId{record.node};
    owner.name = record.name;
    owner.link_address = record.link_address;
    owner.data_id = record.data_id;
    owners.push_back(std::move(owner));
  }
  return owners;
}

}  // namespace harka::apps
