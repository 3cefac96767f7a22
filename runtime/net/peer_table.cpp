// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/peer_table.hpp"

#include <mutex>
#include <utility>

namespace harka::net {

std::shared_ptr<Route> PeerTable::find(NodeId node) const {
  const std::shared_lock lock(mutex_);
  const auto found = routes_.find(node);
  return found == routes_.end() ? nullptr : found->second;
}

PeerTable::SeedAnswer PeerTable::hold_for_seed(NodeId alias, const EnvelopePtr& envelope) {
  const std::unique_lock lock(mutex_);
  const auto found = seeds_.find(alias);
  if (found == seeds_.end()) return {};
  SeedRoute& seed = found->second;
  if (!seed.node.is_none()) return {true, false, seed.node};
  if (seed.waiting.size() >= seed_waiting_max) return {true, false, NodeId{}};
  seed.waiting.push_back(envelope);
  return {true, true, NodeId{}};
}

std::shared_ptr<Route> PeerTable::add(
    NodeId node, std::size_t control_bytes_max, std::size_t bulk_bytes_max) {
  const std::unique_lock lock(mutex_);
  const auto found = routes_.find(node);
  if (found != routes_.end()) return found->second;
  if (routes_.size() >= peers_max) return nullptr;
  auto route = std::make_shared<Route>(node, control_bytes_max, bulk_bytes_max);
  routes_.emplace(node, route);
  return route;
}

void PeerTable::add_seed(NodeId alias) {
  const std::unique_lock lock(mutex_);
  seeds_.try_emplace(alias);
}

std::vector<EnvelopePtr> PeerTable::resolve_seed(NodeId alias, NodeId node) {
  const std::unique_lock lock(mutex_);
  SeedRoute& seed = seeds_[alias];
  seed.node = node;
  return std::exchange(seed.waiting, {});
}

}  // namespace harka::net
