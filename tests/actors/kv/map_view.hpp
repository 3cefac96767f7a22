// SPDX-License-Identifier: Apache-2.0
// The simplest key space: a map.
#pragma once

#include "actors/kv/key_value_view.hpp"

#include <map>
#include <string>
#include <utility>

namespace harka::kv {

class MapView final : public KeyValueView {
 public:
  [[nodiscard]] std::optional<Record> find(std::string_view key) const override {
    ++find_count;
    const auto found = records.find(key);
    if (found == records.end()) return std::nullopt;
    return found->second;
  }

  [[nodiscard]] std::optional<RecordInfo> look(std::string_view key) const override {
    ++look_count;
    const auto found = records.find(key);
    if (found == records.end()) return std::nullopt;
    return RecordInfo{found->second.value.size(), found->second.expire_at};
  }

  void put(std::string_view key, Record record) override {
    records.insert_or_assign(std::string(key), std::move(record));
  }

  bool remove(std::string_view key) override {
    const auto found = records.find(key);
    if (found == records.end()) return false;
    records.erase(found);
    return true;
  }

  std::map<std::string, Record, std::less<>> records;
  mutable std::size_t find_count = 0;
  mutable std::size_t look_count = 0;
};

}  // namespace harka::kv
