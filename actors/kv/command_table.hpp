// SPDX-License-Identifier: Apache-2.0
// THE table of Redis commands that HARKA knows: name, arity, flags and key positions. The gateway
// routes by it, the executor switches over its ids, and COMMAND's answers are printed from it.
//
// Ids are part of log entries: append new ones, never renumber.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace harka::kv {

enum class CommandId : std::uint16_t {
  none = 0,
  // Executed by a shard.
  get = 1,
  set,
  setnx,
  setex,
  psetex,
  getset,
  getdel,
  getex,
  mget,
  mset,
  msetnx,
  del,
  unlink,
  exists,
  touch,
  incr,
  decr,
  incrby,
  decrby,
  incrbyfloat,
  append,
  strlen,
  getrange,
  substr,
  setrange,
  expire,
  pexpire,
  expireat,
  pexpireat,
  expiretime,
  pexpiretime,
  ttl,
  pttl,
  persist,
  type,
  purge_expired,  // internal: removes those of its keys that are still expired
  shard_last = purge_expired,
  // Over the shards that this node leads.
  scan = 100,
  keys,
  dbsize,
  flushall,
  flushdb,
  randomkey,
  // Answered by the gateway.
  ping = 200,
  echo,
  hello,
  auth,
  select,
  client,
  command,
  config,
  info,
  quit,
  reset,
  readonly,
  readwrite,
  asking,
  wait,
  time,
  lastsave,
  cluster,
  harka,
  id_end
};

namespace command_flag {
constexpr std::uint32_t write = 1U << 0U;
constexpr std::uint32_t readonly = 1U << 1U;
constexpr std::uint32_t denyoom = 1U << 2U;
constexpr std::uint32_t fast = 1U << 3U;
constexpr std::uint32_t admin = 1U << 4U;
constexpr std::uint32_t loading = 1U << 5U;
constexpr std::uint32_t stale = 1U << 6U;
constexpr std::uint32_t noscript = 1U << 7U;
constexpr std::uint32_t no_auth = 1U << 8U;   // allowed before AUTH
constexpr std::uint32_t internal = 1U << 9U;  // not for clients
}  // namespace command_flag

enum class CommandGroup : std::uint8_t { string, generic, connection, server, cluster };

struct CommandInfo {
  CommandId id = CommandId::none;
  std::string_view name;    // lower case
  int arity = 0;            // with the name; negative: at least
  std::uint32_t flags = 0;  // command_flag
  int first_key = 0;        // argument positions, the name is 0; 0: no keys
  int last_key = 0;         // negative: counted from the end
  int key_step = 0;
  CommandGroup group = CommandGroup::string;
  std::string_view since;
  std::string_view summary;

  [[nodiscard]] constexpr bool has(std::uint32_t flag) const { return (flags & flag) != 0; }

  [[nodiscard]] constexpr bool is_shard_command() const {
    return id != CommandId::none && id <= CommandId::shard_last;
  }

  /// `count` includes the name.
  [[nodiscard]] constexpr bool accepts(std::size_t count) const {
    const auto least = static_cast<std::size_t>(arity < 0 ? -arity : arity);
    return arity < 0 ? count >= least : count == least;
  }
};

/// All commands, in order of id.
[[nodiscard]] std::span<const CommandInfo> command_table();

/// Case-insensitive; null when there is no such command for clients.
[[nodiscard]] const CommandInfo* find_command(std::string_view name);

/// Null for ids that this version does not know.
[[nodiscard]] const CommandInfo* find_command(CommandId id);

[[nodiscard]] std::string_view name_of(CommandGroup group);

}  // namespace harka::kv
