// SPDX-License-Identifier: Apache-2.0
// What commands see of a shard: keys to records, as of one entry of its log.
#pragma once

#include "base/bytes.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace harka::kv {

struct Record {
  SharedBytes value;
  WallTime expire_at = 0;  // wall milliseconds; 0: never
  friend bool operator==(const Record&, const Record&) = default;
};

/// What is known of a record without its value.
struct RecordInfo {
  std::size_t value_bytes = 0;
  WallTime expire_at = 0;
};

class KeyValueView {
 public:
  virtual ~KeyValueView() = default;
  /// As stored, expired or not: expiry is decided by the command's own time.
  [[nodiscard]] virtual std::optional<Record> find(std::string_view key) const = 0;

  /// As `find`, for who does not need the value, which may be large and would be copied.
  [[nodiscard]] virtual std::optional<RecordInfo> look(std::string_view key) const {
    const std::optional<Record> record = find(key);
    if (!record) return std::nullopt;
    return RecordInfo{record->value.size(), record->expire_at};
  }

  virtual void put(std::string_view key, Record record) = 0;

  /// Puts `more` behind the value of a key that is there.
  virtual void append(std::string_view key, std::string_view more) {
    Record record = find(key).value();
    record.value = SharedBytes(std::string(record.value.view()).append(more));
    put(key, std::move(record));
  }

  /// True when there was something to remove.
  virtual bool remove(std::string_view key) = 0;
};

}  // namespace harka::kv
