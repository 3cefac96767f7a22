// SPDX-License-Identifier: Apache-2.0
// One pass over a part of the shard in hash order.
#include "actors/shard/shard_scan.hpp"

#include "base/numbers.hpp"

#include <vector>

namespace harka {

namespace {

constexpr std::uint64_t count_max = 100'000;  // keys looked at in one SCAN

bool is_live(const kv::Record& record, WallTime now) {
  return record.expire_at == 0 || record.expire_at > now;
}

void write_keys(kv::RespWriter& out, const std::vector<std::string>& keys) {
  out.array(keys.size());
  for (const std::string& key : keys) out.bulk(key);
}

void scan(
    const kv::CommandView& command,
    const kv::ShardState& state,
    WallTime now,
    kv::RespWriter& out) {
  const std::uint64_t from =
      command.size() > 0 ? number_of<std::uint64_t>(command[0]).value_or(0) : 0;
  const std::uint64_t count = std::min(
      count_max,
      std::max<std::uint64_t>(
          1, command.size() > 1 ? number_of<std::uint64_t>(command[1]).value_or(10) : 10));
  const std::string_view pattern = command.size() > 2 ? command[2] : "*";
  std::vector<std::string> keys;
  std::uint64_t seen = 0;
  std::uint64_t next = 0;
  state.scan(from, [&](std::uint64_t hash, std::string_view key, const kv::Record& record) {
    if (is_live(record, now) && glob_matches(pattern, key)) keys.emplace_back(key);
    next = hash + 1;
    return ++seen < count;
  });
  if (seen < count) next = 0;
  out.array(2);
  out.bulk(std::to_string(next));
  write_keys(out, keys);
}

/// Does `text[0]` belong to the set that starts behind '['? Leaves `pattern` behind the ']'.
bool set_matches(std::string_view& pattern, char c) {
  const bool is_negated = !pattern.empty() && pattern[0] == '^';
  if (is_negated) pattern.remove_prefix(1);
  bool is_found = false;
  while (!pattern.empty() && pattern[0] != ']') {
    if (pattern[0] == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
    const char low = pattern[0];
    char high = low;
    if (pattern.size() > 2 && pattern[1] == '-' && pattern[2] != ']') {
      high = pattern[2];
      pattern.remove_prefix(2);
    }
    is_found = is_found || (std::min(low, high) <= c && c <= std::max(low, high));
    pattern.remove_prefix(1);
  }
  if (!pattern.empty()) pattern.remove_prefix(1);
  return is_found != is_negated;
}

}  // namespace

bool is_shard_scan(kv::CommandId id) {
  return id == kv::CommandId::scan || id == kv::CommandId::keys || id == kv::CommandId::dbsize;
}

void execute_shard_scan(
    const kv::CommandView& command,
    ShardId,
    const kv::ShardState& state,
    WallTime now,
    kv::ReplyWriter& replies) {
  kv::RespWriter out = replies.begin(command.is_resp3());
  if (command.id == kv::CommandId::dbsize) {
    out.integer(static_cast<std::int64_t>(state.count()));
  } else if (command.id == kv::CommandId::scan) {
    scan(command, state, now, out);
  } else {
    const std::string_view pattern = command.size() > 0 ? command[0] : "*";
    std::vector<std::string> keys;
    state.scan(0, [&](std::uint64_t, std::string_view key, const kv::Record& record) {
      if (is_live(record, now) && glob_matches(pattern, key)) keys.emplace_back(key);
      return true;
    });
    write_keys(out, keys);
  }
  replies.end();
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  // After a star: where to go on in the pattern, and how much text it has swallowed.
  std::string_view star_pattern;
  std::string_view star_text;
  bool has_star = false;
  while (true) {
    if (!pattern.empty() && pattern[0] == '*') {
      pattern.remove_prefix(1);
      star_pattern = pattern;
      star_text = text;
      has_star = true;
      continue;
    }
    bool matches = false;
    if (text.empty()) {
      if (pattern.empty()) return true;
    } else if (!pattern.empty()) {
      const char p = pattern[0];
      std::string_view rest = pattern.substr(1);
      if (p == '?') {
        matches = true;
      } else if (p == '[') {
        matches = set_matches(rest, text[0]);
      } else if (p == '\\' && !rest.empty()) {
        matches = rest[0] == text[0];
        rest.remove_prefix(1);
      } else {
        matches = p == text[0];
      }
      if (matches) {
        pattern = rest;
        text.remove_prefix(1);
        continue;
      }
    }
    if (!has_star || star_text.empty()) return false;
    star_text.remove_prefix(1);
    pattern = star_pattern;
    text = star_text;
  }
}

}  // namespace harka
