// SPDX-License-Identifier: Apache-2.0
// The replica's copy of its log: what follows (start_index, start_term), in memory.
//
// It knows nothing of durability or commitment; those are the replica's. Entries share their
// bytes with messages and with the log store, so the copy costs some 60 bytes an entry.
#pragma once

#include "base/ids.hpp"
#include "schemas/raft.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace harka::raft {

/// What an entry counts for in every byte limit: its data and a share for its header.
[[nodiscard]] inline std::size_t size_of(const msg::Entry& entry) {
  return entry.data.size() + 32;
}

class Log {
 public:
  Log() = default;
  /// `entries` are contiguous and begin at `start_index + 1`.
  Log(LogIndex start_index, Term start_term, std::vector<msg::Entry> entries);

  [[nodiscard]] LogIndex start_index() const { return start_index_; }

  [[nodiscard]] Term start_term() const { return start_term_; }

  [[nodiscard]] LogIndex last_index() const { return start_index_ + count(); }

  [[nodiscard]] Term last_term() const { return count() == 0 ? start_term_ : entries_.back().term; }

  /// None outside `start_index … last_index`.
  [[nodiscard]] std::optional<Term> term_at(LogIndex index) const;
  [[nodiscard]] const msg::Entry& at(LogIndex index) const;
  /// The largest index not after `index` whose term is not after `term`; `start_index` when none
  /// is left. Skips whole terms at once when a follower's log disagrees (dissertation, 3.5).
  [[nodiscard]] LogIndex last_not_after(LogIndex index, Term term) const;
  /// From `from` on, at most `bytes_max`, but at least one entry when there is one.
  [[nodiscard]] std::vector<msg::Entry> slice(
      LogIndex from, LogIndex to, std::size_t bytes_max) const;

  void append(msg::Entry entry);
  /// Forgets `index` and all that follows.
  void truncate_from(LogIndex index);
  /// Forgets everything up to and including `index`, which the log holds.
  void drop_through(LogIndex index);
  /// An empty log that begins after (index, term).
  void reset(LogIndex index, Term term);

 private:
  [[nodiscard]] std::size_t count() const { return entries_.size() - head_; }

  [[nodiscard]] std::size_t position(LogIndex index) const {
    return head_ + static_cast<std::size_t>(index - start_index_ - 1);
  }

  LogIndex start_index_ = 0;
  Term start_term_ = 0;
  std::vector<msg::Entry> entries_;
  std::size_t head_ = 0;  // dropped entries still in front of entries_, erased in bulk
};

}  // namespace harka::raft
