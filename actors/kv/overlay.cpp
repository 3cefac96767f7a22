// SPDX-License-Identifier: Apache-2.0
// Linear probing at most half full.
#include "actors/kv/overlay.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace harka::kv {

namespace {

constexpr std::size_t table_min = 64;
constexpr std::size_t entry_overhead = 96;  // bytes an entry costs besides key and record
constexpr std::size_t chunk_min = 1024;     // the first one; each is twice as large as the last
constexpr std::size_t chunk_max = 64UL * 1024;

constexpr std::uint64_t mixed(std::uint64_t hash) {
  return hash * 0x9e3779b97f4a7c15ULL;
}

constexpr std::uint32_t tag_of(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash);
}

}  // namespace

std::optional<Record> Overlay::Entry::record() const {
  if (is_removed()) return std::nullopt;
  return record_from(stored_record);
}

const Overlay::Entry* Overlay::find(std::string_view key, std::uint64_t hash) const {
  if (table_.empty()) return nullptr;
  const std::uint32_t number = table_[slot_of(key, hash)].number;
  return number == 0 ? nullptr : &entries_[number - 1];
}

void Overlay::set(std::string_view key, std::uint64_t hash, const Record& record) {
  Entry& entry = entry_of(key, hash);
  std::shared_ptr<const void> owner;
  const std::size_t length = stored_record_bytes(record);
  char* const bytes = reserve(length, owner);
  write_stored_record(bytes, record);
  entry.stored_record = SharedBytes(std::move(owner), {bytes, length});
}

void Overlay::set_longer(
    std::string_view key,
    std::uint64_t hash,
    std::string_view stored_record,
    std::string_view more) {
  Entry& entry = entry_of(key, hash);
  std::shared_ptr<const void> owner;
  const std::size_t length = stored_record.size() + more.size();
  char* const bytes = reserve(length, owner);
  char* const end = std::copy(stored_record.begin(), stored_record.end(), bytes);
  std::copy(more.begin(), more.end(), end);
  entry.stored_record = SharedBytes(std::move(owner), {bytes, length});
}

void Overlay::set_removed(std::string_view key, std::uint64_t hash) {
  entry_of(key, hash).stored_record = SharedBytes();
}

/// The one of this key, made if there is none.
Overlay::Entry& Overlay::entry_of(std::string_view key, std::uint64_t hash) {
  if ((entries_.size() + 1) * 2 > table_.size()) grow();
  Slot& slot = table_[slot_of(key, hash)];
  if (slot.number != 0) return entries_[slot.number - 1];
  std::shared_ptr<const void> owner;
  const std::size_t length = hash_bytes + key.size();
  char* const bytes = reserve(length, owner);
  write_hash_prefix(bytes, hash);
  std::copy(key.begin(), key.end(), bytes + hash_bytes);
  entries_.push_back(Entry{hash, SharedBytes(std::move(owner), {bytes, length}), {}, {}});
  bytes_ += entry_overhead;
  slot = Slot{static_cast<std::uint32_t>(entries_.size()), tag_of(hash)};
  return entries_.back();
}

void Overlay::sort_new() const {
  if (sorted_count_ == entries_.size()) return;
  const auto before = [this](std::uint32_t a, std::uint32_t b) { return is_before(a, b); };
  Run run(entries_.size() - sorted_count_);
  std::iota(run.begin(), run.end(), static_cast<std::uint32_t>(sorted_count_));
  std::sort(run.begin(), run.end(), before);
  sorted_count_ = entries_.size();
  for (; !runs_.empty() && runs_.back().size() <= 2 * run.size(); runs_.pop_back()) {
    Run merged(runs_.back().size() + run.size());
    std::merge(
        runs_.back().begin(), runs_.back().end(), run.begin(), run.end(), merged.begin(), before);
    run = std::move(merged);
  }
  runs_.push_back(std::move(run));
}

Overlay::Cursor::Cursor(const Overlay& overlay, std::uint64_t from) : overlay_(overlay) {
  overlay.sort_new();
  for (const Run& run : overlay.runs_) {
    const auto first = std::lower_bound(
        run.begin(), run.end(), from, [&](std::uint32_t number, std::uint64_t hash) {
          return overlay.entries_[number].hash < hash;
        });
    positions_.push_back(static_cast<std::size_t>(first - run.begin()));
  }
  find_least();
}

void Overlay::Cursor::next() {
  ++positions_[least_];
  find_least();
}

void Overlay::Cursor::find_least() {
  entry_ = nullptr;
  for (std::size_t i = 0; i < positions_.size(); ++i) {
    const Run& run = overlay_.runs_[i];
    if (positions_[i] == run.size()) continue;
    const Entry& entry = overlay_.entries_[run[positions_[i]]];
    if (entry_ != nullptr && entry_->stored_key.view() < entry.stored_key.view()) continue;
    entry_ = &entry;
    least_ = i;
  }
}

void Overlay::clear() {
  *this = Overlay();
}

std::size_t Overlay::slot_of(std::string_view key, std::uint64_t hash) const {
  const std::size_t mask = table_.size() - 1;
  std::size_t slot = static_cast<std::size_t>(mixed(hash) >> 20U) & mask;
  for (; table_[slot].number != 0; slot = (slot + 1) & mask) {
    if (table_[slot].tag != tag_of(hash)) continue;
    const Entry& entry = entries_[table_[slot].number - 1];
    if (entry.hash == hash && entry.key() == key) break;
  }
  return slot;
}

void Overlay::grow() {
  table_.assign(std::max(table_min, table_.size() * 2), Slot{});
  const std::size_t mask = table_.size() - 1;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const std::uint64_t hash = entries_[i].hash;
    std::size_t slot = static_cast<std::size_t>(mixed(hash) >> 20U) & mask;
    while (table_[slot].number != 0) slot = (slot + 1) & mask;
    table_[slot] = Slot{static_cast<std::uint32_t>(i + 1), tag_of(hash)};
  }
}

char* Overlay::reserve(std::size_t length, std::shared_ptr<const void>& owner) {
  bytes_ += length;
  if (length > chunk_max / 4) {  // alone, so that no chunk's rest is wasted
    auto own = std::make_shared_for_overwrite<char[]>(length);
    owner = own;
    return own.get();
  }
  if (chunk_used_ + length > chunk_size_) {
    chunk_size_ = std::max(std::clamp(chunk_size_ * 2, chunk_min, chunk_max), length);
    chunk_ = std::make_shared_for_overwrite<char[]>(chunk_size_);
    chunk_used_ = 0;
  }
  owner = chunk_;
  char* const bytes = chunk_.get() + chunk_used_;
  chunk_used_ += length;
  return bytes;
}

}  // namespace harka::kv
