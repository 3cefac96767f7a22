// SPDX-License-Identifier: Apache-2.0
// Look-ups through three layers; scans as a merge of the overlays with the engine.
#include "actors/kv/shard_state.hpp"

#include <algorithm>

namespace harka::kv {

const Overlay::Entry* ShardState::find_in_overlays(std::string_view key, std::uint64_t hash) const {
  const Overlay::Entry* entry = active_.find(key, hash);
  return entry != nullptr ? entry : flushing_.find(key, hash);
}

std::optional<Record> ShardState::find(std::string_view key) const {
  if (const Overlay::Entry* entry = find_in_overlays(key, hash48(key))) return entry->record();
  const std::optional<SharedBytes> stored = engine_.get(group_, stored_key(key));
  if (!stored) return std::nullopt;
  return record_from(*stored);
}

std::optional<RecordInfo> ShardState::look(std::string_view key) const {
  if (const Overlay::Entry* entry = find_in_overlays(key, hash48(key))) {
    if (entry->is_removed()) return std::nullopt;
    return info_from(entry->stored_record.view());
  }
  std::optional<RecordInfo> info;
  (void)engine_.look(
      group_, stored_key(key), [&](std::string_view stored) { info = info_from(stored); });
  return info;
}

// One copy, from where the value lies to where it will be.
void ShardState::append(std::string_view key, std::string_view more) {
  const std::uint64_t hash = hash48(key);
  const auto write = [&](std::string_view stored) { active_.set_longer(key, hash, stored, more); };
  const Overlay::Entry* entry = find_in_overlays(key, hash);
  if (entry == nullptr) {
    const bool is_there = engine_.look(group_, stored_key(key), write);
    ASSERT(is_there);
    return;
  }
  ASSERT(!entry->is_removed());
  const SharedBytes kept = entry->stored_record;  // the entry may move
  write(kept.view());
}

void ShardState::put(std::string_view key, Record record) {
  active_.set(key, hash48(key), record);
}

bool ShardState::remove(std::string_view key) {
  const std::uint64_t hash = hash48(key);
  const Overlay::Entry* entry = find_in_overlays(key, hash);
  const bool exists =
      entry != nullptr ? !entry->is_removed() : engine_.contains(group_, stored_key(key));
  if (exists) active_.set_removed(key, hash);
  return exists;
}

std::vector<msg::StateWrite> ShardState::begin_flush() {
  ASSERT(flushing_.empty());
  std::swap(active_, flushing_);
  std::vector<msg::StateWrite> writes;
  writes.reserve(flushing_.entries().size());
  for (const Overlay::Entry& entry : flushing_.entries()) {
    writes.push_back(msg::StateWrite{entry.stored_key, entry.stored_record, entry.is_removed()});
  }
  return writes;
}

void ShardState::reset() {
  active_.clear();
  flushing_.clear();
}

void ShardState::scan(std::uint64_t from, const Visitor& visit) const {
  const std::vector<const Overlay::Entry*> newer = active_.sorted_from(from);
  const std::vector<const Overlay::Entry*> older = flushing_.sorted_from(from);
  std::vector<const Overlay::Entry*> overlay;
  std::merge(
      newer.begin(),
      newer.end(),
      older.begin(),
      older.end(),
      std::back_inserter(overlay),
      Overlay::is_before);
  std::uint64_t stop_after = hash_max;
  bool is_stopping = false;
  const auto offer = [&](std::uint64_t hash, std::string_view key, const Record& record) {
    if (is_stopping && hash != stop_after) return false;
    if (!visit(hash, key, record)) {
      is_stopping = true;
      stop_after = hash;
    }
    return true;
  };
  auto next = overlay.begin();
  std::string_view last_key;
  const auto offer_overlay_below = [&](std::string_view stored) {
    for (; next != overlay.end(); ++next) {
      const Overlay::Entry& entry = **next;
      if (!stored.empty() && entry.stored_key.view() >= stored) return true;
      const bool is_shadowed = entry.key() == last_key && next != overlay.begin();
      last_key = entry.key();
      if (is_shadowed || entry.is_removed()) continue;
      if (!offer(entry.hash, entry.key(), *entry.record())) return false;
    }
    return true;
  };
  bool goes_on = true;
  engine_.scan(
      group_,
      hash_prefix(std::max(from, first_key_hash)),
      [&](std::string_view stored, std::string_view value) {
        goes_on = offer_overlay_below(stored);
        if (!goes_on) return false;
        const std::string_view key = stored.substr(hash_bytes);
        const std::uint64_t hash = hash_of_stored(stored);
        if (find_in_overlays(key, hash) != nullptr) return true;  // the overlay has its say
        goes_on = offer(hash, key, record_from(SharedBytes::copy_of(value)));
        return goes_on;
      });
  if (goes_on) (void)offer_overlay_below({});
}

std::uint64_t ShardState::count() const {
  std::uint64_t count = engine_.count(group_);
  engine_.scan(group_, hash_prefix(0), [&](std::string_view stored, std::string_view) {
    if (hash_of_stored(stored) >= first_key_hash) return false;
    --count;  // the shard's own records are no keys
    return true;
  });
  const auto correct = [&](const Overlay::Entry& entry) {
    const bool is_stored = engine_.contains(group_, entry.stored_key.view());
    if (!entry.is_removed() && !is_stored) ++count;
    if (entry.is_removed() && is_stored) --count;
  };
  for (const Overlay::Entry& entry : active_.entries()) correct(entry);
  for (const Overlay::Entry& entry : flushing_.entries()) {
    if (active_.find(entry.key(), entry.hash) == nullptr) correct(entry);
  }
  return count;
}

}  // namespace harka::kv
