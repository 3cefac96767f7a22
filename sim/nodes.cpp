// SPDX-License-Identifier: Apache-2.0
#include "sim/nodes.hpp"

#include "actors/catalogue.hpp"
#include "actors/replica/replica.hpp"
#include "actors/shard/shard.hpp"
#include "runtime/supervisor.hpp"
#include "sim/read_probe.hpp"
#include "sim/stale_reader.hpp"

#include <utility>

namespace harka::sim {

namespace {

double clock_rate(const Plan& plan, NodeId id) {
  Random random = Random(plan.seed).fork(300 + id.value);
  return 1 + plan.clock_drift * (static_cast<double>(random.below(2001)) / 1000 - 1);
}

std::uint64_t data_id_of(NodeId id) {
  return id.value * 1'000'003;
}

NodePlan node_plan(const Plan& plan, NodeId id) {
  NodePlan node;
  node.id = id;
  node.link_address = "10.0.0." + std::to_string(id.value) + ":7000";
  node.stores = plan.stores;
  node.stores.log.data_id = data_id_of(id);
  node.clock_rate = clock_rate(plan, id);
  return node;
}

class CoreFactory final : public MachineFactory {
 public:
  CoreFactory(const Plan& plan, NodeId node, const Incarnation& incarnation)
      : plan_(plan),
        node_(node),
        engine_(*incarnation.engine),
        is_replacement_(incarnation.is_replacement) {}

  MachinePtr make(const ChildSpec& spec) override {
    if (spec.address.kind == msg::ActorKind::supervisor) {
      return std::make_unique<SupervisorMachine>(spec);
    }
    if (spec.address.kind == msg::ActorKind::pulse) return std::make_unique<Pulse>(PulseOptions{});
    ASSERT(spec.address.kind == msg::ActorKind::replica);
    ReplicaOptions options;
    options.raft = plan_.raft;
    options.raft.group = GroupId{spec.address.index};
    options.raft.self = node_;
    for (std::uint64_t voter = 1; voter <= plan_.voters && !is_replacement_; ++voter) {
      options.initial_voters.push_back(voter);
    }
    options.flush_bytes = plan_.flush_bytes;
    options.flush_interval = plan_.flush_interval;
    return std::make_unique<Replica>(
        std::move(options),
        engine_,
        std::make_unique<Shard>(
            ShardOptions{
                .shard = shard_of(GroupId{spec.address.index}),
                .staleness_max = plan_.staleness_max},
            engine_));
  }

 private:
  const Plan& plan_;
  NodeId node_;
  storage::Engine& engine_;
  bool is_replacement_;
};

constexpr std::uint32_t first_reader = 500;  // below: clients by number
constexpr std::uint32_t first_probe = 1000;

class ClientFactory final : public MachineFactory {
 public:
  ClientFactory(Workload& workload, const StalenessOracle& staleness)
      : workload_(workload), staleness_(staleness) {}

  MachinePtr make(const ChildSpec& spec) override {
    const std::uint32_t number = spec.address.index;
    if (number < first_reader) return std::make_unique<Client>(workload_, number);
    if (number < first_probe) return std::make_unique<StaleReader>(workload_, staleness_);
    return std::make_unique<ReadProbe>(group_of(ShardId{number - first_probe}), workload_.nodes);
  }

 private:
  Workload& workload_;
  const StalenessOracle& staleness_;
};

/// The catalogue together with the context that it refers to.
class NodeFactory final : public MachineFactory {
 public:
  explicit NodeFactory(NodeContext context) : context_(std::move(context)), catalogue_(context_) {}

  MachinePtr make(const ChildSpec& spec) override { return catalogue_.make(spec); }

 private:
  NodeContext context_;
  Catalogue catalogue_;
};

NodeContext context_of(const Plan& plan, NodeId id) {
  NodeContext context;
  context.node = id;
  context.data_id = data_id_of(id);
  context.name = "n" + std::to_string(id.value);
  context.region = "r" + std::to_string(id.value % 3);
  context.link_address = "10.0.0." + std::to_string(id.value) + ":7000";
  context.client_address = "10.0.0." + std::to_string(id.value) + ":6379";
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    context.seeds.push_back("10.0.0." + std::to_string(seed) + ":7000");
  }
  context.shard_count = plan.shards;
  context.trust_clocks = plan.raft.leases;
  context.staleness_max = plan.staleness_max;
  context.flush_interval = plan.flush_interval;
  context.flush_bytes = plan.flush_bytes;
  return context;
}

}  // namespace

NodePlan core_node(const Plan& plan, NodeId id) {
  NodePlan node = node_plan(plan, id);
  node.factory = [&plan, id](const Incarnation& incarnation) {
    return std::make_unique<CoreFactory>(plan, id, incarnation);
  };
  node.roots = [&plan, id] {
    ChildSpec root;
    root.address = address_of(id, msg::ActorKind::supervisor);
    root.policy.intensity = 20;
    ChildSpec pulse;
    pulse.address = address_of(id, msg::ActorKind::pulse);
    root.children.push_back(pulse);
    for (std::uint32_t shard = 0; shard < plan.shards; ++shard) {
      ChildSpec replica;
      replica.address = replica_address(id, group_of(ShardId{shard}));
      root.children.push_back(replica);
    }
    return std::vector<ChildSpec>{root};
  };
  return node;
}

NodePlan cluster_node(const Plan& plan, NodeId id) {
  NodePlan node = node_plan(plan, id);
  node.factory = [&plan, id](const Incarnation& incarnation) {
    NodeContext context = context_of(plan, id);
    context.epoch = incarnation.epoch;
    context.engine = incarnation.engine;
    return std::make_unique<NodeFactory>(std::move(context));
  };
  node.roots = [&plan, id] {
    ChildSpec router;
    router.address = address_of(id, msg::ActorKind::router);
    return std::vector<ChildSpec>{node_tree(context_of(plan, id)), router};
  };
  return node;
}

NodePlan clients(const Plan& plan, Workload& workload, const StalenessOracle& staleness) {
  NodePlan node;
  node.id = client_node;
  node.is_client = true;
  node.factory = [&workload, &staleness](const Incarnation&) {
    return std::make_unique<ClientFactory>(workload, staleness);
  };
  node.roots = [&plan] {
    std::vector<ChildSpec> roots;
    for (std::uint32_t number = 1; number <= plan.clients; ++number) {
      ChildSpec client;
      client.address = address_of(client_node, msg::ActorKind::client, number);
      roots.push_back(client);
    }
    for (std::uint32_t number = 0; number < plan.readers; ++number) {
      ChildSpec reader;
      reader.address = address_of(client_node, msg::ActorKind::client, first_reader + number);
      roots.push_back(reader);
    }
    for (std::uint32_t shard = 0; shard < plan.shards; ++shard) {
      ChildSpec probe;
      probe.address = address_of(client_node, msg::ActorKind::client, first_probe + shard);
      roots.push_back(probe);
    }
    return roots;
  };
  return node;
}

}  // namespace harka::sim
