// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/peer_table.hpp"

#include <utility>

namespace harka::net {

std::size_t PeerTable::slot_of(NodeId node) {
  return static_cast<std::size_t>((node.value * 0x9e3779b97f4a7c15ULL) >> 40U) % slot_count;
}

Route* PeerTable::find(NodeId node) const {
  std::size_t slot = slot_of(node);
  for (std::size_t seen = 0; seen < slot_count; ++seen, slot = (slot + 1) % slot_count) {
    Route* route = slots_[slot].load(std::memory_order_acquire);
    if (route == nullptr || route->node == node) return route;
  }
  return nullptr;
}

PeerTable::SeedAnswer PeerTable::hold_for_seed(NodeId alias, const EnvelopePtr& envelope) {
  const std::lock_guard lock(mutex_);
  const auto found = seeds_.find(alias);
  if (found == seeds_.end()) return {};
  SeedRoute& seed = found->second;
  if (!seed.node.is_none()) return {true, false, seed.node};
  if (seed.waiting.size() >= seed_waiting_max) return {true, false, NodeId{}};
  seed.waiting.push_back(envelope);
  return {true, true, NodeId{}};
}

Route* PeerTable::add(NodeId node, std::size_t control_bytes_max, std::size_t bulk_bytes_max) {
  const std::lock_guard lock(mutex_);
  if (Route* known = find(node)) return known;
  if (count_ >= peers_max_) return nullptr;
  ++count_;
  routes_.push_back(std::make_unique<Route>(node, control_bytes_max, bulk_bytes_max));
  const auto is_free = [this](std::size_t slot) {
    const Route* there = slots_[slot].load(std::memory_order_relaxed);
    return there == nullptr || there == &vacant_;
  };
  std::size_t slot = slot_of(node);
  while (!is_free(slot)) slot = (slot + 1) % slot_count;
  slots_[slot].store(routes_.back().get(), std::memory_order_release);
  return routes_.back().get();
}

void PeerTable::retire(NodeId node) {
  const std::lock_guard lock(mutex_);
  for (std::atomic<Route*>& slot : slots_) {
    const Route* there = slot.load(std::memory_order_relaxed);
    if (there == nullptr || there == &vacant_ || there->node != node) continue;
    slot.store(&vacant_, std::memory_order_release);
    --count_;
    return;
  }
}

void PeerTable::add_seed(NodeId alias) {
  const std::lock_guard lock(mutex_);
  seeds_.try_emplace(alias);
}

std::vector<EnvelopePtr> PeerTable::resolve_seed(NodeId alias, NodeId node) {
  const std::lock_guard lock(mutex_);
  SeedRoute& seed = seeds_[alias];
  seed.node = node;
  return std::exchange(seed.waiting, {});
}

}  // namespace harka::net
