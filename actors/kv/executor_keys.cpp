// SPDX-License-Identifier: Apache-2.0
// Keys and their time to live. The order of checks is Redis 7.0's (expire.c).
#include "actors/kv/execution.hpp"
#include "actors/kv/numbers.hpp"

#include <map>

namespace harka::kv {

namespace {

struct ExpireOptions {
  bool nx = false;
  bool xx = false;
  bool gt = false;
  bool lt = false;
};

bool is_word(std::string_view given, std::string_view lowered) {
  if (given.size() != lowered.size()) return false;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char c = given[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != lowered[i]) return false;
  }
  return true;
}

/// Answers with the error and returns nothing when the options make no sense.
std::optional<ExpireOptions> parse_options(Execution& run) {
  ExpireOptions options;
  for (std::size_t i = 2; i < run.command.size(); ++i) {
    const std::string_view word = run.argument(i);
    bool* known = is_word(word, "nx")   ? &options.nx
                  : is_word(word, "xx") ? &options.xx
                  : is_word(word, "gt") ? &options.gt
                  : is_word(word, "lt") ? &options.lt
                                        : nullptr;
    if (known == nullptr) {
      run.reply.error("ERR Unsupported option " + std::string(word));
      return std::nullopt;
    }
    *known = true;
  }
  if (options.nx && (options.xx || options.gt || options.lt)) {
    run.reply.error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return std::nullopt;
  }
  if (options.gt && options.lt) {
    run.reply.error("ERR GT and LT options at the same time are not compatible");
    return std::nullopt;
  }
  return options;
}

/// `current` 0: the key never expires, which counts as later than any time.
bool may_change(const ExpireOptions& options, WallTime current, WallTime when) {
  if (options.nx && current != 0) return false;
  if (options.xx && current == 0) return false;
  if (options.gt && (current == 0 || when <= current)) return false;
  return !(options.lt && current != 0 && when >= current);
}

}  // namespace

void execute_del(Execution& run) {
  std::int64_t count = 0;
  for (const std::string_view key : *run.command.arguments) {
    if (!run.look(key)) continue;
    (void)run.keys.remove(key);
    ++count;
  }
  run.reply.integer(count);
}

void execute_exists(Execution& run) {
  // A key counts as often as it is named and is looked up once: a look-up reads its whole value.
  std::map<std::string_view, bool> is_there;
  std::int64_t count = 0;
  for (const std::string_view key : *run.command.arguments) {
    const auto [known, is_new] = is_there.try_emplace(key);
    if (is_new) known->second = run.look(key).has_value();
    if (known->second) ++count;
  }
  run.reply.integer(count);
}

void execute_expire(Execution& run) {
  const CommandId id = run.command.id;
  const bool is_seconds = id == CommandId::expire || id == CommandId::expireat;
  const bool is_relative = id == CommandId::expire || id == CommandId::pexpire;
  const std::optional<ExpireOptions> options = parse_options(run);
  if (!options) return;
  const std::optional<std::int64_t> number = parse_integer(run.argument(1));
  if (!number) return run.reply.error(text::not_an_integer);
  WallTime when = *number;
  if ((is_seconds && __builtin_mul_overflow(when, 1000, &when)) ||
      (is_relative && __builtin_add_overflow(when, run.now, &when))) {
    return run.refuse_expire_time();
  }
  std::optional<Record> record = run.find(run.argument(0));
  if (!record || !may_change(*options, record->expire_at, when)) return run.reply.integer(0);
  if (when <= run.now) {  // also what is not positive: 0 would mean "never"
    (void)run.keys.remove(run.argument(0));
  } else {
    record->expire_at = when;
    run.keys.put(run.argument(0), std::move(*record));
  }
  run.reply.integer(1);
}

void execute_ttl(Execution& run) {
  const std::optional<RecordInfo> record = run.look(run.argument(0));
  if (!record) return run.reply.integer(-2);
  if (record->expire_at == 0) return run.reply.integer(-1);
  const CommandId id = run.command.id;
  const bool is_seconds = id == CommandId::ttl || id == CommandId::expiretime;
  const bool is_relative = id == CommandId::ttl || id == CommandId::pttl;
  const WallTime milliseconds = is_relative ? record->expire_at - run.now : record->expire_at;
  run.reply.integer(
      is_seconds ? milliseconds / 1000 + (milliseconds % 1000 >= 500 ? 1 : 0) : milliseconds);
}

void execute_persist(Execution& run) {
  std::optional<Record> record = run.find(run.argument(0));
  if (!record || record->expire_at == 0) return run.reply.integer(0);
  record->expire_at = 0;
  run.keys.put(run.argument(0), std::move(*record));
  run.reply.integer(1);
}

void execute_type(Execution& run) {
  run.reply.simple(run.look(run.argument(0)) ? "string" : "none");
}

void execute_purge(Execution& run) {
  std::int64_t count = 0;
  for (const std::string_view key : *run.command.arguments) {
    const std::optional<RecordInfo> record = run.keys.look(key);
    if (!record || record->expire_at == 0 || record->expire_at > run.now) continue;
    (void)run.keys.remove(key);
    ++count;
  }
  run.reply.integer(count);
}

}  // namespace harka::kv
