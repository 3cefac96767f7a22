// SPDX-License-Identifier: Apache-2.0
// Appending and flushing. Reading the log back at start is in log_recovery.cpp, reusing segments in
// log_recycling.cpp.
#include "storage/segment_log.hpp"

#include "base/marks.hpp"

#include <algorithm>
#include <utility>

namespace harka::storage {

namespace {

std::string file_name(std::uint64_t number) {
  const std::string text = std::to_string(number);
  return std::string(8 - std::min<std::size_t>(8, text.size()), '0') + text + ".seg";
}

}  // namespace

Result<void> SegmentLog::append(const msg::AppendLog& request) {
  if (Result<void> done = begin_group(request.group); !done.ok()) return done;
  if (request.has_hard_state) {
    RecordHead head;
    head.group = request.group;
    head.kind = RecordKind::hard_state;
    head.term = request.hard_state.term;
    head.index = request.hard_state.vote;
    if (Result<void> done = put(head, {}); !done.ok()) return done;
    groups_[request.group].set_hard_state(request.hard_state, lap_);
  }
  if (request.has_start) {
    RecordHead head;
    head.group = request.group;
    head.kind = RecordKind::log_start;
    head.term = request.start_term;
    head.index = request.start_index;
    if (request.drops_suffix) head.flags = flag_drops_suffix;
    if (Result<void> done = put(head, {}); !done.ok()) return done;
    GroupIndex& group = groups_[request.group];
    group.set_start(request.start_index, request.start_term, request.drops_suffix);
    group.set_start_lap(lap_);
  }
  if (request.entries.empty()) return {};
  GroupIndex& group = groups_[request.group];
  for (const msg::Entry& entry : request.entries) {
    ASSERT_DURABLE(entry.index > group.start_index());
    ASSERT_DURABLE(entry.index <= group.last_index() + 1);
    RecordHead head;
    head.group = request.group;
    head.kind = RecordKind::entry;
    head.entry_type = static_cast<std::uint8_t>(entry.type);
    head.term = entry.term;
    head.index = entry.index;
    head.length = static_cast<std::uint32_t>(entry.data.size());
    if (Result<void> done = put(head, entry.data.view()); !done.ok()) return done;
    group.put_entry(entry.index, place_of_last(head));
    ++counters_.entries;
  }
  return {};
}

/// A group that damage made the log forget is tainted from its first record on.
Result<void> SegmentLog::begin_group(std::uint32_t id) {
  if (unknown_floor_ == 0 || groups_.contains(id)) return {};
  RecordHead head;
  head.group = id;
  head.kind = RecordKind::hard_state;
  head.term = unknown_floor_;
  if (Result<void> done = put(head, {}); !done.ok()) return done;
  groups_[id].set_hard_state({unknown_floor_, 0}, lap_);
  head.kind = RecordKind::taint;
  if (Result<void> done = put(head, {}); !done.ok()) return done;
  groups_[id].taint(unknown_floor_, 0, lap_);
  return {};
}

Result<void> SegmentLog::drop(GroupId group) {
  RecordHead head;
  head.group = group.value;
  head.kind = RecordKind::drop_group;
  if (Result<void> done = put(head, {}); !done.ok()) return done;
  groups_.erase(group.value);
  return {};
}

Result<void> SegmentLog::flush() {
  if (Result<void> done = write(); !done.ok()) return done;
  return sync();
}

Result<void> SegmentLog::write() {
  if (failure_) return *failure_;
  ASSERT(!is_written_);
  if (buffer_.empty()) return {};
  finish_record(buffer_, last_record_, written_, true, seed_);
  DiskFile& file = *segments_.at(lap_).file;
  if (Result<void> done = file.write(written_, buffer_); !done.ok()) return failed(done.error());
  is_written_ = true;
  return {};
}

Result<void> SegmentLog::sync() {
  if (failure_) return *failure_;
  if (!is_written_) return {};
  is_written_ = false;
  if (Result<void> done = segments_.at(lap_).file->sync(); !done.ok()) return failed(done.error());
  written_ += buffer_.size();
  counters_.bytes += buffer_.size();
  ++counters_.flushes;
  ++flush_number_;
  buffer_.clear();
  return {};
}

Result<void> SegmentLog::close() {
  if (Result<void> done = flush(); !done.ok()) return done;
  if (Result<void> done = put_mark(); !done.ok()) return done;
  return flush();
}

Result<void> SegmentLog::put_mark() {
  RecordHead head;
  head.kind = RecordKind::mark;
  head.index = floor_;
  return put(head, {});
}

// What the kernel did with pages whose sync failed is unknown, so a second try could "succeed"
// without the bytes being anywhere: the log is dead from the first failure on.
Result<void> SegmentLog::failed(Error error) {
  failure_ = error;
  return error;
}

Result<void> SegmentLog::put(RecordHead head, std::string_view payload) {
  if (failure_) return *failure_;
  ASSERT(!is_written_);
  if (payload.size() > record_payload_max) {
    return failed(Error{
        Code::too_large,
        "a log record of " + std::to_string(payload.size()) +
            " bytes; at most 64 MiB are possible"});
  }
  const std::size_t needed = record_bytes(payload.size());
  if (!has_room(needed)) {
    if (Result<void> done = rotate(needed); !done.ok()) return done;
    if (!is_freeing_) {
      if (Result<void> done = free_oldest(); !done.ok()) return done;
    }
    // What was copied may have filled the new segment.
    if (!has_room(needed)) {
      if (Result<void> done = rotate(needed); !done.ok()) return done;
    }
  }
  ASSERT_DURABLE(has_room(needed));
  append_buffered(head, payload);
  return {};
}

void SegmentLog::append_buffered(RecordHead head, std::string_view payload) {
  if (!buffer_.empty()) finish_record(buffer_, last_record_, written_, false, seed_);
  head.lap = lap_;
  head.flush = flush_number_;
  last_record_ = buffer_.size();
  append_record(buffer_, head, payload);
}

EntryRef SegmentLog::place_of_last(const RecordHead& head) const {
  EntryRef place;
  place.lap = lap_;
  place.offset = static_cast<std::uint32_t>(written_ + last_record_);
  place.length = head.length;
  place.type = static_cast<msg::EntryType>(head.entry_type);
  place.term = head.term;
  return place;
}

Result<void> SegmentLog::rotate(std::size_t record_bytes_needed) {
  RecordHead seal;
  seal.kind = RecordKind::seal;
  seal.index = floor_;  // durable before a segment below it is written over
  append_buffered(seal, {});
  if (Result<void> done = flush(); !done.ok()) return done;
  return next_segment(record_bytes_needed);
}

bool SegmentLog::has_room(std::size_t record_bytes_needed) const {
  // A segment always keeps room for its seal.
  return written_ + buffer_.size() + record_bytes_needed + record_bytes(0) <= segment_size_;
}

std::string SegmentLog::roster() const {
  std::string lines;
  for (const auto& [id, group] : groups_) {
    RosterLine line;
    line.group = id;
    line.term = group.term_known();
    lines.append(reinterpret_cast<const char*>(&line), sizeof line);  // trivially copyable
  }
  return lines;
}

// Takes a free segment that is large enough, or makes one, and begins it.
Result<void> SegmentLog::next_segment(std::size_t record_bytes_needed) {
  ASSERT(buffer_.empty());
  if (lap_ >= lap_max) {
    return failed(Error{
        Code::corrupt,
        "the log has numbered its last segment; remove the data directory to join again as an "
        "empty node"});
  }
  const std::string lines = roster();
  const std::uint64_t least = std::max<std::uint64_t>(
      options_.segment_bytes,
      record_bytes(header_payload_bytes) + record_bytes(lines.size()) + record_bytes_needed +
          record_bytes(0));
  Segment next;
  const auto found = std::ranges::find_if(
      free_, [least](const Segment& segment) { return segment.file->size() >= least; });
  if (found != free_.end()) {
    hit(Mark::segment_reused);
    next = std::move(*found);
    free_.erase(found);
  } else {
    next.name = file_name(next_file_++);
    Result<std::unique_ptr<DiskFile>> made = disk_.create(next.name, least);
    if (!made.ok()) return failed(made.error());
    next.file = std::move(made).value();
  }
  RecordHead header;
  header.kind = RecordKind::header;
  header.index = floor_;
  header.term = segments_.empty() ? 0 : segments_.rbegin()->first;
  ++lap_;
  segment_size_ = next.file->size();
  segments_[lap_] = std::move(next);
  counters_.segments = segments_.size();
  written_ = 0;
  flush_number_ = 1;
  std::string payload(log_magic);
  payload.resize(header_payload_bytes, '\0');
  const auto size = static_cast<std::uint32_t>(segment_size_);
  std::memcpy(payload.data() + header_size_at, &size, sizeof size);
  std::memcpy(payload.data() + header_data_id_at, &options_.data_id, sizeof options_.data_id);
  append_buffered(header, payload);
  RecordHead head;
  head.kind = RecordKind::roster;
  append_buffered(head, lines);
  return {};
}

Result<std::string> SegmentLog::read_payload(const EntryRef& entry) const {
  const std::size_t bytes = record_bytes(entry.length);
  if (entry.lap == lap_ && entry.offset >= written_) {
    return buffer_.substr(entry.offset - written_ + sizeof(RecordHead), entry.length);
  }
  const Segment& segment = segments_.at(entry.lap);
  Result<std::string> read = segment.file->read(entry.offset, bytes);
  if (!read.ok()) return read;
  const auto head = read_record_at(read.value(), entry.offset, seed_);
  if (!head || head->lap != entry.lap || head->length != entry.length) {
    return Error{
        Code::corrupt,
        segment.name + " is damaged at byte " + std::to_string(entry.offset) +
            ", which was whole at start"};
  }
  return read.value().substr(sizeof(RecordHead), entry.length);
}

Result<msg::GroupRecovered> SegmentLog::recover(GroupId id) const {
  if (failure_) return *failure_;
  msg::GroupRecovered recovered;
  recovered.group = id.value;
  const auto found = groups_.find(id.value);
  if (found == groups_.end()) {
    recovered.tainted = unknown_floor_ != 0;
    recovered.term_floor = unknown_floor_;
    recovered.hard_state.term = unknown_floor_;
    return recovered;
  }
  const GroupIndex& group = found->second;
  recovered.hard_state = group.hard_state();
  recovered.start_index = group.start_index();
  recovered.start_term = group.start_term();
  recovered.tainted = group.is_tainted();
  if (group.is_tainted()) {
    recovered.high_water = group.high_water();
    recovered.term_floor = group.term_floor();
  }
  recovered.entries.reserve(group.entries().size());
  LogIndex index = group.start_index();
  for (const EntryRef& ref : group.entries()) {
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
