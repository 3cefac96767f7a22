// SPDX-License-Identifier: Apache-2.0
// The links of one node to all others: a Port behind which every remote address lies. Two
// connections to each peer, mutual TLS, bounded outboxes, credit, reconnection, and LinkUp and
// LinkDown for whoever wants to know. Delivery is at most once and unordered between channels;
// what is lost is healed by the protocols above.
#pragma once

#include "base/limits.hpp"
#include "base/result.hpp"
#include "runtime/directory.hpp"
#include "runtime/net/admission.hpp"
#include "runtime/net/dev_ca.hpp"
#include "runtime/net/loop.hpp"
#include "runtime/net/peer_table.hpp"
#include "runtime/net/rejection.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace harka::net {

class LinkKeeper;

/// A peer as membership describes it.
struct PeerInfo {
  NodeId node;
  std::string name;
  std::string link_address;
  std::string region;
  std::uint64_t data_id = 0;  // 0: unknown
  bool has_left = false;      // no more dialing, and its connections are closed
};

struct LinkOptions {
  Identity own;                // node id, name, epoch, cluster id, data id, protocol range
  std::string listen_address;  // host:port; port 0 picks one
  std::string link_address;    // what others dial, told in the hello; empty: as listened
  std::optional<TlsFiles> tls;
  bool allows_plaintext = false;                      // without `tls`: refused unless this is set
  std::vector<PeerInfo> owners;                       // as of `set_owners`, known from the start
  std::function<void(const Rejection&)> on_rejected;  // on the loop: nobody lets this node in
  std::vector<Address> subscribers;  // local addresses that get LinkUp and LinkDown
  std::size_t peers_max = PeerTable::peers_limit;
  std::uint64_t credit_bytes = 16 * 1024 * 1024;  // a peer may have in flight to us, a channel
  std::size_t outbox_bytes_max = limits::outbox_bytes_max;
  std::size_t control_outbox_bytes_max = limits::control_outbox_bytes_max;
  Duration ping_interval = 500ms;
  Duration silence_max = 2s;  // without one byte from the peer its connections are dropped
  Duration handshake_max = 5s;
  Duration backoff_min = 50ms;  // doubled at each failure, with jitter
  Duration backoff_max = 2s;
};

struct PeerStatus {
  NodeId node;
  std::string name;
  std::string link_address;
  std::string region;
  bool is_up = false;
  std::uint64_t epoch = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;          // accepted into an outbox
  std::uint64_t messages_refused = 0;      // outbox full or no connection
  std::uint64_t messages_forbidden = 0;    // came in, but other nodes may not send them
  std::uint64_t messages_undecodable = 0;  // came in damaged, or from a newer version
  std::uint64_t messages_too_large = 0;    // larger than a frame, so never sent
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t outbox_bytes = 0;
  std::uint64_t frames_stale = 0;
  std::uint64_t connections = 0;  // since the start, both channels
  Duration round_trip{};
  std::string last_error;
};

class Links final : public Port {
 public:
  /// Listens and begins to run on `loop`. Both references outlive the object. The error says which
  /// address or file is wrong.
  static Result<std::shared_ptr<Links>> start(
      EventLoop& loop, Directory& directory, const LinkOptions& options);
  /// As `stop`. After a stop it may die when the loop is gone already.
  ~Links() override;

  /// Closes everything; posts fail from then on. Before the loop stops; again is harmless.
  void stop();

  /// Any thread. To another node, or to a seed's alias (it waits until the seed answered); or to
  /// this node's own links address: MembershipChanged there is `set_peers`.
  /// `from.node` is not sent: the receiver knows who is connected. A seed's node replaces the
  /// alias in `to.node`.
  bool post(EnvelopePtr envelope) override;

  /// Any thread. The peers to keep links to; peers that are not named stay as they are.
  void set_peers(std::vector<PeerInfo> peers);
  /// Any thread. Keeps a link to whoever answers there; the alias addresses it (see seed.hpp).
  NodeId connect_seed(const std::string& host_port);
  /// Any thread. `envelope.to.node` is replaced by the node that answers at `host_port`.
  bool send_to_address(const std::string& host_port, const Envelope& envelope);
  /// Any thread. Who owns which name by the cluster's map: weighs more than what membership heard.
  /// Nobody is dialed for it.
  void set_owners(std::vector<PeerInfo> owners);
  /// Any thread. After the cluster was created or joined.
  void set_cluster_id(std::uint64_t cluster_id);

  // Injected distance and faults, for demos and tests. Any thread.

  /// Everything sent to this node leaves that much later. Zero: none of its own.
  void set_delay(NodeId node, Duration one_way);
  /// The same for all nodes of a region that have no delay of their own.
  void set_region_delay(const std::string& region, Duration one_way);
  /// Cuts the node off: connections are closed and refused until unblocked.
  void set_blocked(NodeId node, bool is_blocked);

  /// Any thread; waits for one turn of the loop.
  [[nodiscard]] std::vector<PeerStatus> status();

  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// Connections of strangers that were turned away (bad TLS, garbage, refused hellos).
  [[nodiscard]] std::uint64_t refused_count();

 private:
  Links(EventLoop& loop, Directory& directory, const LinkOptions& options);
  bool post_local(const Envelope& envelope);
  bool post_to_seed(const EnvelopePtr& envelope);
  bool send(Route& route, const Envelope& envelope);

  EventLoop& loop_;
  const NodeId self_;
  const std::uint32_t epoch_low_;
  std::shared_ptr<PeerTable> table_;
  std::shared_ptr<LinkKeeper> keeper_;  // shared with tasks on the loop
  std::uint16_t port_ = 0;
  std::atomic<bool> is_stopped_{false};
};

}  // namespace harka::net
