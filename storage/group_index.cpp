// SPDX-License-Identifier: Apache-2.0
// Truncation, compaction and copies of one group's entries.
#include "storage/group_index.hpp"

#include <algorithm>

namespace harka::storage {

namespace {

/// A hole this wide is not filled any more: more entries than that are never alive at once.
constexpr LogIndex hole_max = 1U << 24;

}  // namespace

void GroupIndex::set_hard_state(const msg::HardState& state, Lap lap) {
  hard_state_ = state;
  hard_state_lap_ = lap;
}

void GroupIndex::set_start(LogIndex index, Term term, bool drops_suffix) {
  if (drops_suffix || index >= last_index()) {
    entries_.clear();
    first_index_ = index + 1;
  } else if (index >= first_index_) {
    const auto count = static_cast<std::ptrdiff_t>(index - first_index_ + 1);
    entries_.erase(entries_.begin(), entries_.begin() + count);
    first_index_ = index + 1;
  }
  start_index_ = index;
  start_term_ = term;
  untaint_at(drops_suffix ? index : 0, term);
}

void GroupIndex::put_entry(LogIndex index, const EntryRef& entry) {
  if (!entries_.empty() && index > first_index_) reach(index - 1);
  if (entries_.empty() || index < first_index_) {
    entries_.clear();
    first_index_ = index;
  }
  entries_.resize(index - first_index_);
  entries_.push_back(entry);
  untaint_at(index, entry.term);
}

void GroupIndex::put_copy(LogIndex index, const EntryRef& entry) {
  if (index <= start_index_) return;
  if (!entries_.empty() && index < first_index_) {
    if (first_index_ - index > hole_max) return;
    entries_.insert(entries_.begin(), first_index_ - index, EntryRef{});
    first_index_ = index;
  }
  if (!entries_.empty()) reach(index);
  if (entries_.empty()) {
    first_index_ = index;
    entries_.emplace_back();
  }
  entries_[index - first_index_] = entry;
}

// Fills with holes so that there is something at `index`. Forgets everything if that is too far.
void GroupIndex::reach(LogIndex index) {
  const LogIndex last = first_index_ + entries_.size() - 1;
  if (index <= last) return;
  if (index - last > hole_max) {
    entries_.clear();
  } else {
    entries_.resize(index - first_index_ + 1);
  }
}

void GroupIndex::taint(Term floor, LogIndex high_water, Lap lap) {
  is_tainted_ = true;
  term_floor_ = floor;
  high_water_ = high_water;
  taint_lap_ = lap;
}

void GroupIndex::untaint_at(LogIndex index, Term term) {
  if (term_floor_ != 0 ? term >= term_floor_ : index >= high_water_) is_tainted_ = false;
}

void GroupIndex::forget_entries() {
  entries_.clear();
  first_index_ = 1;
  start_index_ = 0;
  start_term_ = 0;
  start_lap_ = 0;
}

Term GroupIndex::term_known() const {
  const Term last = entries_.empty() ? start_term_ : entries_.back().term;
  return std::max({hard_state_.term, last, is_tainted_ ? term_floor_ : 0});
}

bool GroupIndex::finish_replay() {
  if (!entries_.empty() && first_index_ <= start_index_) {
    const LogIndex count = std::min<LogIndex>(start_index_ + 1 - first_index_, entries_.size());
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(count));
    first_index_ += count;
  }
  if (entries_.empty()) {
    first_index_ = start_index_ + 1;
    return true;
  }
  if (first_index_ != start_index_ + 1) {
    entries_.clear();
    first_index_ = start_index_ + 1;
    return false;
  }
  const auto hole = std::ranges::find(entries_, Lap{0}, &EntryRef::lap);
  if (hole == entries_.end()) return true;
  entries_.erase(hole, entries_.end());
  return false;
}

std::uint64_t GroupIndex::live_bytes(Lap lap, std::uint64_t enough) const {
  std::uint64_t bytes = 0;
  if (hard_state_lap_ != 0 && hard_state_lap_ <= lap) bytes += record_bytes(0);
  if (start_lap_ != 0 && start_lap_ <= lap) bytes += record_bytes(0);
  if (is_tainted_ && taint_lap_ <= lap) bytes += record_bytes(0);
  for (const EntryRef& entry : entries_) {
    if (bytes > enough) break;
    if (entry.lap <= lap) bytes += record_bytes(entry.length);
  }
  return bytes;
}

}  // namespace harka::storage
