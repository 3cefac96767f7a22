// SPDX-License-Identifier: Apache-2.0
// What one command's execution works with; shared by the executor's files.
#pragma once

#include "actors/kv/command.hpp"
#include "actors/kv/key_value_view.hpp"
#include "actors/kv/resp_writer.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace harka::kv {

/// Replies of one batch; reads beyond it are refused, so that a short pipeline cannot ask for
/// memory without bound. With one more of the largest replies they fit into a frame between nodes.
constexpr std::size_t batch_reply_bytes_max = 64U << 20;
static_assert(batch_reply_bytes_max + limits::value_bytes_max < limits::frame_bytes_max);

/// By how much the commands of one batch may let keys grow, far beyond the bytes of any batch:
/// SETRANGE makes 16 MiB of 40 bytes, and every replica holds that in memory until its next flush.
constexpr std::size_t batch_growth_bytes_max = 64U << 20;

namespace text {
constexpr std::string_view syntax_error = "ERR syntax error";
constexpr std::string_view not_an_integer = "ERR value is not an integer or out of range";
constexpr std::string_view not_a_float = "ERR value is not a valid float";
constexpr std::string_view too_long =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
constexpr std::string_view reply_too_long = "ERR the reply would exceed the largest allowed size";
constexpr std::string_view batch_too_long =
    "TRYAGAIN The replies to commands sent at once are too long: send fewer";
constexpr std::string_view batch_too_large =
    "TRYAGAIN The commands sent at once store too much: send fewer";
}  // namespace text

struct Execution {
  const CommandView& command;
  KeyValueView& keys;
  WallTime now;
  RespWriter reply;
  std::size_t growth_bytes = 0;  // of keys and values by this command

  [[nodiscard]] std::string_view argument(std::size_t i) const { return command[i]; }

  /// The record unless there is none or its time is up.
  [[nodiscard]] std::optional<Record> find(std::string_view key) const {
    std::optional<Record> record = keys.find(key);
    if (record && record->expire_at != 0 && record->expire_at <= now) record.reset();
    return record;
  }

  /// What is known of that record, without a copy of its value.
  [[nodiscard]] std::optional<RecordInfo> look(std::string_view key) const {
    std::optional<RecordInfo> info = keys.look(key);
    if (info && info->expire_at != 0 && info->expire_at <= now) info.reset();
    return info;
  }

  /// Stores a value; one whose time is already up is removed instead.
  void store(std::string_view key, std::string_view value, WallTime expire_at) {
    store(key, Record{SharedBytes::copy_of(value), expire_at});
  }

  /// `old_bytes`: of the value that it replaces, as far as that was looked at.
  void store(std::string_view key, Record record, std::size_t old_bytes = 0) {
    if (record.expire_at != 0 && record.expire_at <= now) {
      (void)keys.remove(key);
    } else {
      const std::size_t bytes = key.size() + record.value.size();
      growth_bytes += bytes - std::min(bytes, old_bytes);
      keys.put(key, std::move(record));
    }
  }

  /// "ERR invalid expire time in 'set' command"
  void refuse_expire_time() {
    const CommandInfo* info = find_command(command.id);
    reply.error("ERR invalid expire time in '" + std::string(info->name) + "' command");
  }
};

// executor_strings.cpp
void execute_get(Execution& run);
void execute_set(Execution& run);
void execute_setnx(Execution& run);
void execute_setex(Execution& run);
void execute_getset(Execution& run);
void execute_getdel(Execution& run);
void execute_getex(Execution& run);
void execute_mget(Execution& run);
void execute_mset(Execution& run);
void execute_msetnx(Execution& run);

// executor_numbers.cpp
void execute_increment(Execution& run);
void execute_incrbyfloat(Execution& run);
void execute_append(Execution& run);
void execute_strlen(Execution& run);
void execute_getrange(Execution& run);
void execute_setrange(Execution& run);

// executor_keys.cpp
void execute_del(Execution& run);
void execute_exists(Execution& run);
void execute_expire(Execution& run);
void execute_ttl(Execution& run);
void execute_persist(Execution& run);
void execute_type(Execution& run);
void execute_purge(Execution& run);

}  // namespace harka::kv
