// SPDX-License-Identifier: Apache-2.0
// Kinds to machines, and the tree:
//
//   supervisor/0  one_for_one
//   ├─ pulse      ticks and coalesced heartbeats
//   ├─ membership who is alive; has its own thread, all others share the scheduler's
//   ├─ control    the map, who leads what
//   └─ region     supervises the cache and the replicas placed on this node
#include "actors/catalogue.hpp"

#include "actors/cache/cache.hpp"
#include "actors/control/control.hpp"
#include "actors/membership/membership.hpp"
#include "actors/meta/meta_state.hpp"
#include "actors/region/region.hpp"
#include "actors/replica/replica.hpp"
#include "actors/router/router.hpp"
#include "actors/shard/shard.hpp"
#include "schemas/codec.hpp"

#include <algorithm>
#include <utility>

namespace harka {

namespace {

msg::ClusterMap read_map(const storage::Engine& engine, GroupId group, std::string_view key) {
  const std::optional<SharedBytes> stored = engine.get(group, key);
  if (!stored) return {};
  Result<msg::ClusterMap> map = msg::decode_struct<msg::ClusterMap>(*stored);
  ASSERT_DURABLE(map.ok());
  return std::move(map).value();
}

ChildSpec child(const NodeContext& context, msg::ActorKind kind) {
  ChildSpec spec;
  spec.address = address_of(context.node, kind);
  return spec;
}

}  // namespace

msg::ClusterMap load_stored_map(const storage::Engine& engine) {
  return read_map(engine, node_group, stored_map_key);
}

std::uint64_t router_session(NodeId node, Epoch epoch, std::uint32_t loop) {
  Random mix(node.value ^ (epoch.value * 0x9e3779b97f4a7c15ULL));
  return mix.fork(loop).next() | 1U;
}

MachinePtr Catalogue::make(const ChildSpec& spec) {
  switch (spec.address.kind) {
    case msg::ActorKind::supervisor: return std::make_unique<SupervisorMachine>(spec);
    case msg::ActorKind::membership: return make_membership();
    case msg::ActorKind::pulse: return std::make_unique<Pulse>(context_.pulse);
    case msg::ActorKind::replica: return make_replica(spec);
    case msg::ActorKind::region:
      return std::make_unique<Region>(spec, load_stored_map(*context_.engine));
    case msg::ActorKind::cache:
      return std::make_unique<Cache>(
          CacheOptions{.bytes_max = context_.cache_bytes, .staleness_max = context_.staleness_max});
    case msg::ActorKind::router: return make_router(spec.address.index);
    case msg::ActorKind::control: return make_control();
    case msg::ActorKind::none:
    case msg::ActorKind::admin:
    case msg::ActorKind::log_store:
    case msg::ActorKind::state_store:
    case msg::ActorKind::links:
    case msg::ActorKind::client: break;
  }
  throw Bug("no machine in the catalogue for " + std::string(msg::name_of(spec.address.kind)));
}

MachinePtr Catalogue::make_control() const {
  ControlOptions options;
  options.self.node = context_.node.value;
  options.self.name = context_.name;
  options.self.link_address = context_.link_address;
  options.self.client_address = context_.client_address;
  options.self.region = context_.region;
  options.self.data_id = context_.data_id;
  options.stored_map = load_stored_map(*context_.engine);
  options.creates_single_node = context_.creates_single_node;
  options.shard_count = context_.shard_count;
  options.replication_factor = context_.replication_factor;
  options.router_count = context_.router_count;
  options.version = context_.version;
  return std::make_unique<Control>(std::move(options));
}

MachinePtr Catalogue::make_membership() const {
  MembershipOptions options;
  options.self.node = context_.node.value;
  options.self.name = context_.name;
  options.self.link_address = context_.link_address;
  options.self.client_address = context_.client_address;
  options.self.region = context_.region;
  options.self.epoch = context_.epoch.value;
  options.self.data_id = context_.data_id;
  options.self.cluster_id = load_stored_map(*context_.engine).cluster_id;
  options.seeds = context_.seeds;
  for (const msg::ActorKind kind :
       {msg::ActorKind::control, msg::ActorKind::pulse, msg::ActorKind::links}) {
    options.subscribers.push_back(address_of(context_.node, kind));
  }
  options.swim = context_.membership;
  return std::make_unique<Membership>(std::move(options));
}

MachinePtr Catalogue::make_replica(const ChildSpec& spec) const {
  const GroupId group{spec.address.index};
  const msg::ClusterMap map = load_stored_map(*context_.engine);
  ReplicaOptions options;
  options.raft.group = group;
  options.raft.self = context_.node;
  options.raft.election_timeout_min = context_.election_timeout_min;
  options.raft.election_timeout_max = context_.election_timeout_max;
  options.raft.heartbeat_interval = context_.heartbeat_interval;
  options.raft.leases = context_.trust_clocks;
  options.flush_bytes = context_.flush_bytes;
  options.flush_interval = context_.flush_interval;
  storage::Engine& engine = *context_.engine;
  if (group == meta_group) {
    options.initial_voters = map.meta_replicas;
    auto loader = [&engine] {
      msg::ClusterMap own = read_map(engine, meta_group, meta_map_key);
      return own.cluster_id != 0 ? own : load_stored_map(engine);
    };
    return std::make_unique<Replica>(
        std::move(options), engine, std::make_unique<MetaState>(std::move(loader)));
  }
  const ShardId shard = shard_of(group);
  ASSERT(shard.value < map.shards.size());
  options.initial_voters = map.shards[shard.value].replicas;
  options.raft.preferred_leader = options.initial_voters.front() == context_.node.value;
  ShardOptions shard_options;
  shard_options.shard = shard;
  shard_options.staleness_max = context_.staleness_max;
  return std::make_unique<Replica>(
      std::move(options), engine, std::make_unique<Shard>(shard_options, engine));
}

MachinePtr Catalogue::make_router(std::uint32_t loop) const {
  return std::make_unique<Router>(
      RouterOptions{.session = router_session(context_.node, context_.epoch, loop)});
}

ChildSpec node_tree(const NodeContext& context) {
  ChildSpec region = child(context, msg::ActorKind::region);
  region.policy.intensity = 20;  // many children: one bad disk page must not take all down
  region.policy.period = 10s;
  region.shutdown_budget = 5s;
  region.children.push_back(child(context, msg::ActorKind::cache));

  ChildSpec root = child(context, msg::ActorKind::supervisor);
  root.children.push_back(child(context, msg::ActorKind::pulse));
  ChildSpec membership = child(context, msg::ActorKind::membership);
  membership.thread = ThreadUse::own;  // busy shards must not make this node look dead
  root.children.push_back(std::move(membership));
  root.children.push_back(child(context, msg::ActorKind::control));
  root.children.push_back(std::move(region));
  for (ChildSpec& spec : root.children) spec.mailbox_max = 100'000;
  return root;
}

}  // namespace harka
