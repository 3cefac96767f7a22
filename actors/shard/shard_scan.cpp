// SPDX-License-Identifier: Apache-2.0
// One pass over a part of the shard in hash order.
#include "actors/shard/shard_scan.hpp"

#include "base/numbers.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace harka {

namespace {

constexpr std::uint64_t count_default = 10;
constexpr std::uint64_t count_max = 100'000;      // keys looked at for one page
constexpr std::size_t count_look_ups_max = 1000;  // for DBSIZE, in one turn
constexpr std::size_t page_bytes_max = 1U << 20;  // of its keys: none is added beyond

bool is_live(const kv::RecordView& record, WallTime now) {
  return record.expire_at == 0 || record.expire_at > now;
}

std::uint64_t number_at(const kv::CommandView& command, std::size_t i, std::uint64_t fallback) {
  return command.size() > i ? number_of<std::uint64_t>(command[i]).value_or(fallback) : fallback;
}

void write_page(
    const kv::CommandView& command,
    const kv::ShardState& state,
    WallTime now,
    kv::RespWriter& out) {
  const std::uint64_t from = number_at(command, 0, 0);
  const std::uint64_t count =
      std::clamp<std::uint64_t>(number_at(command, 1, count_default), 1, count_max);
  std::vector<std::string> keys;
  std::size_t bytes = 0;
  std::uint64_t seen = 0;
  std::uint64_t next = 0;
  state.scan(from, [&](std::uint64_t hash, std::string_view key, const kv::RecordView& record) {
    if (is_live(record, now)) {
      keys.emplace_back(key);
      bytes += key.size();
    }
    const bool is_full = ++seen >= count || bytes >= page_bytes_max;
    // Behind the last hash there is nothing, and a position has no bit for it.
    if (is_full) next = hash == kv::hash_max ? 0 : hash + 1;
    return !is_full;
  });
  out.array(2);
  out.bulk(std::to_string(next));
  out.array(keys.size());
  for (const std::string& key : keys) out.bulk(key);
}

}  // namespace

bool is_shard_scan(kv::CommandId id) {
  return id == kv::CommandId::scan || id == kv::CommandId::dbsize;
}

void execute_shard_scan(
    const kv::CommandView& command, kv::ShardState& state, WallTime now, kv::ReplyWriter& replies) {
  kv::RespWriter out = replies.begin(command.is_resp3());
  if (command.id == kv::CommandId::dbsize) {
    const std::optional<std::uint64_t> count = state.count(count_look_ups_max);
    out.integer(count ? static_cast<std::int64_t>(*count) : -1);
  } else {
    write_page(command, state, now, out);
  }
  replies.end();
}

}  // namespace harka
