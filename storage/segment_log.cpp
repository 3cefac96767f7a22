// SPDX-License-Identifier: Apache-2.0
// Appending, flushing and recycling. Reading the log back at start is in log_recovery.cpp.
#include "storage/segment_log.hpp"

#include <algorithm>
#include <utility>

namespace harka::storage {

namespace {

std::string file_name(std::uint64_t number) {
  std::string text = std::to_string(number);
  return std::string(8 - std::min<std::size_t>(8, text.size()), '0') + text + ".seg";
}

RecordHead head_of(
    std::uint32_t group, RecordKind kind, Term term, std::uint64_t index,
    msg::EntryType type = msg::EntryType::noop) {
  RecordHead head;
  head.group = group;
  head.kind = kind;
  head.term = term;
  head.index = index;
  head.entry_type = static_cast<std::uint8_t>(type);
  return head;
}

}  // namespace

Result<void> SegmentLog::append(const msg::AppendLog& request) {
  if (request.has_hard_state) {
    const msg::HardState& state = request.hard_state;
    const RecordHead head = head_of(request.group, RecordKind::hard_state, state.term, state.vote);
    if (Result<void> done = put(head, {}); !done.ok()) return done;
    Group& group = groups_[request.group];
    group.hard_state = state;
    group.hard_state_lap = lap_;
  }
  if (request.has_start) {
    const RecordHead head =
        head_of(request.group, RecordKind::log_start, request.start_term, request.start_index);
    if (Result<void> done = put(head, request.drops_suffix ? "d" : ""); !done.ok()) return done;
    Group& group = groups_[request.group];
    set_start(group, request.start_index, request.start_term, request.drops_suffix);
    group.start_lap = lap_;
  }
  for (const msg::Entry& entry : request.entries) {
    const RecordHead head =
        head_of(request.group, RecordKind::entry, entry.term, entry.index, entry.type);
    if (Result<void> done = put(head, entry.data.view()); !done.ok()) return done;
    Group& group = groups_[request.group];
    ASSERT_DURABLE(entry.index > group.start_index);
    ASSERT_DURABLE(entry.index <= group.start_index + group.entries.size() + 1);
    group.entries.resize(entry.index - group.start_index - 1);
    EntryRef ref;
    ref.lap = lap_;
    ref.offset = written_ + buffer_.size() - record_bytes(entry.data.size());
    ref.term = entry.term;
    ref.length = static_cast<std::uint32_t>(entry.data.size());
    ref.type = entry.type;
    group.entries.push_back(ref);
    ++counters_.entries;
  }
  return {};
}

Result<void> SegmentLog::drop(GroupId group) {
  if (Result<void> done = put(head_of(group.value, RecordKind::drop_group, 0, 0), {}); !done.ok()) {
    return done;
  }
  groups_.erase(group.value);
  return {};
}

Result<void> SegmentLog::flush() {
  if (buffer_.empty()) return {};
  mark_flush_end(buffer_, last_record_);
  DiskFile& file = *segments_.at(lap_).file;
  if (Result<void> done = file.write(written_, buffer_); !done.ok()) return done;
  if (Result<void> done = file.sync(); !done.ok()) return done;
  written_ += buffer_.size();
  counters_.bytes += buffer_.size();
  ++counters_.flushes;
  flush_number_ = static_cast<std::uint16_t>((flush_number_ + 1) & flush_number_mask);
  buffer_.clear();
  return {};
}

void SegmentLog::set_start(Group& group, LogIndex index, Term term, bool drops_suffix) {
  const LogIndex last = group.start_index + group.entries.size();
  if (drops_suffix || index >= last) {
    group.entries.clear();
  } else if (index > group.start_index) {
    const auto count = static_cast<std::ptrdiff_t>(index - group.start_index);
    group.entries.erase(group.entries.begin(), group.entries.begin() + count);
  }
  group.start_index = index;
  group.start_term = term;
}

Result<void> SegmentLog::put(RecordHead head, std::string_view payload) {
  // A segment always keeps room for its seal.
  const std::size_t needed = record_bytes(payload.size()) + record_bytes(0);
  if (payload.size() > record_payload_max ||
      needed + record_bytes(log_magic.size()) > options_.segment_bytes) {
    return Error{Code::too_large, "a log record does not fit into a segment"};
  }
  if (written_ + buffer_.size() + needed > options_.segment_bytes) {
    if (Result<void> done = rotate(); !done.ok()) return done;
  }
  append_buffered(head, payload);
  return {};
}

void SegmentLog::append_buffered(RecordHead head, std::string_view payload) {
  head.lap = lap_;
  head.flush = flush_number_;
  last_record_ = buffer_.size();
  append_record(buffer_, head, payload);
}

Result<void> SegmentLog::rotate() {
  RecordHead seal;
  seal.kind = RecordKind::seal;
  append_buffered(seal, {});
  if (Result<void> done = flush(); !done.ok()) return done;
  Segment next;
  if (!free_.empty()) {
    next = std::move(free_.back());
    free_.pop_back();
  } else {
    next.name = file_name(next_file_++);
    Result<std::unique_ptr<DiskFile>> made = disk_.create(next.name, options_.segment_bytes);
    if (!made.ok()) return made.error();
    next.file = std::move(made).value();
  }
  if (Result<void> done = use_segment(std::move(next)); !done.ok()) return done;
  return is_freeing_ ? Result<void>() : free_oldest();
}

Result<void> SegmentLog::use_segment(Segment segment) {
  ASSERT(buffer_.empty());
  ++lap_;
  segments_[lap_] = std::move(segment);
  counters_.segments = segments_.size();
  written_ = 0;
  RecordHead head;
  head.kind = RecordKind::header;
  append_buffered(head, log_magic);
  return {};
}

std::uint64_t SegmentLog::live_bytes_in(std::uint64_t lap) const {
  std::uint64_t bytes = 0;
  for (const auto& [id, group] : groups_) {
    if (group.hard_state_lap == lap) bytes += record_bytes(0);
    if (group.start_lap == lap) bytes += record_bytes(0);
    for (const EntryRef& entry : group.entries) {
      if (entry.lap != lap) break;  // entries are in order of laps, and `lap` is the oldest
      bytes += record_bytes(entry.length);
    }
  }
  return bytes;
}

// Frees old segments while little in them is alive, by writing that little again at the end.
Result<void> SegmentLog::free_oldest() {
  is_freeing_ = true;
  Result<void> result;
  while (result.ok() && segments_.size() > 2) {
    const std::uint64_t oldest = segments_.begin()->first;
    if (live_bytes_in(oldest) > options_.copy_forward_bytes_max) break;
    result = copy_forward(oldest);
    if (result.ok()) result = flush();  // durable elsewhere before the old place is reused
    if (!result.ok()) break;
    // Without its header the segment is not replayed again.
    DiskFile& file = *segments_.begin()->second.file;
    result = file.write(0, std::string(record_bytes(log_magic.size()), '\0'));
    if (result.ok()) result = file.sync();
    if (!result.ok()) break;
    free_.push_back(std::move(segments_.begin()->second));
    segments_.erase(segments_.begin());
    ++counters_.recycled;
  }
  is_freeing_ = false;
  return result;
}

Result<void> SegmentLog::copy_forward(std::uint64_t lap) {
  for (auto& [id, group] : groups_) {
    const bool moves_entries = !group.entries.empty() && group.entries.front().lap == lap;
    if (group.hard_state_lap == lap) {
      const RecordHead head = head_of(
          id, RecordKind::hard_state, group.hard_state.term, group.hard_state.vote);
      if (Result<void> done = put(head, {}); !done.ok()) return done;
      group.hard_state_lap = lap_;
    }
    if (!moves_entries && group.start_lap != lap) continue;
    // All of the group's entries move, so that replay meets them in order after their start; the
    // start drops what older copies replay would have seen.
    const RecordHead start =
        head_of(id, RecordKind::log_start, group.start_term, group.start_index);
    if (Result<void> done = put(start, "d"); !done.ok()) return done;
    group.start_lap = lap_;
    for (std::size_t i = 0; i < group.entries.size(); ++i) {
      const EntryRef old = group.entries[i];
      Result<std::string> payload = read_payload(old);
      if (!payload.ok()) return payload.error();
      const RecordHead head =
          head_of(id, RecordKind::entry, old.term, group.start_index + 1 + i, old.type);
      if (Result<void> done = put(head, payload.value()); !done.ok()) return done;
      group.entries[i].lap = lap_;
      group.entries[i].offset = written_ + buffer_.size() - record_bytes(old.length);
    }
  }
  return {};
}

Result<std::string> SegmentLog::read_payload(const EntryRef& entry) const {
  const std::uint64_t at = entry.offset + sizeof(RecordHead);
  if (entry.lap == lap_ && entry.offset >= written_) {
    return buffer_.substr(at - written_, entry.length);
  }
  return segments_.at(entry.lap).file->read(at, entry.length);
}

Result<msg::GroupRecovered> SegmentLog::recover(GroupId id) const {
  msg::GroupRecovered recovered;
  recovered.group = id.value;
  const auto found = groups_.find(id.value);
  if (found == groups_.end()) {
    recovered.tainted = is_damaged_;
    return recovered;
  }
  const Group& group = found->second;
  recovered.hard_state = group.hard_state;
  recovered.start_index = group.start_index;
  recovered.start_term = group.start_term;
  recovered.tainted = group.is_tainted;
  recovered.high_water = group.high_water;
  LogIndex index = group.start_index;
  for (const EntryRef& ref : group.entries) {
    Result<std::string> payload = read_payload(ref);
    if (!payload.ok()) return payload.error();
    msg::Entry entry;
    entry.index = ++index;
    entry.term = ref.term;
    entry.type = ref.type;
    entry.data = SharedBytes(std::move(payload).value());
    recovered.entries.push_back(std::move(entry));
  }
  return recovered;
}

}  // namespace harka::storage
