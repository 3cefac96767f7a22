// SPDX-License-Identifier: Apache-2.0
#include "sim/failover.hpp"

#include "sim/checkers/raft_oracle.hpp"
#include "sim/nodes.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace harka::sim {

namespace {

constexpr std::uint32_t nodes = 9;
constexpr std::uint32_t regions = 3;
constexpr Duration look = 5ms;  // how exactly it is measured

class NobodyListens final : public CommitListener {
 public:
  void committed(GroupId, const msg::Entry&, Instant) override {}
};

/// By the names that nodes.cpp gives: a node's number, divided by three.
std::uint32_t region_of(std::uint64_t node) {
  return static_cast<std::uint32_t>(node % regions);
}

/// One way: us-east, eu-west, ap-south.
Duration distance(std::uint64_t from, std::uint64_t to) {
  constexpr std::array<std::array<int, regions>, regions> milliseconds{
      {{0, 41, 95}, {41, 0, 60}, {95, 60, 0}}};
  return std::chrono::milliseconds(milliseconds[region_of(from)][region_of(to)]);
}

class Failover {
 public:
  explicit Failover(const FailoverPlan& plan)
      : plan_(plan),
        random_(Random(plan.seed).fork(70)),
        world_(WorldOptions{.seed = plan.seed, .links = {}}),
        oracle_(world_, nobody_) {
    nodes_plan_.seed = plan.seed;
    nodes_plan_.profile = Profile::cluster;
    nodes_plan_.nodes = nodes;
    nodes_plan_.shards = plan.shards;
    world_.add_observer(oracle_);
    for (std::uint64_t id = 1; id <= nodes; ++id) {
      world_.add_node(cluster_node(nodes_plan_, NodeId{id}));
    }
    for (std::uint64_t from = 1; from <= nodes && plan.has_distances; ++from) {
      for (std::uint64_t to = 1; to <= nodes; ++to) {
        world_.set_distance(NodeId{from}, NodeId{to}, distance(from, to));
      }
    }
    for (std::uint64_t id = 1; id <= nodes; ++id) world_.start(NodeId{id});
  }

  std::vector<Duration> measure() {
    create_cluster();
    world_.run_for(10s + random_.between(0ms, 1s));  // leaders are where they should be
    return kill();
  }

 private:
  void create_cluster() {
    for (int attempt = 0; attempt < 20; ++attempt) {
      world_.run_for(3s);
      if (led() == plan_.shards) return;
      msg::AdminRequest init;
      init.verb = "init";
      init.arguments = {"nodes=" + std::to_string(nodes)};
      world_.tell(address_of(NodeId{1}, msg::ActorKind::control), std::move(init));
    }
    throw Violation(Broken::liveness, "no cluster after a minute");
  }

  std::uint32_t led() const {
    std::uint32_t count = 0;
    for (std::uint32_t shard = 0; shard < plan_.shards; ++shard) {
      count += oracle_.leader(group_of(ShardId{shard})).is_none() ? 0 : 1;
    }
    return count;
  }

  std::vector<Duration> kill() {
    const std::uint64_t victim = 1 + random_.below(nodes);
    std::map<std::uint32_t, Duration> waiting;  // shards
    for (std::uint32_t shard = 0; shard < plan_.shards; ++shard) {
      const std::uint64_t leader = oracle_.leader(group_of(ShardId{shard})).value;
      const bool dies = plan_.is_region ? region_of(leader) == region_of(victim) : leader == victim;
      if (dies) waiting[shard] = {};
    }
    for (std::uint64_t id = 1; id <= nodes; ++id) {
      const bool dies = plan_.is_region ? region_of(id) == region_of(victim) : id == victim;
      if (dies) world_.crash(NodeId{id}, CrashLoss::all);
    }
    const Instant died = world_.now();
    std::vector<Duration> times;
    while (!waiting.empty()) {
      if (world_.now() - died > 60s) throw Violation(Broken::liveness, "no leader for a minute");
      world_.run_for(look);
      std::erase_if(waiting, [&](const auto& each) {
        const bool is_led = !oracle_.leader(group_of(ShardId{each.first})).is_none();
        if (is_led) times.push_back(world_.now() - died);
        return is_led;
      });
    }
    return times;
  }

  FailoverPlan plan_;
  Random random_;
  Plan nodes_plan_;
  World world_;
  NobodyListens nobody_;
  RaftOracle oracle_;
};

}  // namespace

std::vector<Duration> measure_failover(const FailoverPlan& plan) {
  return Failover(plan).measure();
}

}  // namespace harka::sim
