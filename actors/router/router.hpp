// SPDX-License-Identifier: Apache-2.0
// The router of one gateway loop: shard → leader by the map and the leader hints, retries with the
// same sequence until an answer or a deadline, and never lets a retry take effect twice.
//
// Its client (the gateway, or a simulated one) sends msg::ShardBatch with shard, commands, count,
// writes, stale_reads and min_index filled in and gets one msg::ShardReply with its correlation:
//   done         the replies
//   not_leader   another node leads (`leader`): the client is told to go there (MOVED)
//   retry_later  no leader within the patience; nothing happened (CLUSTERDOWN)
//   unknown      a write may or may not have happened and no answer came before the deadline
//
// Reads that may be stale go to the replica of this node, or to its cache where it has none or
// where the replica cannot answer (it has just started and is behind).
#pragma once

#include "runtime/machine.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace harka {

struct RouterOptions {
  std::uint64_t session = 0;   // unique in the cluster's life: node, its epoch and the loop
  Duration patience = 2s;      // how long a request waits for a leader to be known
  Duration resend_after = 1s;  // no answer at all: the leader's node may be gone
  Duration deadline = 8s;      // then the outcome is reported as unknown
  Duration sweep = 50ms;
  std::size_t flights_max = 100'000;
};

class Router final : public Machine {
 public:
  explicit Router(RouterOptions options) : options_(options) {}

  void receive(const Envelope& envelope, Turn& turn) override;
  void on_timer(TimerId timer, Turn& turn) override;
  [[nodiscard]] std::string describe() const override;

  void on(const msg::ShardBatch& batch, const Envelope& envelope, Turn& turn);
  void on(const msg::ShardReply& reply, const Envelope& envelope, Turn& turn);
  void on(const msg::MapUpdate& update, const Envelope& envelope, Turn& turn);
  void on(const msg::LeaderHints& hints, const Envelope& envelope, Turn& turn);
  void on(const msg::MembershipChanged& change, const Envelope& envelope, Turn& turn);

  /// The leader of a shard as far as this router knows; 0: none known or its node is down.
  [[nodiscard]] std::uint64_t leader_of(std::uint32_t shard) const;

  [[nodiscard]] const msg::ClusterMap& map() const { return map_; }

 private:
  struct Leader {
    Term term = 0;
    std::uint64_t node = 0;
  };

  struct Flight {
    Address client;
    std::uint64_t correlation = 0;
    msg::ShardBatch batch;
    Instant arrived;
    Instant sent;
    std::uint64_t sent_to = 0;  // 0: parked, waiting for a leader
    bool maybe_done = false;    // a write was sent and its fate is not known
    bool asks_cache = false;    // a stale read that the replica here did not answer
  };

  using FlightKey = std::pair<std::uint32_t, std::uint64_t>;  // shard, sequence
  using Flights = std::map<FlightKey, Flight>;

  void route(Flights::iterator flight, Turn& turn);
  void send_to(Flights::iterator flight, std::uint64_t node, Turn& turn);
  void send(Flights::iterator flight, const Address& to, Turn& turn);
  void park(Flights::iterator flight);
  void finish(Flights::iterator flight, msg::ShardReply reply, Turn& turn);
  void fail(Flights::iterator flight, msg::BatchOutcome outcome, std::uint64_t leader, Turn& turn);
  void retry_parked(std::uint32_t shard, Turn& turn);
  void sweep(Turn& turn);
  [[nodiscard]] bool is_replica_here(std::uint32_t shard, std::uint64_t node) const;

  [[nodiscard]] static bool may_be_stale(const msg::ShardBatch& batch) {
    return batch.stale_reads && batch.writes == 0;
  }

  RouterOptions options_;
  msg::ClusterMap map_;
  std::map<std::uint32_t, Leader> leaders_;           // by shard
  std::map<std::uint64_t, bool> is_alive_;            // by node; absent: believed alive
  std::map<std::uint32_t, std::uint64_t> sequences_;  // last used, by shard
  std::map<std::uint32_t, std::uint32_t> parked_;     // flights without a leader, by shard
  Flights flights_;
  bool is_sweep_armed_ = false;  // while there are flights
};

}  // namespace harka
