// SPDX-License-Identifier: Apache-2.0
// What a sending thread needs to know about peers: which outbox stands behind a node id, and what
// waits for a seed whose node id is not known yet. Everything else about a peer lives on the loop.
#pragma once

#include "runtime/envelope.hpp"
#include "runtime/net/channel.hpp"
#include "runtime/net/outbox.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace harka::net {

class Session;

/// The sending side of one peer.
struct Route {
  Route(NodeId id, std::size_t control_bytes_max, std::size_t bulk_bytes_max)
      : node(id), outboxes{Outbox(control_bytes_max), Outbox(bulk_bytes_max)} {}

  [[nodiscard]] Outbox& outbox(Channel channel) {
    return outboxes[static_cast<std::size_t>(channel)];
  }

  const NodeId node;
  std::array<Outbox, channel_count> outboxes;
  std::array<Session*, channel_count> sessions{};  // loop thread only
  std::atomic<bool> has_delay{false};              // senders read the clock only then
};

/// Finding a route takes no lock, as it happens for every message: an open-addressed table that is
/// four times as large as needed. A route that is taken out of it stays in memory (some hundred
/// bytes), as a sender may still hold it; its place is used again.
class PeerTable {
 public:
  static constexpr std::size_t peers_limit = 1024;
  static constexpr std::size_t seed_waiting_max = 16;

  explicit PeerTable(std::size_t peers_max = peers_limit) : peers_max_(peers_max) {}

  /// Any thread. Null when the node is unknown. The route lives as long as the table.
  [[nodiscard]] Route* find(NodeId node) const;

  /// Any thread, for an alias: the seed's node, or none while it is unknown; then the envelope
  /// waits if there is room. `is_seed` false: no such alias.
  struct SeedAnswer {
    bool is_seed = false;
    bool is_waiting = false;
    NodeId node;
  };

  SeedAnswer hold_for_seed(NodeId alias, const EnvelopePtr& envelope);

  /// Loop thread: adds or returns; null when the table is full.
  Route* add(NodeId node, std::size_t control_bytes_max, std::size_t bulk_bytes_max);
  /// Loop thread, for a route without a session: the node is unknown from now on.
  void retire(NodeId node);
  void add_seed(NodeId alias);
  /// The seed turned out to be this node: returns what waited for it.
  [[nodiscard]] std::vector<EnvelopePtr> resolve_seed(NodeId alias, NodeId node);

 private:
  struct SeedRoute {
    NodeId node;
    std::vector<EnvelopePtr> waiting;
  };

  static constexpr std::size_t slot_count = 4 * peers_limit;  // a power of two
  [[nodiscard]] static std::size_t slot_of(NodeId node);

  const std::size_t peers_max_;
  Route vacant_{
      NodeId{}, 0, 0};  // in the place of a retired route, so that searches go on behind it
  std::array<std::atomic<Route*>, slot_count> slots_{};
  std::mutex mutex_;  // of what follows
  std::size_t count_ = 0;
  std::vector<std::unique_ptr<Route>> routes_;
  std::map<NodeId, SeedRoute> seeds_;
};

}  // namespace harka::net
