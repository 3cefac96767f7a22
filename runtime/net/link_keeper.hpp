// SPDX-License-Identifier: Apache-2.0
// Keeps the links up, on the loop thread: listens, dials, attaches introduced connections to
// peers, breaks ties, notices silence, and tells subscribers. Links is its face to other threads.
#pragma once

#include "base/random.hpp"
#include "runtime/net/handshake.hpp"
#include "runtime/net/links.hpp"
#include "runtime/net/loop_kj.hpp"
#include "runtime/net/session.hpp"

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace harka::net {

/// Both dialed and one connection is enough: no fault, so it is not logged.
constexpr const char* already_linked = "already linked";

class LinkKeeper : public std::enable_shared_from_this<LinkKeeper> {
 public:
  LinkKeeper(
      EventLoop& loop,
      Directory& directory,
      const LinkOptions& options,
      std::shared_ptr<PeerTable> table);
  ~LinkKeeper();
  LinkKeeper(const LinkKeeper&) = delete;
  LinkKeeper& operator=(const LinkKeeper&) = delete;

  /// `done` gets the port that it listens on.
  void start(std::function<void(Result<std::uint16_t>)> done);
  /// Drops all that belongs to the loop; the object may then die on any thread.
  void stop();

  void set_peers(const std::vector<PeerInfo>& peers);
  void set_owners(const std::vector<PeerInfo>& owners);
  void add_seed(const std::string& host_port);

  void set_cluster_id(std::uint64_t cluster_id) { options_.own.cluster_id = cluster_id; }

  void set_delay(NodeId node, Duration one_way);
  void set_region_delay(const std::string& region, Duration one_way);
  void set_blocked(NodeId node, bool is_blocked);
  [[nodiscard]] std::vector<PeerStatus> status() const;

  /// Why a message did not reach its receiver though the link is up.
  enum class Drop { forbidden, undecodable, too_large };
  /// Counts it in the peer's status; the first of its kind is logged.
  void drop(NodeId node, Drop why, std::uint32_t kind);

  [[nodiscard]] std::uint64_t refused_count() const { return refused_count_; }

 private:
  struct Dial {
    bool is_running = false;
    Instant next_at{};
    Duration backoff{};
    std::string error;  // of the last attempt
    kj::Promise<void> attempt = nullptr;
  };

  struct Line {
    std::unique_ptr<Session> session;
    std::uint64_t session_id = 0;
    NodeId dialer;
    std::uint64_t connections = 0;
  };

  struct Peer {
    PeerInfo info;
    Route* route = nullptr;
    std::array<Line, channel_count> lines;
    std::uint64_t epoch_max = 0;
    bool is_up = false;
    Instant changed_at{};  // when a connection came or went
    Dial dial;
    PeerStatus totals;  // of sessions that ended, and of what was dropped
    std::set<std::pair<Drop, std::string>> drops_told;
    std::string last_error;
  };

  struct Seed {
    std::string address;
    NodeId node;  // none: nobody has answered yet
    Dial dial;
  };

  // link_keeper.cpp
  void accept_on();
  void answer(kj::AuthenticatedStream accepted);
  void schedule_tick();
  void tick();
  void tick_dials(Instant now);
  [[nodiscard]] bool wants_dial(const Peer& peer, Instant now) const;
  [[nodiscard]] bool wants_dial(const Seed& seed, Instant now) const;
  void run_dial(Dial& dial, const std::string& address, NodeId expected, NodeId alias);
  void dial_failed(Dial& dial, const std::string& address, const std::string& reason);
  kj::Promise<void> dial_one(
      const std::string& address, Channel channel, NodeId expected, NodeId alias);
  void report_rejection();
  void refused(const std::string& remote, const std::string& reason);

  // link_peers.cpp
  Peer* peer_of(NodeId node);
  /// Gives up the place of a node that left; false when there is none.
  bool make_room();
  void leave_out(NodeId node);
  [[nodiscard]] KnownPeer known_of(NodeId node) const;
  [[nodiscard]] std::optional<std::string> judge(const Introduced& peer) const;
  void attach(kj::Own<Introduced> introduced);
  void make_session(Peer& peer, kj::Own<Introduced> introduced);
  void detach(Peer& peer, Channel channel, const std::string& reason);
  /// Ends the connection of one channel without saying anything; false when there is none.
  bool drop_session(Peer& peer, Channel channel);
  void detach_all(Peer& peer, const std::string& reason);
  void update_state(Peer& peer, const std::string& reason);
  void tell(const msg::Message& message);
  void deliver(NodeId from, const Frame& frame);
  [[nodiscard]] Duration delay_of(const Peer& peer) const;
  void apply_delay(Peer& peer);
  [[nodiscard]] bool is_complete(const Peer& peer) const;

  EventLoop& loop_;
  Directory& directory_;
  PortCache ports_;
  LinkOptions options_;
  std::shared_ptr<PeerTable> table_;
  Random random_;
  const Instant started_at_ = monotonic_now();
  std::unique_ptr<NodeTls> tls_;
  std::unique_ptr<Handshake> handshake_;
  kj::Own<kj::ConnectionReceiver> receiver_;
  std::map<std::uint64_t, kj::Promise<void>> answering_;  // not introduced yet
  std::uint64_t answering_last_ = 0;
  kj::Promise<void> listening_ = nullptr;
  kj::Promise<void> accepting_ = nullptr;
  std::map<NodeId, std::unique_ptr<Peer>> peers_;
  std::map<NodeId, Seed> seeds_;
  Instant full_told_{};  // when the table was last said to be full
  std::map<NodeId, Duration> node_delays_;
  std::map<std::string, Duration> region_delays_;
  std::map<NodeId, PeerInfo> owners_;  // of names, by the cluster's map
  std::set<NodeId> blocked_;
  bool was_ever_linked_ = false;
  std::uint64_t session_last_ = 0;
  std::uint64_t refused_count_ = 0;
  std::string refused_last_;
  Instant refused_logged_{};
  EventLoop::TimerHandle tick_timer_ = 0;
  bool is_stopped_ = false;
};

}  // namespace harka::net
