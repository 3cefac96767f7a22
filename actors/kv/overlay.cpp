// SPDX-License-Identifier: Apache-2.0
// Linear probing at most half full.
#include "actors/kv/overlay.hpp"

#include <algorithm>

namespace harka::kv {

namespace {

constexpr std::size_t table_min = 64;
constexpr std::size_t entry_overhead = 96;  // bytes an entry costs besides key and value

std::size_t cost(const Overlay::Entry& entry) {
  return entry_overhead + entry.key.size() + (entry.record ? entry.record->value.size() : 0);
}

}  // namespace

const Overlay::Entry* Overlay::find(std::string_view key, std::uint64_t hash) const {
  if (table_.empty()) return nullptr;
  const std::uint32_t number = table_[slot_of(key, hash)];
  return number == 0 ? nullptr : &entries_[number - 1];
}

void Overlay::set(std::string_view key, std::uint64_t hash, std::optional<Record> record) {
  if ((entries_.size() + 1) * 2 > table_.size()) grow();
  std::uint32_t& number = table_[slot_of(key, hash)];
  if (number == 0) {
    entries_.push_back(Entry{std::string(key), hash, std::move(record)});
    number = static_cast<std::uint32_t>(entries_.size());
    bytes_ += cost(entries_.back());
    return;
  }
  Entry& entry = entries_[number - 1];
  bytes_ -= cost(entry);
  entry.record = std::move(record);
  bytes_ += cost(entry);
}

std::vector<const Overlay::Entry*> Overlay::sorted_from(std::uint64_t from) const {
  std::vector<const Entry*> sorted;
  for (const Entry& entry : entries_) {
    if (entry.hash >= from) sorted.push_back(&entry);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) {
    return a->hash != b->hash ? a->hash < b->hash : a->key < b->key;
  });
  return sorted;
}

void Overlay::clear() {
  entries_.clear();
  table_.clear();
  bytes_ = 0;
}

std::size_t Overlay::slot_of(std::string_view key, std::uint64_t hash) const {
  const std::size_t mask = table_.size() - 1;
  std::size_t slot = static_cast<std::size_t>(hash * 0x9e3779b97f4a7c15ULL >> 20U) & mask;
  while (table_[slot] != 0) {
    const Entry& entry = entries_[table_[slot] - 1];
    if (entry.hash == hash && entry.key == key) break;
    slot = (slot + 1) & mask;
  }
  return slot;
}

void Overlay::grow() {
  table_.assign(std::max(table_min, table_.size() * 2), 0);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    table_[slot_of(entries_[i].key, entries_[i].hash)] = static_cast<std::uint32_t>(i + 1);
  }
}

}  // namespace harka::kv
