// SPDX-License-Identifier: Apache-2.0
// Whole values: GET, SET and their relatives. The order of checks is Redis 7.0's (t_string.c),
// because it decides which of two errors a client sees.
#include "actors/kv/execution.hpp"
#include "actors/kv/numbers.hpp"

namespace harka::kv {

namespace {

struct SetOptions {
  bool nx = false;
  bool xx = false;
  bool get = false;
  bool keep_ttl = false;
  bool persist = false;
  bool is_seconds = false;
  bool is_absolute = false;
  std::string_view unit;  // lower-case name of the expiry option that was given
  std::optional<std::string_view> expire;
};

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lowered;
}

/// Another expiry option than `unit` was given before.
bool conflicts(const SetOptions& options, std::string_view unit) {
  return options.keep_ttl || options.persist || (options.expire && options.unit != unit);
}

bool take_expire(SetOptions& options, std::string_view unit, std::string_view value) {
  if (conflicts(options, unit)) return false;
  options.unit = unit;
  options.expire = value;
  options.is_seconds = unit == "ex" || unit == "exat";
  options.is_absolute = unit == "exat" || unit == "pxat";
  return true;
}

/// SET and GETEX share a grammar. False: syntax error.
bool parse_options(const CommandView& command, std::size_t first, SetOptions& options) {
  const bool is_set = command.id == CommandId::set;
  for (std::size_t i = first; i < command.size(); ++i) {
    const std::string word = lower(command[i].substr(0, 8));
    const bool has_next = i + 1 < command.size();
    bool is_fine = false;
    if (word == "nx" && is_set) {
      is_fine = !options.xx;
      options.nx = true;
    } else if (word == "xx" && is_set) {
      is_fine = !options.nx;
      options.xx = true;
    } else if (word == "get" && is_set) {
      is_fine = options.get = true;
    } else if (word == "keepttl" && is_set) {
      is_fine = !options.persist && !options.expire;
      options.keep_ttl = true;
    } else if (word == "persist" && !is_set) {
      is_fine = !options.keep_ttl && !options.expire;
      options.persist = true;
    } else {
      for (const std::string_view unit : {"ex", "px", "exat", "pxat"}) {
        if (word == unit && has_next) {
          is_fine = take_expire(options, unit, command[i + 1]);
          ++i;
          break;
        }
      }
    }
    if (!is_fine) return false;
  }
  return true;
}

/// Absolute milliseconds; answers with the error and returns nothing when `value` is unusable.
std::optional<WallTime> expire_time(
    Execution& run, std::string_view value, bool is_seconds, bool is_absolute) {
  const std::optional<std::int64_t> number = parse_integer(value);
  if (!number) {
    run.reply.error(text::not_an_integer);
    return std::nullopt;
  }
  WallTime milliseconds = *number;
  const bool is_bad =
      milliseconds <= 0 ||
      (is_seconds && __builtin_mul_overflow(milliseconds, 1000, &milliseconds)) ||
      (!is_absolute && __builtin_add_overflow(milliseconds, run.now, &milliseconds));
  if (is_bad) {
    run.refuse_expire_time();
    return std::nullopt;
  }
  return milliseconds;
}

void reply_value(Execution& run, const std::optional<Record>& record) {
  if (record) {
    run.reply.bulk(record->value.view());
  } else {
    run.reply.null();
  }
}

}  // namespace

void execute_get(Execution& run) {
  reply_value(run, run.find(run.argument(0)));
}

void execute_set(Execution& run) {
  SetOptions options;
  if (!parse_options(run.command, 2, options)) return run.reply.error(text::syntax_error);
  WallTime expire_at = 0;
  if (options.expire) {
    const std::optional<WallTime> at =
        expire_time(run, *options.expire, options.is_seconds, options.is_absolute);
    if (!at) return;
    expire_at = *at;
  }
  const std::string_view key = run.argument(0);
  const bool must_look = options.nx || options.xx || options.keep_ttl;
  if (options.get) reply_value(run, run.find(key));
  const std::optional<RecordInfo> old = must_look ? run.look(key) : std::nullopt;
  if ((options.nx && old) || (options.xx && !old)) {
    if (!options.get) run.reply.null();
    return;
  }
  if (options.keep_ttl && old) expire_at = old->expire_at;
  run.store(key, run.argument(1), expire_at);
  if (!options.get) run.reply.ok();
}

void execute_setnx(Execution& run) {
  const std::string_view key = run.argument(0);
  if (run.look(key)) return run.reply.integer(0);
  run.store(key, run.argument(1), 0);
  run.reply.integer(1);
}

void execute_setex(Execution& run) {
  const bool is_seconds = run.command.id == CommandId::setex;
  const std::optional<WallTime> at = expire_time(run, run.argument(1), is_seconds, false);
  if (!at) return;
  run.store(run.argument(0), run.argument(2), *at);
  run.reply.ok();
}

void execute_getset(Execution& run) {
  reply_value(run, run.find(run.argument(0)));
  run.store(run.argument(0), run.argument(1), 0);
}

void execute_getdel(Execution& run) {
  const std::optional<Record> record = run.find(run.argument(0));
  reply_value(run, record);
  if (record) (void)run.keys.remove(run.argument(0));
}

void execute_getex(Execution& run) {
  SetOptions options;
  if (!parse_options(run.command, 1, options)) return run.reply.error(text::syntax_error);
  const std::string_view key = run.argument(0);
  std::optional<Record> record = run.find(key);
  if (!record) return run.reply.null();
  if (options.expire) {
    const std::optional<WallTime> at =
        expire_time(run, *options.expire, options.is_seconds, options.is_absolute);
    if (!at) return;
    record->expire_at = *at;
  }
  run.reply.bulk(record->value.view());
  if (options.persist) record->expire_at = 0;
  const std::size_t bytes = record->value.size();
  if (options.persist || options.expire) run.store(key, std::move(*record), bytes);
}

void execute_mget(Execution& run) {
  std::vector<std::optional<Record>> found;
  std::size_t bytes = 0;
  for (const std::string_view key : *run.command.arguments) {
    found.push_back(run.find(key));
    if (found.back()) bytes += found.back()->value.size();
    // At once: each value is a copy, and one large key may be named 65,000 times.
    if (bytes > limits::value_bytes_max) return run.reply.error(text::reply_too_long);
  }
  run.reply.array(found.size());
  for (const std::optional<Record>& record : found) reply_value(run, record);
}

void execute_mset(Execution& run) {
  if (run.command.size() % 2 != 0) {
    return run.reply.error("ERR wrong number of arguments for 'mset' command");
  }
  for (std::size_t i = 0; i < run.command.size(); i += 2) {
    run.store(run.argument(i), run.argument(i + 1), 0);
  }
  run.reply.ok();
}

void execute_msetnx(Execution& run) {
  if (run.command.size() % 2 != 0) {
    return run.reply.error("ERR wrong number of arguments for 'msetnx' command");
  }
  for (std::size_t i = 0; i < run.command.size(); i += 2) {
    if (run.look(run.argument(i))) return run.reply.integer(0);
  }
  for (std::size_t i = 0; i < run.command.size(); i += 2) {
    run.store(run.argument(i), run.argument(i + 1), 0);
  }
  run.reply.integer(1);
}

}  // namespace harka::kv
