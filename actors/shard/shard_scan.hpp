// SPDX-License-Identifier: Apache-2.0
// Commands over all keys of one shard: SCAN, KEYS, DBSIZE. A gateway asks each shard that its node
// leads and merges the answers.
//
// SCAN's cursor is (shard << 48) | position in hash order, so it needs no memory on the server and
// a full pass returns every key that was there all the time. In a batch the arguments are:
//   scan    position, count, pattern ("*": all)  → [next position ("0": done), [keys]]
//   keys    pattern                              → [keys]
//   dbsize                                       → integer
#pragma once

#include "actors/kv/command.hpp"
#include "actors/kv/resp_writer.hpp"
#include "actors/kv/shard_state.hpp"

#include <string_view>

namespace harka {

[[nodiscard]] bool is_shard_scan(kv::CommandId id);

/// Appends one reply. Expired keys are left out.
void execute_shard_scan(
    const kv::CommandView& command,
    ShardId shard,
    const kv::ShardState& state,
    WallTime now,
    kv::ReplyWriter& replies);

/// Redis's glob: * ? [a-z] [^a] and backslash. Linear in practice; bounded backtracking.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace harka
