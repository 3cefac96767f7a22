// SPDX-License-Identifier: Apache-2.0
// What was applied but is not yet in the engine: a hash table keyed by a key's 48-bit hash, open
// addressing with linear probing, entries in insertion order. Nothing iterates over the table, so
// the order of memory never reaches a message; sorted access sorts first.
#pragma once

#include "actors/kv/record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harka::kv {

class Overlay {
 public:
  struct Entry {
    std::string key;  // the user's
    std::uint64_t hash = 0;
    std::optional<Record> record;  // nothing: removed
  };

  [[nodiscard]] const Entry* find(std::string_view key, std::uint64_t hash) const;
  void set(std::string_view key, std::uint64_t hash, std::optional<Record> record);

  [[nodiscard]] bool empty() const { return entries_.empty(); }

  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// In insertion order.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

  /// Entries with `from <= hash`, in order of (hash, key).
  [[nodiscard]] std::vector<const Entry*> sorted_from(std::uint64_t from) const;
  void clear();

 private:
  [[nodiscard]] std::size_t slot_of(std::string_view key, std::uint64_t hash) const;
  void grow();

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> table_;  // entry number + 1; 0: free; size a power of two
  std::size_t bytes_ = 0;
};

}  // namespace harka::kv
