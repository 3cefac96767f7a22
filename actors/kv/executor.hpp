// SPDX-License-Identifier: Apache-2.0
// Executes one data command against a shard's keys, with the replies and error texts of Redis 7.0.
// Pure and deterministic: the same command, keys and `now` give the same result on every replica.
//
// A key whose time is up (`expire_at <= now`) is absent to every command; purge_expired removes it.
#pragma once

#include "actors/kv/command.hpp"
#include "actors/kv/key_value_view.hpp"
#include "actors/kv/resp_writer.hpp"
#include "base/time.hpp"

namespace harka::kv {

/// Appends exactly one reply, whatever the command is. Only commands that may write change `keys`.
void execute(const CommandView& command, KeyValueView& keys, WallTime now, ReplyWriter& replies);

}  // namespace harka::kv
