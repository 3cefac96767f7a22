// SPDX-License-Identifier: Apache-2.0
// What commands see of a shard: keys to records, as of one entry of its log.
#pragma once

#include "base/bytes.hpp"
#include "base/time.hpp"

#include <optional>
#include <string_view>

namespace harka::kv {

struct Record {
  SharedBytes value;
  WallTime expire_at = 0;  // wall milliseconds; 0: never
  friend bool operator==(const Record&, const Record&) = default;
};

class KeyValueView {
 public:
  virtual ~KeyValueView() = default;
  /// As stored, expired or not: expiry is decided by the command's own time.
  [[nodiscard]] virtual std::optional<Record> find(std::string_view key) const = 0;
  virtual void put(std::string_view key, Record record) = 0;
  /// True when there was something to remove.
  virtual bool remove(std::string_view key) = 0;
};

}  // namespace harka::kv
