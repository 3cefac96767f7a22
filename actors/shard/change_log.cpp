// SPDX-License-Identifier: Apache-2.0
#include "actors/shard/change_log.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <set>

namespace harka {

void ChangeLog::want(Instant until, LogIndex applied) {
  if (!until_) complete_after_ = applied;
  until_ = std::max(until_.value_or(until), until);
}

bool ChangeLog::is_wanted(Instant now) {
  if (until_ && now >= *until_) clear();
  return until_.has_value();
}

void ChangeLog::add(LogIndex index, std::string_view key) {
  ASSERT(changes_.empty() || changes_.back().index <= index);
  changes_.push_back(Change{index, SharedBytes::copy_of(key)});
  bytes_ += key.size();
  while (changes_.size() > limits::changes_kept || bytes_ > limits::changes_kept_bytes) {
    complete_after_ = changes_.front().index;  // others of that index may be left: they are void
    bytes_ -= changes_.front().key.size();
    changes_.pop_front();
  }
}

std::optional<std::vector<SharedBytes>> ChangeLog::since(LogIndex index) const {
  if (!until_ || index < complete_after_) return std::nullopt;
  const auto first = std::upper_bound(
      changes_.begin(), changes_.end(), index, [](LogIndex bound, const Change& change) {
        return bound < change.index;
      });
  std::vector<SharedBytes> keys;
  std::set<std::string_view> seen;
  for (auto change = first; change != changes_.end(); ++change) {
    if (seen.insert(change->key.view()).second) keys.push_back(change->key);
  }
  return keys;
}

void ChangeLog::clear() {
  until_.reset();
  changes_.clear();
  bytes_ = 0;
}

}  // namespace harka
