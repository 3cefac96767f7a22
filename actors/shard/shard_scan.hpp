// SPDX-License-Identifier: Apache-2.0
// Commands over all keys of one shard: pages of keys in hash order, and their number. A gateway
// asks each shard that its node leads; SCAN, KEYS, RANDOMKEY and FLUSHALL are walks over pages,
// patterns are matched there. Nothing is kept between two pages: a walk returns every key that was
// there all the time. In a batch the arguments are:
//   scan    position (0: the beginning), count  → [next position ("0": that was the end), [keys]]
//   dbsize                                      → integer; -1: ask again, the counting goes on
#pragma once

#include "actors/kv/command.hpp"
#include "actors/kv/resp_writer.hpp"
#include "actors/kv/shard_state.hpp"

namespace harka {

[[nodiscard]] bool is_shard_scan(kv::CommandId id);

/// Appends one reply. Expired keys are left out of pages, and counted. A page ends early when its
/// keys are long.
void execute_shard_scan(
    const kv::CommandView& command, kv::ShardState& state, WallTime now, kv::ReplyWriter& replies);

}  // namespace harka
