// SPDX-License-Identifier: Apache-2.0
// See log.hpp. A vector with a lazily erased head: an idle replica pays for no block of a deque.
#include "cluster/raft/log.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace harka::raft {

Log::Log(LogIndex start_index, Term start_term, std::vector<msg::Entry> entries)
    : start_index_(start_index), start_term_(start_term), entries_(std::move(entries)) {
  LogIndex expected = start_index + 1;
  Term term = start_term;
  for (const msg::Entry& entry : entries_) {
    ASSERT(entry.index == expected);
    ASSERT(entry.term >= term);
    term = entry.term;
    ++expected;
  }
}

std::optional<Term> Log::term_at(LogIndex index) const {
  if (index < start_index_ || index > last_index()) {
    return std::nullopt;
  }
  return index == start_index_ ? start_term_ : entries_[position(index)].term;
}

const msg::Entry& Log::at(LogIndex index) const {
  ASSERT(index > start_index_);
  ASSERT(index <= last_index());
  return entries_[position(index)];
}

LogIndex Log::last_not_after(LogIndex index, Term term) const {
  const LogIndex from = std::min(index, last_index());
  if (from <= start_index_) {
    return start_index_;
  }
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(head_);
  const auto end = begin + static_cast<std::ptrdiff_t>(from - start_index_);
  const auto found = std::upper_bound(
      begin, end, term, [](Term wanted, const msg::Entry& entry) { return wanted < entry.term; });
  return start_index_ + static_cast<LogIndex>(found - begin);
}

std::vector<msg::Entry> Log::slice(LogIndex from, LogIndex to, std::size_t bytes_max) const {
  std::vector<msg::Entry> result;
  if (from > std::min(to, last_index())) {
    return result;
  }
  ASSERT(from > start_index_);
  const std::size_t begin = position(from);
  const std::size_t limit = position(std::min(to, last_index())) + 1;
  std::size_t bytes = size_of(entries_[begin]);
  std::size_t end = begin + 1;
  while (end < limit && bytes + size_of(entries_[end]) <= bytes_max) {
    bytes += size_of(entries_[end]);
    ++end;
  }
  result.assign(
      entries_.begin() + static_cast<std::ptrdiff_t>(begin),
      entries_.begin() + static_cast<std::ptrdiff_t>(end));
  return result;
}

void Log::append(msg::Entry entry) {
  ASSERT(entry.index == last_index() + 1);
  ASSERT(entry.term >= last_term());
  entries_.push_back(std::move(entry));
}

void Log::truncate_from(LogIndex index) {
  ASSERT(index > start_index_);
  if (index <= last_index()) {
    entries_.resize(position(index));
  }
}

void Log::drop_through(LogIndex index) {
  const std::optional<Term> term = term_at(index);
  ASSERT(term.has_value());
  for (std::size_t i = head_; i < position(index) + 1; ++i) {
    entries_[i].data = SharedBytes();  // the bytes go now, the slot later
  }
  head_ = position(index) + 1;
  start_index_ = index;
  start_term_ = *term;
  if (head_ * 2 >= entries_.size()) {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
    if (entries_.size() * 4 < entries_.capacity()) {
      entries_.shrink_to_fit();
    }
  }
}

void Log::reset(LogIndex index, Term term) {
  entries_.clear();
  entries_.shrink_to_fit();
  head_ = 0;
  start_index_ = index;
  start_term_ = term;
}

}  // namespace harka::raft
