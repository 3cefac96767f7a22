// SPDX-License-Identifier: Apache-2.0
// Logical addresses to ports: which mailbox stands behind (kind, index) on this node, and the links
// for every other node. Addresses never name a CAF actor, so a restarted actor keeps its address.
#pragma once

#include "runtime/port.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <vector>

namespace harka {

class Directory {
 public:
  explicit Directory(NodeId self) : self_(self) {}

  [[nodiscard]] NodeId self() const { return self_; }

  /// Replaces what was bound before.
  void bind(const Address& address, std::shared_ptr<Port> port);
  /// Removes the binding if it is still `port`: a restarted actor's new mailbox stays.
  void unbind(const Address& address, const Port* port);
  /// Everything for other nodes goes here. Once; the directory keeps it.
  void bind_links(std::shared_ptr<Port> links);
  /// Any thread. False when nobody is bound there or the queue was full.
  bool post(EnvelopePtr envelope) const;
  /// The same past the bound of the port; see Port::post_owed. `envelope->to` is local.
  bool post_owed(EnvelopePtr envelope) const;
  /// What is bound at a local address; null when nobody is. See PortCache for who asks often.
  [[nodiscard]] std::shared_ptr<Port> find(const Address& address) const;

  /// Raised by every bind and unbind.
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

  /// Envelopes that found no port or a full one since the start.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  friend class PortCache;
  static constexpr std::size_t kind_count = 32;
  NodeId self_;
  mutable std::shared_mutex mutex_;
  std::array<std::vector<std::shared_ptr<Port>>, kind_count> ports_;
  std::shared_ptr<Port> links_;              // keeps alive
  std::atomic<Port*> links_port_ = nullptr;  // what every post reads
  std::atomic<std::uint64_t> version_{0};
  mutable std::atomic<std::uint64_t> dropped_{0};
};

/// Posts to local addresses for one thread that posts very often: it remembers ports while nothing
/// is bound or unbound, which saves the directory's lock and a reference count a message.
class PortCache {
 public:
  explicit PortCache(const Directory& directory) : directory_(directory) {}

  /// As Directory::post; `envelope.to` must be local.
  bool post(EnvelopePtr envelope);

  /// Lets go of every port.
  void clear() { slots_ = {}; }

 private:
  struct Slot {
    Address address;
    std::shared_ptr<Port> port;
  };

  const Directory& directory_;
  std::uint64_t version_ = 0;
  std::array<Slot, 128> slots_;
};

}  // namespace harka
