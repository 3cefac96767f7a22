// SPDX-License-Identifier: Apache-2.0
// The node's log: one append-only sequence of records for all raft groups, in preallocated segments
// that are recycled. One thread only. Nothing is durable before `flush` (or `sync`) returned.
//
// Why not a log a group, or LMDB: a flush costs a disk round trip whatever it carries, so all
// groups share it, and an overwrite of preallocated blocks needs one flush where a B-tree needs
// two. The format is in log_format.hpp, what recovery can and cannot tell in log_survey.hpp.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "schemas/durable.hpp"
#include "storage/disk.hpp"
#include "storage/group_index.hpp"
#include "storage/log_format.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace harka::storage {

struct Survey;

struct LogOptions {
  std::uint64_t segment_bytes = 64ULL << 20;
  /// More live data than this in the oldest segment keeps it instead of being copied forward, as
  /// long as the log is not mostly garbage.
  std::uint64_t copy_forward_bytes_max = 4ULL << 20;
  /// Of the data directory. A log of another one is refused. Clients do not know it (RecordSeed).
  std::uint64_t data_id = 0;
  /// The applied state that belonged to this log is gone: as damage, for every group whose log
  /// does not reach back to its beginning.
  bool is_state_lost = false;
  /// There is no leader elsewhere that could bring a tainted group up again: refuse damage, and
  /// change nothing.
  bool refuses_damage = false;
};

struct LogCounters {
  std::uint64_t flushes = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;         // written, headers and copies included
  std::uint64_t segments = 0;      // in use
  std::uint64_t recycled = 0;      // segments freed
  std::uint64_t copied_bytes = 0;  // written again so that an old segment could be freed
  Duration flush_time{};           // of all batches, by whoever runs the log
  Duration flush_time_max{};
};

class SegmentLog {
 public:
  /// Reads what is there. `disk` outlives the log. A torn tail, which was never acknowledged, is
  /// cut silently. After damage to what was acknowledged the entries of all groups are dropped, and
  /// each group is tainted, durably, until a leader whom it did not help to elect has brought it up
  /// again. Refused: another node's log, or another version's.
  [[nodiscard]] static Result<std::unique_ptr<SegmentLog>> open(Disk& disk, LogOptions options);

  /// Buffers. The request's entries must continue or replace what the group has.
  /// After any error the log is dead: nothing may be acknowledged, every later call fails too.
  Result<void> append(const msg::AppendLog& request);
  Result<void> drop(GroupId group);
  /// Writes and syncs everything buffered, as one flush.
  Result<void> flush();
  /// The two halves of `flush`; nothing is appended in between.
  Result<void> write();
  Result<void> sync();
  /// Testifies that everything so far was synced, so that the next start can tell damage to the
  /// last flush from a torn write. Call it before a clean end.
  Result<void> close();

  [[nodiscard]] bool has_buffered() const { return !buffer_.empty(); }

  /// What the log holds for a group, as far as flushed or buffered.
  [[nodiscard]] Result<msg::GroupRecovered> recover(GroupId group) const;

  [[nodiscard]] const LogCounters& counters() const { return counters_; }

  /// Damage was found at `open`; `damage` says where, for the operator.
  [[nodiscard]] bool is_damaged() const { return !damage_.empty(); }

  [[nodiscard]] const std::string& damage() const { return damage_; }

 private:
  struct Segment {
    std::string name;
    std::unique_ptr<DiskFile> file;
  };
  struct Recovery;

  SegmentLog(Disk& disk, LogOptions options)
      : disk_(disk), options_(options), seed_(options.data_id) {}

  // Recovery: log_recovery.cpp.
  Result<void> load();
  Result<void> survey_files(Recovery& recovery);
  void classify(Recovery& recovery);
  void check_chain(Recovery& recovery);
  Result<void> replay(Lap lap, const Survey& survey, Recovery& recovery);
  void replay_record(
      std::uint64_t offset, const RecordHead& head, std::string_view payload, Recovery& recovery);
  [[nodiscard]] bool has_room_for_seal(Lap lap, const Survey& survey) const;
  Result<void> seal_torn(Lap lap, const Survey& survey);
  void taint_groups(const Recovery& recovery);
  void taint_without_state();
  Result<void> start_afresh();
  Result<void> remake_cut_files();
  void damaged(const std::string& what);

  // Writing.
  Result<void> begin_group(std::uint32_t id);
  Result<void> put(RecordHead head, std::string_view payload);
  void append_buffered(RecordHead head, std::string_view payload);
  void put_entry(GroupIndex& group, const msg::Entry& entry);
  Result<void> put_mark();
  [[nodiscard]] bool has_room(std::size_t record_bytes_needed) const;
  Result<void> next_segment(std::size_t record_bytes_needed);
  Result<void> rotate(std::size_t record_bytes_needed);
  Result<void> failed(Error error);

  // Reclaiming: log_recycling.cpp.
  Result<void> free_oldest();
  [[nodiscard]] bool is_worth_freeing(Lap lap) const;
  Result<void> copy_forward(Lap lap);
  Result<void> copy_group(std::uint32_t id, GroupIndex& group, Lap lap);
  void release_oldest();

  [[nodiscard]] EntryRef place_of_last(const RecordHead& head) const;
  [[nodiscard]] Result<std::string> read_payload(const EntryRef& entry) const;
  [[nodiscard]] std::string roster() const;

  Disk& disk_;
  LogOptions options_;
  const RecordSeed seed_;
  std::map<Lap, Segment> segments_;  // in use, oldest first; the last is written to
  std::vector<Segment> free_;
  std::map<std::uint32_t, GroupIndex> groups_;
  std::uint64_t next_file_ = 1;
  Lap lap_ = 0;                     // of the current segment
  Lap floor_ = 1;                   // laps below are obsolete
  std::uint64_t segment_size_ = 0;  // of the current segment
  std::uint64_t written_ = 0;       // bytes of the current segment that are on the disk
  std::string buffer_;              // follows them
  std::size_t last_record_ = 0;     // in the buffer
  std::uint32_t flush_number_ = 1;  // in this lap, of the flush that will write the buffer
  bool is_written_ = false;         // the buffer, but it is not synced
  bool is_freeing_ = false;
  Term unknown_floor_ = 0;  // of groups that the log does not know; 0: it has not forgotten any
  Lap unknown_taint_lap_ = 0;
  std::string damage_;
  std::optional<Error> failure_;
  LogCounters counters_;
};

}  // namespace harka::storage
