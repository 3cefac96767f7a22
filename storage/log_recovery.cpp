// SPDX-License-Identifier: Apache-2.0
// Reading the log back at start.
//
// Where a segment's records end is the question: a write that was under way at a crash leaves a torn
// tail, which nobody was told about and which is cut; its blocks may have reached the disk in any order,
// so whole records of that same flush may follow the bad one. But whole records of a later flush, or
// an unsealed segment that is not the last, mean that acknowledged bytes were lost. Then every group is
// tainted, for a bad record does not say whose it was. One case looks like a torn tail and is not:
// damage to the very last flush before the crash, which nothing newer testifies to.
#include <algorithm>

#include "storage/segment_log.hpp"

namespace harka::storage {

namespace {

std::optional<std::uint64_t> number_of(const std::string& name) {
  if (name.size() < 5 || !name.ends_with(".seg")) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : name.substr(0, name.size() - 4)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

/// The lap of a segment's header, or nothing if it was never used (or its header is damaged).
std::optional<std::uint64_t> lap_of(std::string_view bytes) {
  RecordHead head;
  if (bytes.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, bytes.data(), sizeof head);
  const std::optional<RecordHead> checked = read_record(bytes, 0, head.lap);
  if (!checked || checked->kind != RecordKind::header) return std::nullopt;
  if (bytes.substr(sizeof head, log_magic.size()) != log_magic) return std::nullopt;
  return checked->lap;
}

}  // namespace

Result<std::unique_ptr<SegmentLog>> SegmentLog::open(Disk& disk, LogOptions options) {
  std::unique_ptr<SegmentLog> log(new SegmentLog(disk, options));
  if (Result<void> loaded = log->load(); !loaded.ok()) return loaded.error();
  return Result<std::unique_ptr<SegmentLog>>(std::move(log));
}

Result<void> SegmentLog::load() {
  Result<std::vector<std::string>> names = disk_.list();
  if (!names.ok()) return names.error();
  for (const std::string& name : names.value()) {
    const std::optional<std::uint64_t> number = number_of(name);
    if (!number) continue;
    next_file_ = std::max(next_file_, *number + 1);
    Result<std::unique_ptr<DiskFile>> file = disk_.open(name);
    if (!file.ok()) return file.error();
    const std::size_t head_bytes =
        std::min<std::uint64_t>(file.value()->size(), record_bytes(log_magic.size()));
    Result<std::string> head = file.value()->read(0, head_bytes);
    if (!head.ok()) return head.error();
    Segment segment{name, std::move(file).value()};
    if (const std::optional<std::uint64_t> lap = lap_of(head.value())) {
      segments_[*lap] = std::move(segment);
    } else {
      free_.push_back(std::move(segment));
    }
  }
  std::uint64_t expected = 0;
  for (const auto& [lap, segment] : segments_) {
    if (expected != 0 && lap != expected) is_damaged_ = true;  // a whole segment is missing
    expected = lap + 1;
  }
  for (const auto& [lap, segment] : segments_) {
    const bool is_last = lap == segments_.rbegin()->first;
    if (Result<void> done = replay(lap, is_last); !done.ok()) return done;
  }
  for (const auto& [id, group] : groups_) is_damaged_ = is_damaged_ || group.has_hole;
  if (is_damaged_) taint_all();
  lap_ = segments_.empty() ? 0 : segments_.rbegin()->first;
  // Writing goes on in a fresh segment, so that a torn tail is never written behind.
  Segment next;
  if (!free_.empty() && free_.back().file->size() >= options_.segment_bytes) {
    next = std::move(free_.back());
    free_.pop_back();
  } else {
    std::string name = std::to_string(next_file_++);
    next.name = std::string(8 - std::min<std::size_t>(8, name.size()), '0') + name + ".seg";
    Result<std::unique_ptr<DiskFile>> made = disk_.create(next.name, options_.segment_bytes);
    if (!made.ok()) return made.error();
    next.file = std::move(made).value();
  }
  if (Result<void> done = use_segment(std::move(next)); !done.ok()) return done;
  if (Result<void> done = flush(); !done.ok()) return done;
  return free_oldest();
}

Result<void> SegmentLog::replay(std::uint64_t lap, bool is_last) {
  DiskFile& file = *segments_.at(lap).file;
  Result<std::string> read = file.read(0, file.size());
  if (!read.ok()) return read.error();
  const std::string& bytes = read.value();
  std::uint64_t offset = 0;
  std::uint16_t last_flush = 0;
  bool is_sealed = false;
  while (const std::optional<RecordHead> head = read_record(bytes, offset, lap)) {
    const std::string_view payload =
        std::string_view(bytes).substr(offset + sizeof(RecordHead), head->length);
    is_sealed = head->kind == RecordKind::seal;
    last_flush = head->flush;
    replay_record(*head, offset, payload);
    offset += record_bytes(head->length);
    if (is_sealed) break;
  }
  flush_number_ = static_cast<std::uint16_t>((last_flush + 2) & flush_number_mask);
  if (is_sealed) return {};
  if (is_acknowledged_after(bytes, offset, lap, last_flush)) {
    is_damaged_ = true;
    return {};
  }
  if (!is_last) {
    is_damaged_ = true;
    return {};
  }
  // A torn tail. Seal it, so that the next start does not take this segment for damaged.
  if (offset + record_bytes(0) > bytes.size()) return {};
  std::string seal;
  RecordHead head;
  head.kind = RecordKind::seal;
  head.lap = lap;
  head.flush = flush_end_bit | flush_number_;
  append_record(seal, head, {});
  if (Result<void> done = file.write(offset, seal); !done.ok()) return done;
  return file.sync();
}

bool SegmentLog::is_acknowledged_after(
    std::string_view bytes, std::uint64_t offset, std::uint64_t lap, std::uint16_t last_flush) {
  // The flush that the bad record belongs to: the next one if the last whole record ended its own.
  const bool has_ended = (last_flush & flush_end_bit) != 0;
  const auto bad_flush =
      static_cast<std::uint16_t>((last_flush + (has_ended ? 1 : 0)) & flush_number_mask);
  for (std::uint64_t at = offset; at + sizeof(RecordHead) <= bytes.size(); at += 8) {
    std::uint64_t found = 0;
    std::memcpy(&found, bytes.data() + at + 8, sizeof found);
    if (found != lap) continue;
    const std::optional<RecordHead> head = read_record(bytes, at, lap);
    if (head && (head->flush & flush_number_mask) != bad_flush) return true;
  }
  return false;
}

void SegmentLog::replay_record(
    const RecordHead& head, std::uint64_t offset, std::string_view payload) {
  if (head.kind == RecordKind::header || head.kind == RecordKind::seal) return;
  if (head.kind == RecordKind::drop_group) {
    groups_.erase(head.group);
    return;
  }
  Group& group = groups_[head.group];
  if (head.kind == RecordKind::hard_state) {
    group.hard_state.term = head.term;
    group.hard_state.vote = head.index;
    group.hard_state_lap = head.lap;
  } else if (head.kind == RecordKind::log_start) {
    group.has_hole = group.has_hole && payload != "d" && head.index < group.start_index;
    set_start(group, head.index, head.term, payload == "d");
    group.start_lap = head.lap;
  } else {
    const bool is_hole = head.index > group.start_index + group.entries.size() + 1;
    if (is_hole || (group.has_hole && head.index <= group.start_index)) {
      // What came before was compacted and its segment freed; the start that says so is still to
      // come. If it never comes, entries are missing.
      group.has_hole = true;
      group.entries.clear();
      group.start_index = head.index - 1;
    }
    if (head.index <= group.start_index) return;
    group.high_water = std::max(group.high_water, head.index);
    const LogIndex position = head.index - group.start_index - 1;
    group.entries.resize(position);
    EntryRef ref;
    ref.lap = head.lap;
    ref.offset = offset;
    ref.term = head.term;
    ref.length = head.length;
    ref.type = static_cast<msg::EntryType>(head.entry_type);
    group.entries.push_back(ref);
  }
}

void SegmentLog::taint_all() {
  for (auto& [id, group] : groups_) group.is_tainted = true;
}

}  // namespace harka::storage
