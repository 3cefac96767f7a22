// SPDX-License-Identifier: Apache-2.0
// A client after READONLY: reads registers from any node, one batch at a time, and hands each
// answer to the staleness oracle. As a gateway's session it remembers by shard what it has seen and
// never accepts less.
#pragma once

#include "sim/checkers/staleness.hpp"
#include "sim/client.hpp"

#include <string>
#include <vector>

namespace harka::sim {

class StaleReader final : public Machine {
 public:
  /// Both outlive it. Without routers it asks replicas, wherever they are.
  StaleReader(Workload& workload, const StalenessOracle& oracle)
      : workload_(workload), oracle_(oracle), seen_(workload.shards) {}

  void start(Turn& turn) override;
  void receive(const Envelope& envelope, Turn& turn) override;
  void on_timer(TimerId timer, Turn& turn) override;
  void on(const msg::ShardReply& reply, const Envelope& envelope, Turn& turn);

 private:
  void begin(Turn& turn);
  void send(Turn& turn);
  void finish(Turn& turn);

  Workload& workload_;
  const StalenessOracle& oracle_;
  bool is_busy_ = false;
  std::uint64_t operation_ = 0;
  std::uint32_t shard_ = 0;
  std::vector<std::string> keys_;
  std::vector<LogIndex> seen_;  // by shard
  Instant began_;               // as the World counts
};

}  // namespace harka::sim
