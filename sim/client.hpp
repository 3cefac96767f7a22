// SPDX-License-Identifier: Apache-2.0
// A simulated client: one operation at a time on a few keys, recorded for the checkers. It speaks
// ShardBatch, as a gateway does: to replicas with a session of its own, or to the routers of nodes.
#pragma once

#include "runtime/machine.hpp"
#include "sim/checkers/linearizability.hpp"

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace harka::sim {

/// A token appended to a list key: it must be there once if acknowledged, else at most once.
struct Appended {
  std::string key;
  std::string token;
  bool is_acknowledged = false;
  std::uint64_t length = 0;  // of the list behind it, as acknowledged
};

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
  std::vector<NodeId> nodes;
  std::uint32_t shards = 1;
  std::uint32_t keys = 6;  // of each shard, for each kind of key
  double writes = 0.5;
  double appends = 0.15;
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
  std::vector<Operation> history;
  std::vector<Appended> appended;
  std::uint64_t done = 0;
  std::uint64_t unknown = 0;
  std::uint64_t retries = 0;
  std::uint64_t duplicates = 0;   // answered from a session table
  std::uint64_t stale_reads = 0;  // batches that stale readers got answered
};

[[nodiscard]] std::string register_key(std::uint32_t shard, std::uint64_t number);
[[nodiscard]] std::string list_key(std::uint32_t shard, std::uint64_t number);

class Client final : public Machine {
 public:
  /// `workload` outlives the client. `number` is unique and not zero.
  Client(Workload& workload, std::uint32_t number) : workload_(workload), number_(number) {}

  void start(Turn& turn) override;
  void receive(const Envelope& envelope, Turn& turn) override;
  void on_timer(TimerId timer, Turn& turn) override;
  void on(const msg::ShardReply& reply, const Envelope& envelope, Turn& turn);

 private:
  enum class Act : std::uint8_t { read, write, append };

  void begin(Turn& turn);
  void tell(bool is_end, bool is_known, std::string_view value) const;
  void send(Turn& turn);
  void finish(bool is_known, std::string_view answer, Turn& turn);
  void retry_soon(Turn& turn);
  [[nodiscard]] std::uint64_t any_node(Turn& turn) const;

  Workload& workload_;
  std::uint32_t number_;
  Random choices_{0};
  bool is_busy_ = false;
  Act act_ = Act::read;
  std::uint32_t shard_ = 0;
  std::string key_;
  std::string value_;
  std::uint64_t operation_ = 0;           // the correlation of its messages
  std::vector<std::uint64_t> sequences_;  // by shard
  std::vector<std::uint64_t> leaders_;    // by shard; 0: not known
  Instant began_;
  LogIndex committed_before_ = 0;
};

}  // namespace harka::sim
