// SPDX-License-Identifier: Apache-2.0
// The node's log: one append-only sequence of records for all raft groups, in preallocated segments
// that are recycled. One thread only. Nothing is durable before `flush` returned.
//
// Why not a log a group, or LMDB: a flush costs a disk round trip whatever it carries, so all groups
// share it, and an overwrite of preallocated blocks needs one flush where a B-tree needs two.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "schemas/durable.hpp"
#include "storage/disk.hpp"
#include "storage/log_format.hpp"

namespace harka::storage {

struct LogOptions {
  std::uint64_t segment_bytes = 64ULL << 20;
  /// More live data than this in the oldest segment keeps it instead of being copied forward.
  std::uint64_t copy_forward_bytes_max = 4ULL << 20;
};

struct LogCounters {
  std::uint64_t flushes = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t segments = 0;
  std::uint64_t recycled = 0;
};

class SegmentLog {
 public:
  /// Reads what is there. `disk` outlives the log. A torn tail, which was never acknowledged, is cut
  /// silently; damage before records that are whole marks every group tainted.
  [[nodiscard]] static Result<std::unique_ptr<SegmentLog>> open(Disk& disk, LogOptions options);

  /// Buffers. The request's entries must continue or replace what the group has.
  Result<void> append(const msg::AppendLog& request);
  Result<void> drop(GroupId group);
  /// Writes and syncs everything buffered. After io_failed nothing may be acknowledged any more.
  Result<void> flush();
  [[nodiscard]] bool has_buffered() const { return !buffer_.empty(); }

  /// What the log holds for a group, as far as flushed or buffered.
  [[nodiscard]] Result<msg::GroupRecovered> recover(GroupId group) const;
  [[nodiscard]] const LogCounters& counters() const { return counters_; }
  [[nodiscard]] bool is_damaged() const { return is_damaged_; }

 private:
  struct EntryRef {
    std::uint64_t lap = 0;
    std::uint64_t offset = 0;
    Term term = 0;
    std::uint32_t length = 0;
    msg::EntryType type = msg::EntryType::noop;
  };
  struct Group {
    msg::HardState hard_state;
    std::uint64_t hard_state_lap = 0;  // 0: none
    LogIndex start_index = 0;
    Term start_term = 0;
    std::uint64_t start_lap = 0;       // 0: none
    std::deque<EntryRef> entries;      // start_index + 1 …
    bool has_hole = false;             // replay: entries before these were freed; a start must follow
    bool is_tainted = false;
    LogIndex high_water = 0;
  };
  struct Segment {
    std::string name;
    std::unique_ptr<DiskFile> file;
  };

  SegmentLog(Disk& disk, LogOptions options) : disk_(disk), options_(options) {}

  // Recovery.
  Result<void> load();
  Result<void> replay(std::uint64_t lap, bool is_last);
  void replay_record(const RecordHead& head, std::uint64_t offset, std::string_view payload);
  [[nodiscard]] static bool is_acknowledged_after(
      std::string_view bytes, std::uint64_t offset, std::uint64_t lap, std::uint16_t last_flush);
  void taint_all();

  // Writing.
  Result<void> put(
      RecordHead head, std::string_view payload);
  void append_buffered(RecordHead head, std::string_view payload);
  Result<void> rotate();
  Result<void> use_segment(Segment segment);
  Result<void> free_oldest();
  Result<void> copy_forward(std::uint64_t lap);
  [[nodiscard]] std::uint64_t live_bytes_in(std::uint64_t lap) const;
  void set_start(Group& group, LogIndex index, Term term, bool drops_suffix);
  [[nodiscard]] Result<std::string> read_payload(const EntryRef& entry) const;

  Disk& disk_;
  LogOptions options_;
  std::map<std::uint64_t, Segment> segments_;  // by lap, oldest first; the last is written to
  std::vector<Segment> free_;
  std::map<std::uint32_t, Group> groups_;
  std::uint64_t next_file_ = 1;
  std::uint64_t lap_ = 0;            // of the current segment
  std::uint64_t written_ = 0;        // bytes of the current segment that are on the disk
  std::string buffer_;               // follows them
  std::size_t last_record_ = 0;      // in the buffer
  std::uint16_t flush_number_ = 1;   // of the flush that will write the buffer
  bool is_damaged_ = false;
  bool is_freeing_ = false;
  LogCounters counters_;
};

}  // namespace harka::storage
