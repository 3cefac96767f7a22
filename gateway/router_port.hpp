// SPDX-License-Identifier: Apache-2.0
// What a gateway asks of its node. All calls and answers happen on the gateway's loop thread. Every
// question has a ticket and gets exactly one answer through the Service's `on_…` function of the
// same name, at once (inside the call) or later.
#pragma once

#include "base/bytes.hpp"
#include "schemas/shard.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace harka::gateway {

/// A page of one shard's keys, from the leader on this node.
struct ScanRequest {
  std::uint32_t shard = 0;
  std::uint64_t from = 0;      // 48-bit position in hash order; 0: the beginning
  std::uint32_t count = 10;    // about how many keys to look at
  bool is_count_only = false;  // only `total` is wanted
};

struct ScanAnswer {
  bool is_ok = false;  // false: the shard is not led here (any more)
  std::vector<std::string> keys;
  std::uint64_t next = 0;   // where to continue; 0: that was the end
  std::uint64_t total = 0;  // keys in the shard (is_count_only)
};

class RouterPort {
 public:
  virtual ~RouterPort() = default;

  /// `shard, commands, count, writes, stale_reads, min_index` are set. Answer: on_reply.
  /// Batches of one shard reach it in the order of submission.
  virtual void submit(msg::ShardBatch batch, std::uint64_t ticket) = 0;
  /// Answer: on_scan.
  virtual void scan(const ScanRequest& request, std::uint64_t ticket) = 0;
  /// A question of the `harka` command line: HARKA verb argument… Answer: on_admin.
  virtual void admin(
      std::string verb, std::vector<std::string> arguments, std::uint64_t ticket) = 0;
};

}  // namespace harka::gateway
