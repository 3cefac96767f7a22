// SPDX-License-Identifier: Apache-2.0
// A node's view of the cluster: its durable copy of the cluster map, who leads what, who is alive.
//
// Control finds a cluster (by asking members), creates one exactly once (`init`, a two-step promise
// and commit over all members that are up), adopts newer maps, and tells the node's region, pulse,
// routers and links. It decides nothing about placement after creation; a map changes only through
// the meta group.
#pragma once

#include "runtime/machine.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace harka {

struct ControlOptions {
  msg::NodeRecord self;
  msg::ClusterMap stored_map;        // cluster_id 0: this data directory is fresh
  bool creates_single_node = false;  // no seeds: create a cluster of one at the first start
  std::uint32_t shard_count = limits::shard_count_default;
  std::uint32_t replication_factor = 3;
  std::uint32_t router_count = 1;
  Duration poll_fresh = 300ms;  // looking for a cluster
  Duration poll = 3s;           // looking for a newer map
  Duration init_timeout = 10s;
  Duration init_resend = 500ms;        // links lose messages while they come up
  std::size_t drain_askers_max = 100;  // who wait for a drain, which may never be over
  std::string version;                 // of the program, for status
};

/// Where a node keeps its copy of the map in its state store.
constexpr std::string_view stored_map_key = "cluster-map";

class Control final : public Machine {
 public:
  explicit Control(ControlOptions options);

  void start(Turn& turn) override;
  void receive(const Envelope& envelope, Turn& turn) override;
  void on_timer(TimerId timer, Turn& turn) override;
  [[nodiscard]] std::string describe() const override;

  void on(const msg::AdminRequest& request, const Envelope& envelope, Turn& turn);
  void on(const msg::MembershipChanged& change, const Envelope& envelope, Turn& turn);
  void on(const msg::LeaderHints& hints, const Envelope& envelope, Turn& turn);
  void on(const msg::LeadershipChanged& change, const Envelope& envelope, Turn& turn);
  void on(const msg::MapRequest& request, const Envelope& envelope, Turn& turn);
  void on(const msg::MapUpdate& update, const Envelope& envelope, Turn& turn);
  void on(const msg::PrepareInit& prepare, const Envelope& envelope, Turn& turn);
  void on(const msg::InitPromise& promise, const Envelope& envelope, Turn& turn);
  void on(const msg::CommitInit& commit, const Envelope& envelope, Turn& turn);
  void on(const msg::InitDone& done, const Envelope& envelope, Turn& turn);
  void on(const msg::StateFlushed& flushed, const Envelope& envelope, Turn& turn);
  void on(const msg::ProposeMapReply& reply, const Envelope& envelope, Turn& turn);
  void on(const msg::DrainProgress& progress, const Envelope& envelope, Turn& turn);

 private:
  struct Leader {
    Term term = 0;
    std::uint64_t node = 0;
  };

  struct Asker {  // of an admin request that is answered later
    Address address;
    std::uint64_t correlation = 0;
    std::uint64_t token = 0;
  };

  struct Init {  // this node coordinates the creation of a cluster
    std::uint64_t cluster_id = 0;
    std::uint32_t shard_count = 0;
    std::uint32_t replication_factor = 0;
    std::map<std::uint64_t, msg::Member> members;
    std::map<std::uint64_t, bool> promised;
    std::map<std::uint64_t, bool> done;
    Asker asker;
    msg::ClusterMap map;  // once committed
    bool is_committed = false;
  };

  void begin_init(const msg::AdminRequest& request, const Asker& asker, Turn& turn);
  void commit_init(Turn& turn);
  void ask_init_members(Turn& turn);
  void end_init(int exit_code, const std::string& text, Turn& turn);
  bool adopt(const msg::ClusterMap& map, Turn& turn);
  void announce_map(Turn& turn);
  void poll_map(Turn& turn);
  void join_if_missing(Turn& turn);
  void tell_routers(const msg::Message& message, Turn& turn);
  void tell_leaders(const msg::LeaderHints& hints, Turn& turn);
  void answer(const Asker& asker, int exit_code, std::string json, Turn& turn);
  [[nodiscard]] bool is_credible(const msg::LeaderHint& hint, std::uint64_t from) const;
  void learn_leader(std::uint32_t group, Term term, std::uint64_t node);
  [[nodiscard]] std::string status_json(std::uint64_t self) const;
  [[nodiscard]] std::string verdict() const;
  /// As far as this node knows; one that was never heard of is not.
  [[nodiscard]] bool is_up(std::uint64_t node) const;
  [[nodiscard]] std::vector<const msg::NodeRecord*> nodes_down() const;
  [[nodiscard]] std::uint32_t shards_without_leader() const;

  ControlOptions options_;
  msg::ClusterMap map_;          // durable
  msg::ClusterMap pending_map_;  // being written; announced once durable
  std::uint64_t flush_ticket_ = 0;
  std::vector<std::pair<Address, std::uint64_t>> waiting_done_;  // InitDone after durability
  std::map<std::uint64_t, msg::Member> members_;
  std::map<std::uint32_t, Leader> leaders_;  // by group
  std::optional<Init> init_;
  std::uint64_t proposed_id_ = 0;  // of this node's last init that committed nothing
  Instant proposed_at_;
  std::uint64_t promised_to_ = 0;
  Instant promised_at_;
  std::vector<Asker> drain_askers_;
};

}  // namespace harka
