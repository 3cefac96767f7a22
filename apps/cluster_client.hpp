// SPDX-License-Identifier: Apache-2.0
// A minimal Redis Cluster client over RespClient: slot map from CLUSTER SLOTS, MOVED followed,
// broken connections replaced. It retries only what the caller says is idempotent.
#pragma once

#include "apps/resp_client.hpp"

#include <atomic>
#include <map>
#include <string>
#include <vector>

namespace harka::apps {

class ClusterClient {
 public:
  /// `seeds`: client addresses of some nodes; any may be down. `timeout` bounds each step.
  ClusterClient(std::vector<std::string> seeds, Duration timeout, std::string password = {});

  /// Sends an idempotent command to the node that serves `key`, following redirections and
  /// replacing connections until `deadline` has passed since the call.
  [[nodiscard]] Result<RespValue> call(
      const std::string& key, const std::vector<std::string>& arguments, Duration deadline);

  /// Later calls end early once the flag is set. It outlives this client.
  void give_up_when(const std::atomic<bool>& flag) { gives_up_ = &flag; }

  /// Last slot of each range → the address that serves it, as one node tells: all 16,384 slots,
  /// with an empty address where nobody leads. Empty when no node answers.
  [[nodiscard]] std::map<std::uint16_t, std::string> fetch_slots();

 private:
  [[nodiscard]] Result<RespClient*> connection(const std::string& address);
  [[nodiscard]] std::string address_for(std::uint16_t slot) const;
  Result<RespValue> try_once(const std::string& address, const std::vector<std::string>& arguments);

  std::vector<std::string> seeds_;
  Duration timeout_;
  std::string password_;
  const std::atomic<bool>* gives_up_ = nullptr;
  std::size_t next_seed_ = 0;
  std::map<std::uint16_t, std::string> slots_;  // last slot of a range → address
  std::map<std::string, RespClient> connections_;
};

}  // namespace harka::apps
