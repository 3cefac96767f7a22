// SPDX-License-Identifier: Apache-2.0
// A simulated client: one operation of its workload at a time. It speaks ShardBatch, as a gateway
// does: to replicas with a session of its own, or to the routers of nodes.
#pragma once

#include "runtime/machine.hpp"
#include "sim/workloads/load.hpp"

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace harka::sim {

/// An operation begins, or its outcome is there.
struct ClientEvent {
  std::uint32_t client = 0;
  std::uint64_t operation = 0;
  bool is_end = false;
  bool is_known = true;  // its outcome
  std::string_view act;
  std::string_view key;
  std::string_view value;  // written, or answered as it came
};

/// What all clients of a run share.
struct Workload {
  Load* load = nullptr;  // what they ask, and who judges the answers
  std::vector<NodeId> nodes;
  std::uint32_t shards = 1;
  std::uint32_t keys = 6;  // of each shard, for each kind of key
  Duration think_max = 40ms;
  bool uses_routers = false;
  Duration patience = 4s;         // then the outcome is unknown
  Duration resend_after = 400ms;  // only with a session of its own
  const std::set<std::pair<std::uint32_t, std::uint64_t>>* skipped = nullptr;  // not sent
  std::function<LogIndex(GroupId)> committed;                                  // the oracle's view
  std::function<Instant()> world_now;               // clients have clocks of their own
  std::function<void(const ClientEvent&)> observe;  // may be empty
  std::function<bool(NodeId)> is_up;                // else a connection to a router is refused

  // Results.
  std::vector<std::pair<std::uint32_t, std::uint64_t>> sent;  // by client
  bool is_stopped = false;
  std::uint64_t done = 0;
  std::uint64_t unknown = 0;
  std::uint64_t retries = 0;
  std::uint64_t duplicates = 0;   // answered from a session table
  std::uint64_t stale_reads = 0;  // batches that stale readers got answered
};

class Client final : public Machine {
 public:
  /// `workload` outlives the client. `number` is unique and not zero.
  Client(Workload& workload, std::uint32_t number) : workload_(workload), number_(number) {}

  void start(Turn& turn) override;
  void receive(const Envelope& envelope, Turn& turn) override;
  void on_timer(TimerId timer, Turn& turn) override;
  void on(const msg::ShardReply& reply, const Envelope& envelope, Turn& turn);

 private:
  void begin(Turn& turn);
  void tell(bool is_end, bool is_known, std::string_view value) const;
  void send(Turn& turn);
  void answered(const msg::ShardReply& reply, Turn& turn);
  void ask_again(Turn& turn);
  void finish(bool is_known, Turn& turn);
  void retry_soon(Turn& turn);
  [[nodiscard]] std::uint64_t any_node(Turn& turn) const;

  Workload& workload_;
  std::uint32_t number_;
  Random choices_{0};
  bool is_busy_ = false;
  ClientRequest request_;
  std::uint64_t operation_ = 0;            // the correlation of its messages
  std::optional<msg::ShardReply> answer_;  // the first one
  Instant answered_;                       // as the World counts, as is `began_`
  std::uint32_t repeats_left_ = 0;
  std::vector<std::uint64_t> sequences_;  // by shard
  std::vector<std::uint64_t> leaders_;    // by shard; 0: not known
  Instant began_;
  LogIndex committed_before_ = 0;
};

}  // namespace harka::sim
