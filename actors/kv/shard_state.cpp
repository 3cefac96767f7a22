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

std::vector<msg::StateWrite> ShardState::begin_flush(LogIndex index) {
  ASSERT(flushing_.empty());
  std::swap(active_, flushing_);
  flush_index_ = index;
  std::vector<msg::StateWrite> writes;
  writes.reserve(flushing_.entries().size());
  for (const Overlay::Entry& entry : flushing_.entries()) {
    writes.push_back(msg::StateWrite{entry.stored_key, entry.stored_record, entry.is_removed()});
  }
  return writes;
}

void ShardState::flush_finished() {
  flushing_.clear();
  flush_index_ = 0;
}

void ShardState::reset() {
  active_.clear();
  flush_finished();
}

class ShardState::OverlayMerge {
 public:
  OverlayMerge(const Overlay& newer, const Overlay& older, std::uint64_t from)
      : newer_(newer, from), older_(older, from) {}

  [[nodiscard]] const Overlay::Entry* get() const {
    if (newer_.get() == nullptr) return older_.get();
    return older_.get() != nullptr && key_of(older_) < key_of(newer_) ? older_.get() : newer_.get();
  }

  void next() {
    const bool is_newer = get() == newer_.get();
    const bool is_both = is_newer && older_.get() != nullptr && key_of(older_) == key_of(newer_);
    if (!is_newer || is_both) older_.next();
    if (is_newer) newer_.next();
  }

 private:
  static std::string_view key_of(const Overlay::Cursor& cursor) {
    return cursor.get()->stored_key.view();
  }

  Overlay::Cursor newer_;
  Overlay::Cursor older_;
};

void ShardState::scan(std::uint64_t from, const Visitor& visit) const {
  OverlayMerge overlay(active_, flushing_, from);
  std::uint64_t stop_after = hash_max;
  bool is_stopping = false;
  const auto offer = [&](std::string_view stored, std::string_view record) {
    const std::uint64_t hash = hash_of_stored(stored);
    if (is_stopping && hash != stop_after) return false;
    if (!visit(hash, stored.substr(hash_bytes), view_from(record))) {
      is_stopping = true;
      stop_after = hash;
    }
    return true;
  };
  // What lies below `stored` in the overlays, or all; the entry of `stored` itself is passed over.
  bool is_hidden = false;
  const auto offer_overlay = [&](std::string_view stored) {
    is_hidden = false;
    for (const Overlay::Entry* entry = overlay.get(); entry != nullptr; entry = overlay.get()) {
      const std::string_view key = entry->stored_key.view();
      if (!stored.empty() && key > stored) break;
      is_hidden = key == stored;
      if (!entry->is_removed() && !offer(key, entry->stored_record.view())) return false;
      overlay.next();
    }
    return true;
  };
  bool goes_on = true;
  engine_.scan(
      group_,
      hash_prefix(std::max(from, first_key_hash)),
      [&](std::string_view stored, std::string_view record) {
        goes_on = offer_overlay(stored) && (is_hidden || offer(stored, record));
        return goes_on;
      });
  if (goes_on) (void)offer_overlay({});
}

std::uint64_t ShardState::stored_keys() const {
  std::uint64_t count = engine_.count(group_);
  engine_.scan(group_, hash_prefix(0), [&](std::string_view stored, std::string_view) {
    if (hash_of_stored(stored) >= first_key_hash) return false;
    --count;  // the shard's own records are no keys
    return true;
  });
  return count;
}

bool ShardState::look_below(Overlay& overlay, std::size_t& look_ups_left) const {
  const bool is_newer = &overlay == &active_;
  for (Overlay::Entry& entry : overlay.entries()) {
    if (entry.is_below) continue;
    const Overlay::Entry* older = is_newer ? flushing_.find(entry.key(), entry.hash) : nullptr;
    if (older == nullptr && look_ups_left == 0) return false;
    if (older == nullptr) --look_ups_left;
    entry.is_below =
        older != nullptr ? !older->is_removed() : engine_.contains(group_, entry.stored_key.view());
  }
  return true;
}

// What lies below the newer overlay is the older one over the engine, and stays so when the older
// one becomes part of the engine: what was found out about it holds until it is flushed itself.
std::optional<std::uint64_t> ShardState::count(std::size_t look_ups_max) {
  const auto change_of = [](const Overlay& overlay) {
    std::int64_t change = 0;
    for (const Overlay::Entry& entry : overlay.entries()) {
      change += (entry.is_removed() ? 0 : 1) - (*entry.is_below ? 1 : 0);
    }
    return change;
  };
  const LogIndex covered = engine_.applied(group_).index;
  const bool is_flush_under_way = covered < flush_index_;
  std::size_t look_ups_left = look_ups_max;
  if (!look_below(active_, look_ups_left)) return std::nullopt;
  if (is_flush_under_way && !look_below(flushing_, look_ups_left)) return std::nullopt;
  const std::uint64_t stored = stored_keys();
  if (engine_.applied(group_).index != covered) return std::nullopt;
  const std::int64_t change = change_of(active_) + (is_flush_under_way ? change_of(flushing_) : 0);
  return stored + static_cast<std::uint64_t>(change);
}

}  // namespace harka::kv
