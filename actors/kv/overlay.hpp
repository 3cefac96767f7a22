// SPDX-License-Identifier: Apache-2.0
// What was applied but is not yet in the engine: a hash table keyed by a key's 48-bit hash, open
// addressing with linear probing, entries in insertion order. Nothing iterates over the table, so
// the order of memory never reaches a message; sorted access has an index. One thread only.
//
// Keys and records are kept as the engine will have them, one after the other in large chunks. So a
// write costs no allocation of its own, and a flush shares the bytes instead of copying them: a
// turn that copied some ten thousand records would hold up every other actor for milliseconds.
#pragma once

#include "actors/kv/record.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace harka::kv {

class Overlay {
 public:
  struct Entry {
    std::uint64_t hash = 0;
    SharedBytes stored_key;
    SharedBytes stored_record;     // empty: removed
    std::optional<bool> is_below;  // whether what lies below the overlay has the key; none: unknown

    /// The user's.
    [[nodiscard]] std::string_view key() const { return stored_key.view().substr(hash_bytes); }

    [[nodiscard]] bool is_removed() const { return stored_record.empty(); }

    /// Nothing: removed. The value shares the overlay's memory.
    [[nodiscard]] std::optional<Record> record() const;
  };

  [[nodiscard]] const Entry* find(std::string_view key, std::uint64_t hash) const;
  /// Copies the record's value.
  void set(std::string_view key, std::uint64_t hash, const Record& record);
  /// The record as it is stored below this overlay, or in it, with `more` behind its value.
  void set_longer(
      std::string_view key,
      std::uint64_t hash,
      std::string_view stored_record,
      std::string_view more);
  void set_removed(std::string_view key, std::uint64_t hash);

  [[nodiscard]] bool empty() const { return entries_.empty(); }

  /// Memory in use, what was written over since included.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// In insertion order.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

  [[nodiscard]] std::vector<Entry>& entries() { return entries_; }

  /// Goes over the entries in the engine's order; an overlay must not change meanwhile.
  class Cursor {
   public:
    /// At the first entry with `from <= hash`. Costs the sorting of what was added since the last
    /// one, and no more than a few searches besides.
    Cursor(const Overlay& overlay, std::uint64_t from);

    /// Null at the end.
    [[nodiscard]] const Entry* get() const { return entry_; }

    void next();

   private:
    void find_least();

    const Overlay& overlay_;
    std::vector<std::size_t> positions_;  // in each run
    std::size_t least_ = 0;               // the run of `entry_`
    const Entry* entry_ = nullptr;
  };

  void clear();

 private:
  using Run = std::vector<std::uint32_t>;  // numbers of entries

  void sort_new() const;

  [[nodiscard]] bool is_before(std::uint32_t a, std::uint32_t b) const {
    return entries_[a].stored_key.view() < entries_[b].stored_key.view();
  }

  struct Slot {
    std::uint32_t number = 0;  // of the entry, plus 1; 0: free
    std::uint32_t tag = 0;     // part of the hash, so that few probes look at an entry
  };

  [[nodiscard]] std::size_t slot_of(std::string_view key, std::uint64_t hash) const;
  Entry& entry_of(std::string_view key, std::uint64_t hash);
  void grow();
  /// `length` bytes to be filled, and who keeps them alive.
  char* reserve(std::size_t length, std::shared_ptr<const void>& owner);

  std::vector<Entry> entries_;
  std::vector<Slot> table_;  // size a power of two
  // A sorted index, made when somebody asks: runs, each less than half as long as the one before
  // it, so that there are few of them and an entry is merged seldom.
  mutable std::vector<Run> runs_;
  mutable std::size_t sorted_count_ = 0;
  std::shared_ptr<char[]> chunk_;
  std::size_t chunk_size_ = 0;
  std::size_t chunk_used_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace harka::kv
