// SPDX-License-Identifier: Apache-2.0
// Logical addresses to ports: which mailbox stands behind (kind, index) on this node, and the links
// for every other node. Addresses never name a CAF actor, so a restarted actor keeps its address.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <vector>

#include "runtime/port.hpp"

namespace harka {

class Directory {
 public:
  explicit Directory(NodeId self) : self_(self) {}

  [[nodiscard]] NodeId self() const { return self_; }
  /// Replaces what was bound before.
  void bind(const Address& address, std::shared_ptr<Port> port);
  /// Removes the binding if it is still `port`: a restarted actor's new mailbox stays.
  void unbind(const Address& address, const Port* port);
  /// Everything for other nodes goes here.
  void bind_links(std::shared_ptr<Port> links);
  /// Any thread. False when nobody is bound there or the queue was full.
  bool post(EnvelopePtr envelope) const;
  /// Envelopes that found no port or a full one since the start.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kind_count = 32;
  NodeId self_;
  mutable std::shared_mutex mutex_;
  std::array<std::vector<std::shared_ptr<Port>>, kind_count> ports_;
  std::shared_ptr<Port> links_;
  mutable std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace harka
