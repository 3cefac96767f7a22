// SPDX-License-Identifier: Apache-2.0
// Where the log keeps what is alive of one group: its hard state, its start and a place for each
// entry. The same operations run while writing and, in the order of the log, at recovery.
//
// At recovery the beginning of the log may be gone (its segments were recycled), and what was alive
// there comes later, as copies. So entries may have holes in between; `finish_replay` says whether
// all of them were filled.
#pragma once

#include "base/ids.hpp"
#include "schemas/durable.hpp"
#include "storage/log_format.hpp"

#include <cstdint>
#include <deque>

namespace harka::storage {

struct EntryRef {
  Lap lap = 0;  // 0: a hole
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  msg::EntryType type = msg::EntryType::noop;
  Term term = 0;
};

static_assert(sizeof(EntryRef) == 24);

class GroupIndex {
 public:
  void set_hard_state(const msg::HardState& state, Lap lap);
  /// Forgets entries up to `index`; with `drops_suffix` those after it too.
  void set_start(LogIndex index, Term term, bool drops_suffix);

  void set_start_lap(Lap lap) { start_lap_ = lap; }

  /// Replaces what was at and after `index`.
  void put_entry(LogIndex index, const EntryRef& entry);
  /// Says where an entry that is alive is (also) found. Replaces nothing else.
  void put_copy(LogIndex index, const EntryRef& entry);
  /// What was promised is lost. Ends by itself when an entry of term `floor` or a later one is
  /// there, or without a floor one at `high_water` or beyond: only a leader that agrees with
  /// everything before it makes a tainted replica append that.
  void taint(Term floor, LogIndex high_water, Lap lap);
  /// A damaged log: which of the entries are the newest of their index is not known any more.
  void forget_entries();

  /// Drops what lies behind a hole. False if there was one: entries are missing.
  bool finish_replay();

  [[nodiscard]] const msg::HardState& hard_state() const { return hard_state_; }

  [[nodiscard]] Lap hard_state_lap() const { return hard_state_lap_; }

  [[nodiscard]] LogIndex start_index() const { return start_index_; }

  [[nodiscard]] Term start_term() const { return start_term_; }

  [[nodiscard]] Lap start_lap() const { return start_lap_; }

  [[nodiscard]] bool is_tainted() const { return is_tainted_; }

  [[nodiscard]] Term term_floor() const { return term_floor_; }

  [[nodiscard]] LogIndex high_water() const { return high_water_; }

  /// The highest that anything here tells of.
  [[nodiscard]] Term term_known() const;

  [[nodiscard]] Lap taint_lap() const { return taint_lap_; }

  [[nodiscard]] LogIndex first_index() const { return first_index_; }

  [[nodiscard]] LogIndex last_index() const {
    return entries_.empty() ? start_index_ : first_index_ + entries_.size() - 1;
  }

  [[nodiscard]] const std::deque<EntryRef>& entries() const { return entries_; }

  /// Bytes of live records in segments up to `lap`; stops counting beyond `enough`.
  [[nodiscard]] std::uint64_t live_bytes(Lap lap, std::uint64_t enough) const;

 private:
  void reach(LogIndex index);
  void untaint_at(LogIndex index, Term term);

  msg::HardState hard_state_;
  Lap hard_state_lap_ = 0;  // 0: there is none
  LogIndex start_index_ = 0;
  Term start_term_ = 0;
  Lap start_lap_ = 0;  // 0: there is none
  std::deque<EntryRef> entries_;
  LogIndex first_index_ = 1;  // of entries_
  bool is_tainted_ = false;
  Term term_floor_ = 0;
  LogIndex high_water_ = 0;
  Lap taint_lap_ = 0;
};

}  // namespace harka::storage
