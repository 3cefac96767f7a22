// SPDX-License-Identifier: Apache-2.0
// Greedy placement: for each replica of each shard take the least loaded node of the least used
// region. Load counts replicas, then preferred leaders; equal candidates compare by rendezvous
// hash.
#include "cluster/placement.hpp"

#include "base/limits.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

namespace harka {

namespace {

std::uint64_t rendezvous_hash(std::uint64_t node, std::uint64_t item) {
  std::uint64_t z = node ^ (item * 0x9e3779b97f4a7c15ULL + 0x632be59bd9b4e019ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

struct Load {
  std::uint32_t replicas = 0;
  std::uint32_t leaders = 0;
};

class Placer {
 public:
  explicit Placer(const std::vector<msg::NodeRecord>& nodes) : nodes_(nodes) {}

  msg::ShardRecord place(std::uint32_t shard, std::uint32_t factor) {
    msg::ShardRecord record;
    record.shard = shard;
    record.epoch = 1;
    std::map<std::string, std::uint32_t> used_regions;
    while (record.replicas.size() < factor) {
      const msg::NodeRecord& chosen = best_node(record, used_regions);
      record.replicas.push_back(chosen.node);
      ++used_regions[chosen.region];
      ++load_[chosen.node].replicas;
    }
    prefer_least_leading(record);
    return record;
  }

 private:
  const msg::NodeRecord& best_node(
      const msg::ShardRecord& record, const std::map<std::string, std::uint32_t>& used_regions) {
    const msg::NodeRecord* best = nullptr;
    std::tuple<std::uint32_t, std::uint32_t, std::uint64_t> best_rank;
    for (const msg::NodeRecord& node : nodes_) {
      const auto& taken = record.replicas;
      if (std::find(taken.begin(), taken.end(), node.node) != taken.end()) continue;
      const auto used = used_regions.find(node.region);
      const std::tuple rank(
          used == used_regions.end() ? 0U : used->second,
          load_[node.node].replicas,
          ~rendezvous_hash(node.node, record.shard));
      if (best == nullptr || rank < best_rank) {
        best = &node;
        best_rank = rank;
      }
    }
    ASSERT(best != nullptr);
    return *best;
  }

  // The first replica is the preferred leader: rotate the one that leads least to the front.
  void prefer_least_leading(msg::ShardRecord& record) {
    const auto least = std::min_element(
        record.replicas.begin(), record.replicas.end(), [&](std::uint64_t a, std::uint64_t b) {
          return std::tuple(load_[a].leaders, ~rendezvous_hash(a, record.shard)) <
                 std::tuple(load_[b].leaders, ~rendezvous_hash(b, record.shard));
        });
    ++load_[*least].leaders;
    std::iter_swap(record.replicas.begin(), least);
  }

  const std::vector<msg::NodeRecord>& nodes_;
  std::map<std::uint64_t, Load> load_;
};

}  // namespace

Result<std::vector<msg::ShardRecord>> place_shards(const PlacementRequest& request) {
  if (request.nodes.empty()) return Error{Code::invalid_argument, "no nodes to place shards on"};
  if (request.shard_count == 0 || request.shard_count > limits::shard_count_max) {
    return Error{
        Code::invalid_argument,
        "the shard count must be 1 to " + std::to_string(limits::shard_count_max)};
  }
  if (request.replication_factor == 0) {
    return Error{Code::invalid_argument, "the replication factor must be at least 1"};
  }
  const auto factor = std::min<std::uint32_t>(
      request.replication_factor, static_cast<std::uint32_t>(request.nodes.size()));
  std::vector<msg::NodeRecord> nodes = request.nodes;
  std::sort(
      nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a.node < b.node; });
  Placer placer(nodes);
  std::vector<msg::ShardRecord> records;
  records.reserve(request.shard_count);
  for (std::uint32_t shard = 0; shard < request.shard_count; ++shard) {
    records.push_back(placer.place(shard, factor));
  }
  return records;
}

std::vector<std::uint64_t> place_meta(const std::vector<msg::NodeRecord>& nodes) {
  if (nodes.empty()) return {};
  const std::size_t count = nodes.size() >= 5 ? 5 : nodes.size() >= 3 ? 3 : 1;
  Placer placer(nodes);
  return placer
      .place(limits::shard_count_max, static_cast<std::uint32_t>(std::min(count, nodes.size())))
      .replicas;
}

}  // namespace harka
