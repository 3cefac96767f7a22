// SPDX-License-Identifier: Apache-2.0
// Parts of values and values as numbers. All keep the key's time to live, as in Redis.
#include "actors/kv/execution.hpp"
#include "actors/kv/numbers.hpp"

#include <algorithm>
#include <cmath>

namespace harka::kv {

namespace {

constexpr std::string_view would_overflow = "ERR increment or decrement would overflow";

/// Stores a new value under the old record's expiry and returns what was stored.
void replace(Execution& run, const std::optional<Record>& old, std::string value) {
  run.store(
      run.argument(0),
      Record{SharedBytes(std::move(value)), old ? old->expire_at : WallTime{0}},
      old ? old->value.size() : 0);
}

}  // namespace

void execute_increment(Execution& run) {
  std::int64_t by = 1;
  if (run.command.size() == 2) {
    const std::optional<std::int64_t> given = parse_integer(run.argument(1));
    if (!given) return run.reply.error(text::not_an_integer);
    by = *given;
  }
  if (run.command.id == CommandId::decr || run.command.id == CommandId::decrby) {
    if (by == INT64_MIN) return run.reply.error("ERR decrement would overflow");
    by = -by;
  }
  const std::optional<Record> old = run.find(run.argument(0));
  std::int64_t value = 0;
  if (old) {
    const std::optional<std::int64_t> stored = parse_integer(old->value.view());
    if (!stored) return run.reply.error(text::not_an_integer);
    value = *stored;
  }
  if (__builtin_add_overflow(value, by, &value)) return run.reply.error(would_overflow);
  replace(run, old, std::to_string(value));
  run.reply.integer(value);
}

void execute_incrbyfloat(Execution& run) {
  const std::optional<Record> old = run.find(run.argument(0));
  const std::optional<long double> stored = old ? parse_float(old->value.view()) : 0.0L;
  const std::optional<long double> by = parse_float(run.argument(1));
  if (!stored || !by) return run.reply.error(text::not_a_float);
  const long double sum = *stored + *by;
  if (std::isnan(sum) || std::isinf(sum)) {
    return run.reply.error("ERR increment would produce NaN or Infinity");
  }
  std::string printed = print_float(sum);
  run.reply.bulk(printed);
  replace(run, old, std::move(printed));
}

void execute_append(Execution& run) {
  const std::string_view key = run.argument(0);
  const std::string_view more = run.argument(1);
  const std::optional<RecordInfo> old = run.look(key);
  const std::size_t bytes = (old ? old->value_bytes : 0) + more.size();
  if (bytes > limits::value_bytes_max) return run.reply.error(text::too_long);
  run.reply.integer(static_cast<std::int64_t>(bytes));
  if (!old) return run.store(key, more, 0);
  run.growth_bytes += key.size() + more.size();
  run.keys.append(key, more);
}

void execute_strlen(Execution& run) {
  const std::optional<RecordInfo> record = run.look(run.argument(0));
  run.reply.integer(record ? static_cast<std::int64_t>(record->value_bytes) : 0);
}

void execute_getrange(Execution& run) {
  const std::optional<std::int64_t> first = parse_integer(run.argument(1));
  const std::optional<std::int64_t> last = parse_integer(run.argument(2));
  if (!first || !last) return run.reply.error(text::not_an_integer);
  const std::optional<Record> record = run.find(run.argument(0));
  if (!record || (*first < 0 && *last < 0 && *first > *last)) return run.reply.bulk({});
  const auto size = static_cast<std::int64_t>(record->value.size());
  const std::int64_t start = std::max<std::int64_t>(0, *first < 0 ? size + *first : *first);
  const std::int64_t end =
      std::min(size - 1, std::max<std::int64_t>(0, *last < 0 ? size + *last : *last));
  if (start > end) return run.reply.bulk({});
  run.reply.bulk(record->value.view().substr(
      static_cast<std::size_t>(start), static_cast<std::size_t>(end - start + 1)));
}

void execute_setrange(Execution& run) {
  const std::optional<std::int64_t> offset = parse_integer(run.argument(1));
  if (!offset) return run.reply.error(text::not_an_integer);
  if (*offset < 0) return run.reply.error("ERR offset is out of range");
  const std::string_view part = run.argument(2);
  const std::optional<Record> old = run.find(run.argument(0));
  const std::string_view before = old ? old->value.view() : std::string_view();
  if (part.empty()) return run.reply.integer(static_cast<std::int64_t>(before.size()));
  const auto start = static_cast<std::uint64_t>(*offset);
  if (start > limits::value_bytes_max || start + part.size() > limits::value_bytes_max) {
    return run.reply.error(text::too_long);
  }
  std::string value(before);
  if (value.size() < start + part.size()) value.resize(start + part.size(), '\0');
  value.replace(start, part.size(), part);
  run.reply.integer(static_cast<std::int64_t>(value.size()));
  replace(run, old, std::move(value));
}

}  // namespace harka::kv
