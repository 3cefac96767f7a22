// SPDX-License-Identifier: Apache-2.0
// Reusing segments. The oldest is freed once little in it is alive, and that little is written
// again at the end: copies say "this is alive now" and change nothing else, so a crash in the
// middle of copying leaves a log that means the same. The freed segment is only written over after
// a later seal, which names the new floor, is durable.
#include "base/marks.hpp"
#include "storage/segment_log.hpp"

#include <utility>

namespace harka::storage {

namespace {

/// Segments beyond twice the live data make the log mostly garbage: then even a full oldest
/// segment is copied, so that one idle group cannot hold everything after it.
constexpr std::uint64_t garbage_ratio_max = 2;
constexpr std::uint64_t segments_kept_min = 4;

}  // namespace

bool SegmentLog::is_worth_freeing(Lap lap) const {
  std::uint64_t live = 0;
  for (const auto& [id, group] : groups_) {
    live += group.live_bytes(lap, options_.copy_forward_bytes_max);
    if (live > options_.copy_forward_bytes_max) break;
  }
  if (live <= options_.copy_forward_bytes_max) return true;
  const std::uint64_t in_use = segments_.size() * options_.segment_bytes;
  if (segments_.size() <= segments_kept_min) return false;
  std::uint64_t live_total = 0;
  for (const auto& [id, group] : groups_) live_total += group.live_bytes(lap_, in_use);
  return in_use > (garbage_ratio_max + 1) * live_total + segments_kept_min * options_.segment_bytes;
}

Result<void> SegmentLog::free_oldest() {
  is_freeing_ = true;
  Result<void> result;
  while (result.ok() && segments_.size() > 2) {
    const Lap oldest = segments_.begin()->first;
    if (!is_worth_freeing(oldest)) break;
    result = copy_forward(oldest);
    if (result.ok()) result = flush();  // durable elsewhere before the old place counts as free
    if (result.ok()) release_oldest();
  }
  is_freeing_ = false;
  return result;
}

void SegmentLog::release_oldest() {
  free_.push_back(std::move(segments_.begin()->second));
  segments_.erase(segments_.begin());
  floor_ = segments_.begin()->first;
  counters_.segments = segments_.size();
  ++counters_.recycled;
}

/// Writes again what is alive in segments up to `lap`.
Result<void> SegmentLog::copy_forward(Lap lap) {
  for (auto& [id, group] : groups_) {
    if (Result<void> done = copy_group(id, group, lap); !done.ok()) return done;
  }
  if (unknown_floor_ != 0 && unknown_taint_lap_ <= lap) {
    RecordHead head;
    head.kind = RecordKind::taint;
    head.group = unknown_groups;
    head.term = unknown_floor_;
    if (Result<void> done = put(head, {}); !done.ok()) return done;
    unknown_taint_lap_ = lap_;
  }
  return {};
}

Result<void> SegmentLog::copy_group(std::uint32_t id, GroupIndex& group, Lap lap) {
  RecordHead head;
  head.group = id;
  if (group.hard_state_lap() != 0 && group.hard_state_lap() <= lap) {
    head.kind = RecordKind::hard_state;
    head.term = group.hard_state().term;
    head.index = group.hard_state().vote;
    if (Result<void> done = put(head, {}); !done.ok()) return done;
    group.set_hard_state(group.hard_state(), lap_);
  }
  if (group.start_lap() != 0 && group.start_lap() <= lap) {
    head.kind = RecordKind::log_start;
    head.term = group.start_term();
    head.index = group.start_index();
    if (Result<void> done = put(head, {}); !done.ok()) return done;
    group.set_start_lap(lap_);
  }
  for (std::size_t i = 0; i < group.entries().size(); ++i) {
    const EntryRef old = group.entries()[i];
    if (old.lap > lap) continue;
    Result<std::string> payload = read_payload(old);
    if (!payload.ok()) return failed(payload.error());
    head.kind = RecordKind::copied_entry;
    head.entry_type = static_cast<std::uint8_t>(old.type);
    head.term = old.term;
    head.index = group.first_index() + i;
    head.length = old.length;
    if (Result<void> done = put(head, payload.value()); !done.ok()) return done;
    group.put_copy(head.index, place_of_last(head));
    hit(Mark::entry_copied_forward);
    counters_.copied_bytes += record_bytes(old.length);
  }
  if (group.is_tainted() && group.taint_lap() <= lap) {
    hit(Mark::taint_copied_forward);
    head = RecordHead{};
    head.group = id;
    head.kind = RecordKind::taint;
    head.term = group.term_floor();
    head.index = group.high_water();
    if (Result<void> done = put(head, {}); !done.ok()) return done;
    group.taint(group.term_floor(), group.high_water(), lap_);
  }
  return {};
}

}  // namespace harka::storage
