// SPDX-License-Identifier: Apache-2.0
// Which keys of a shard changed at which index, so that caches on other nodes can ask what changed
// since. Kept only while a cache asks now and then, and bounded: what it no longer reaches back to
// is answered with "everything may have changed".
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"

#include <deque>
#include <optional>
#include <string_view>
#include <vector>

namespace harka {

class ChangeLog {
 public:
  /// Keeps changes behind `applied` (if it does not already) until `until`.
  void want(Instant until, LogIndex applied);
  /// False: nobody has asked lately; what was kept is given up.
  [[nodiscard]] bool is_wanted(Instant now);
  /// In order of indexes.
  void add(LogIndex index, std::string_view key);
  /// The keys changed behind `index`, each once; nothing when that is not known any more.
  [[nodiscard]] std::optional<std::vector<SharedBytes>> since(LogIndex index) const;
  void clear();

  [[nodiscard]] std::size_t count() const { return changes_.size(); }

 private:
  struct Change {
    LogIndex index = 0;
    SharedBytes key;
  };

  std::optional<Instant> until_;  // nothing: not kept
  LogIndex complete_after_ = 0;   // every change behind it is listed
  std::deque<Change> changes_;
  std::size_t bytes_ = 0;
};

}  // namespace harka
