// SPDX-License-Identifier: Apache-2.0
// Reading the log back at start: survey every file, decide which are in use, replay those in order,
// and go on in a fresh segment, so that a torn tail is never written behind.
//
// After damage each group is written again as one that promised it knows not what: no entries, a
// term above all that it may have been in, and a taint. The old segments are given up. Entries that
// are still whole are dropped, too: a lost record may have replaced them.
#include "base/log.hpp"
#include "base/marks.hpp"
#include "storage/log_survey.hpp"
#include "storage/segment_log.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace harka::storage {

namespace {

std::optional<std::uint64_t> number_of(const std::string& name) {
  if (name.size() < 5 || name.size() > 20 || !name.ends_with(".seg")) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : name.substr(0, name.size() - 4)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

}  // namespace

/// What is known while the log is being read.
struct SegmentLog::Recovery {
  struct File {
    Segment segment;
    Survey survey;
  };

  std::vector<File> files;
  std::map<Lap, Survey> in_use;
  std::set<std::uint32_t> roster;  // groups that a roster names
  Term term_known = 0;             // the highest that a roster tells of
  bool is_roster_complete = true;  // no damage after the last roster: no group is forgotten
};

Result<std::unique_ptr<SegmentLog>> SegmentLog::open(Disk& disk, LogOptions options) {
  if (options.segment_bytes < 1024 || options.segment_bytes > (1ULL << 30)) {
    return Error{Code::invalid_argument, "log segments have between 1 KiB and 1 GiB"};
  }
  std::unique_ptr<SegmentLog> log(new SegmentLog(disk, options));
  if (Result<void> loaded = log->load(); !loaded.ok()) return loaded.error();
  return Result<std::unique_ptr<SegmentLog>>(std::move(log));
}

Result<void> SegmentLog::load() {
  Recovery recovery;
  if (Result<void> done = survey_files(recovery); !done.ok()) return done;
  classify(recovery);
  check_chain(recovery);
  for (const auto& [lap, survey] : recovery.in_use) {
    if (Result<void> done = replay(lap, survey, recovery); !done.ok()) return done;
  }
  for (auto& [id, group] : groups_) {
    if (!group.finish_replay()) {
      damaged(
          "entries of group " + std::to_string(id) + " after index " +
          std::to_string(group.last_index()) + " are missing");
    }
  }
  const bool is_log_damaged = is_damaged();
  const bool needs_state =
      std::ranges::any_of(groups_, [](const auto& each) { return each.second.start_index() > 0; });
  if (options_.is_state_lost && needs_state) damaged("the applied state is gone");
  if (options_.is_state_lost && !needs_state && !groups_.empty()) {
    log::info("log", "the applied state is gone; the log makes all of it again");
  }
  if (is_damaged() && options_.refuses_damage) return Error{Code::corrupt, damage_};
  if (is_damaged()) {
    if (is_log_damaged) {
      hit(Mark::damage_found);
      taint_groups(recovery);
    } else {
      taint_without_state();
    }
    log::error("log", damage_);
    return start_afresh();
  }
  if (!recovery.in_use.empty()) {
    const auto& [newest, survey] = *recovery.in_use.rbegin();
    if (survey.is_torn) {
      hit(Mark::torn_write_dropped);
      log::info(
          "log",
          "the last write of " + segments_.at(newest).name + ", at byte " +
              std::to_string(survey.end) +
              ", is incomplete and was dropped: it was under way when the node ended, and is not "
              "among those acknowledged");
    }
    // No writer leaves a segment without room for its seal: cut, and its header told no size.
    if (!survey.is_sealed && !has_room_for_seal(newest, survey)) return start_afresh();
    if (Result<void> done = seal_torn(newest, survey); !done.ok()) return done;
  }
  if (Result<void> done = next_segment(0); !done.ok()) return done;
  if (Result<void> done = flush(); !done.ok()) return done;
  return free_oldest();
}

void SegmentLog::damaged(const std::string& what) {
  if (damage_.size() > 1000) return;
  damage_ += (damage_.empty() ? "" : "; ") + what;
}

Result<void> SegmentLog::survey_files(Recovery& recovery) {
  Result<std::vector<std::string>> names = disk_.list();
  if (!names.ok()) return names.error();
  std::ranges::sort(names.value());
  for (const std::string& name : names.value()) {
    const std::optional<std::uint64_t> number = number_of(name);
    if (!number) continue;
    next_file_ = std::max(next_file_, *number + 1);
    Result<std::unique_ptr<DiskFile>> file = disk_.open(name);
    if (!file.ok()) return file.error();
    const std::uint64_t size = file.value()->size();
    if (size > (1ULL << 30)) return Error{Code::corrupt, name + " is no segment: it is too large"};
    Result<std::string> bytes = file.value()->read(0, size);
    if (!bytes.ok()) return bytes.error();
    const Survey survey = survey_segment(bytes.value(), seed_);
    if (survey.is_other_version) {
      return Error{
          Code::refused_to_protect,
          name +
              " was written by another version of the log; start that version, or "
              "remove the data directory to join again as an empty node"};
    }
    const bool is_foreign = survey.lap != 0 && survey.data_id != options_.data_id;
    if (is_foreign) {
      return Error{Code::refused_to_protect, name + " belongs to another data directory"};
    }
    floor_ = std::max(floor_, survey.floor);
    lap_ = std::max({lap_, survey.lap, survey.stray_lap, floor_});
    recovery.files.push_back({Segment{name, std::move(file).value()}, survey});
  }
  return {};
}

// Which files hold laps in use. A file without a whole header whose records are all of its lap's
// first flush was torn before anything in it was acknowledged: it is free.
void SegmentLog::classify(Recovery& recovery) {
  for (auto& [segment, survey] : recovery.files) {
    const std::string& name = segment.name;
    Lap lap = survey.lap >= floor_ ? survey.lap : 0;
    if (survey.is_cut && (lap != 0 || survey.lap == 0)) {
      damaged(name + " is cut: it has only " + std::to_string(segment.file->size()) + " bytes");
    } else if (survey.is_damaged && lap != 0) {
      damaged(name + " is damaged at byte " + std::to_string(survey.end));
    }
    if (survey.stray_lap >= floor_ && survey.stray_lap > survey.lap) {
      if (lap != 0) {
        damaged(name + " holds records of another segment");
      } else if (survey.stray_flush > 1) {
        hit(Mark::header_damaged);
        lap = survey.stray_lap;
        damaged("the header of " + name + " is damaged");
        survey = Survey{};
        survey.lap = lap;
        survey.is_damaged = true;
      }
    }
    if (lap != 0 && segments_.contains(lap)) {
      damaged(name + " and " + segments_.at(lap).name + " claim the same place in the log");
      lap = 0;
    }
    if (lap == 0) {
      free_.push_back(std::move(segment));
    } else {
      segments_[lap] = std::move(segment);
      recovery.in_use[lap] = survey;
    }
  }
}

// Every segment but the newest is sealed, and names the one before it.
void SegmentLog::check_chain(Recovery& recovery) {
  Lap newest = 0;
  for (const auto& [segment, survey] : recovery.files) {
    newest = std::max({newest, survey.lap, survey.stray_lap});
  }
  for (auto& [lap, survey] : recovery.in_use) {
    const std::string& name = segments_.at(lap).name;
    if (!survey.is_sealed && !survey.is_damaged && lap != newest) {
      damaged("records at the end of " + name + " are missing");
      survey.is_damaged = true;
    }
    const Lap before = survey.lap_before;
    if (before != 0 && before >= floor_ && !segments_.contains(before)) {
      damaged("the segment before " + name + " is missing");
    }
  }
  const bool begins_at_floor = recovery.in_use.empty() || floor_ <= 1 ||
                               recovery.in_use.begin()->first == floor_ ||
                               recovery.in_use.begin()->second.lap_before < floor_;
  if (!begins_at_floor) damaged("the oldest segment is missing");
}

Result<void> SegmentLog::replay(Lap lap, const Survey& survey, Recovery& recovery) {
  const DiskFile& file = *segments_.at(lap).file;
  Result<std::string> bytes = file.read(0, survey.is_damaged ? file.size() : survey.end);
  if (!bytes.ok()) return bytes.error();
  std::uint64_t whole_end = 0;
  for_each_record(
      bytes.value(),
      0,
      seed_,
      [&](std::uint64_t offset, const RecordHead& head, std::string_view payload) {
        if (head.lap != lap) return;
        if (offset != whole_end) recovery.is_roster_complete = false;
        whole_end = offset + record_bytes(head.length);
        replay_record(offset, head, payload, recovery);
      });
  if (survey.is_damaged) recovery.is_roster_complete = false;
  return {};
}

void SegmentLog::replay_record(
    std::uint64_t offset, const RecordHead& head, std::string_view payload, Recovery& recovery) {
  switch (head.kind) {
    case RecordKind::header:
    case RecordKind::seal:
    case RecordKind::mark: return;
    case RecordKind::roster:
      // Names every group that there was when this segment began.
      recovery.is_roster_complete = true;
      for (std::size_t at = 0; at + sizeof(RosterLine) <= payload.size();
           at += sizeof(RosterLine)) {
        RosterLine line;
        std::memcpy(&line, payload.data() + at, sizeof line);
        recovery.roster.insert(line.group);
        recovery.term_known = std::max(recovery.term_known, line.term);
      }
      return;
    case RecordKind::drop_group:
      groups_.erase(head.group);
      recovery.roster.erase(head.group);
      return;
    case RecordKind::hard_state:
      groups_[head.group].set_hard_state(msg::HardState{head.term, head.index}, head.lap);
      return;
    case RecordKind::log_start:
      groups_[head.group].set_start(head.index, head.term, (head.flags & flag_drops_suffix) != 0);
      groups_[head.group].set_start_lap(head.lap);
      return;
    case RecordKind::taint:
      if (head.group == unknown_groups) {
        unknown_floor_ = head.term;
        unknown_taint_lap_ = head.lap;
      } else {
        groups_[head.group].taint(head.term, head.index, head.lap);
      }
      return;
    case RecordKind::entry:
    case RecordKind::copied_entry: break;
  }
  EntryRef entry;
  entry.lap = head.lap;
  entry.offset = static_cast<std::uint32_t>(offset);
  entry.length = head.length;
  entry.type = static_cast<msg::EntryType>(head.entry_type);
  entry.term = head.term;
  GroupIndex& group = groups_[head.group];
  if (head.kind == RecordKind::copied_entry) {
    group.put_copy(head.index, entry);
  } else {
    group.put_entry(head.index, entry);
  }
}

bool SegmentLog::has_room_for_seal(Lap lap, const Survey& survey) const {
  return survey.end + record_bytes(0) <= segments_.at(lap).file->size();
}

// So that the next start does not take this segment, which is no longer the newest, for damaged. A
// seal that is there may only have been written: killed before its sync, the node finds it in the
// page cache, and what stands before it counts from now on.
Result<void> SegmentLog::seal_torn(Lap lap, const Survey& survey) {
  DiskFile& file = *segments_.at(lap).file;
  if (survey.is_sealed) return file.sync();
  RecordHead seal;
  seal.kind = RecordKind::seal;
  seal.lap = lap;
  seal.index = floor_;
  seal.flush = survey.flush_end + 2;
  std::string bytes;
  append_record(bytes, seal, {});
  finish_record(bytes, 0, survey.end, true, seed_);
  if (Result<void> done = file.write(survey.end, bytes); !done.ok()) return done;
  return file.sync();
}

// A bad record does not say whose it was, so every group is tainted, and so is what the log no
// longer knows. Promises that were made in lost terms must not be broken, and one node's groups are
// all in terms of one order, so the floor is one for all of them.
void SegmentLog::taint_groups(const Recovery& recovery) {
  Term known = std::max(recovery.term_known, unknown_floor_);
  std::set<std::uint32_t> ids = recovery.roster;
  for (const auto& [id, group] : groups_) {
    known = std::max(known, group.term_known());
    ids.insert(id);
  }
  const Term floor = known + term_leap;
  const Lap any_old_lap = segments_.begin()->first;  // what is of it is written again
  for (const std::uint32_t id : ids) {
    GroupIndex& group = groups_[id];
    group.forget_entries();
    group.set_hard_state({floor, 0}, any_old_lap);
    group.taint(floor, 0, any_old_lap);
  }
  if (!recovery.is_roster_complete || unknown_floor_ != 0) unknown_floor_ = floor;
}

/// The log is whole, so what was promised is known. A log that reaches back to the beginning makes
/// the state again; else it has to come from a leader, at least as far as it was.
void SegmentLog::taint_without_state() {
  for (auto& [id, group] : groups_) {
    const bool has_floor = group.is_tainted() && group.term_floor() != 0;
    if (group.start_index() == 0 || has_floor) continue;
    group.taint(0, group.last_index(), segments_.begin()->first);
  }
}

Result<void> SegmentLog::start_afresh() {
  is_freeing_ = true;
  const Lap newest_old = segments_.empty() ? 0 : segments_.rbegin()->first;
  if (Result<void> done = next_segment(0); !done.ok()) return done;
  const Lap first_new = lap_;
  if (Result<void> done = copy_forward(newest_old); !done.ok()) return done;
  if (Result<void> done = flush(); !done.ok()) return done;
  floor_ = first_new;
  if (Result<void> done = put_mark(); !done.ok()) return done;
  if (Result<void> done = flush(); !done.ok()) return done;
  while (segments_.begin()->first < first_new) release_oldest();
  is_freeing_ = false;
  return remake_cut_files();
}

// A file that was cut to nothing says not even that it is of an old lap: it would be damage at each
// start.
Result<void> SegmentLog::remake_cut_files() {
  for (Segment& segment : free_) {
    if (segment.file->size() >= record_bytes(header_payload_bytes)) continue;
    Result<std::unique_ptr<DiskFile>> made = disk_.create(segment.name, options_.segment_bytes);
    if (!made.ok()) return failed(made.error());
    segment.file = std::move(made).value();
  }
  return {};
}

}  // namespace harka::storage
