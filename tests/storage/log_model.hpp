// SPDX-License-Identifier: Apache-2.0
// What a log must remember, as simply as it can be said: the requests, and how many of them were
// acknowledged. Any state between "the acknowledged ones" and "all of them" is right after a crash.
#pragma once

#include "base/random.hpp"
#include "schemas/durable.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace harka::testing {

/// One group's content by the rules of schemas/durable.capnp.
struct GroupState {
  msg::HardState hard_state;
  LogIndex start_index = 0;
  Term start_term = 0;
  std::vector<msg::Entry> entries;

  [[nodiscard]] LogIndex last() const { return start_index + entries.size(); }

  friend bool operator==(const GroupState&, const GroupState&) = default;

  /// One step for each part of a request that may become durable alone.
  void set_start(const msg::AppendLog& request) {
    if (request.drops_suffix || request.start_index >= last()) {
      entries.clear();
    } else if (request.start_index > start_index) {
      const auto count = static_cast<std::ptrdiff_t>(request.start_index - start_index);
      entries.erase(entries.begin(), entries.begin() + count);
    }
    start_index = request.start_index;
    start_term = request.start_term;
  }

  void put(const msg::Entry& entry) {
    entries.resize(entry.index - start_index - 1);
    entries.push_back(entry);
  }
};

[[nodiscard]] inline GroupState state_of(const msg::GroupRecovered& recovered) {
  return GroupState{
      recovered.hard_state, recovered.start_index, recovered.start_term, recovered.entries};
}

/// Every state that one group went through since the last acknowledgement, oldest first.
class GroupHistory {
 public:
  [[nodiscard]] const GroupState& newest() const { return states_.back(); }

  void append(const msg::AppendLog& request) {
    if (request.has_hard_state) next().hard_state = request.hard_state;
    if (request.has_start) next().set_start(request);
    for (const msg::Entry& entry : request.entries) next().put(entry);
  }

  void drop() { next() = GroupState{}; }

  void acknowledge() { states_ = {states_.back()}; }

  /// After a crash `state` is what there is; false if it never was.
  [[nodiscard]] bool resume_at(const GroupState& state) {
    for (std::size_t i = states_.size(); i > 0; --i) {
      if (states_[i - 1] == state) {
        states_ = {state};
        return true;
      }
    }
    return false;
  }

 private:
  GroupState& next() {
    states_.push_back(states_.back());
    return states_.back();
  }

  std::vector<GroupState> states_{GroupState{}};
};

/// A random request that continues `state` as raft would.
inline msg::AppendLog random_request(
    std::uint32_t group, const GroupState& state, std::size_t payload_max, Random& random) {
  msg::AppendLog request;
  request.group = group;
  const Term term = std::max(state.hard_state.term, state.start_term) + random.below(2);
  if (random.chance(0.3)) {
    request.has_hard_state = true;
    request.hard_state = msg::HardState{term, random.below(5)};
  }
  LogIndex next = state.last() + 1;
  if (random.chance(0.2)) {
    request.has_start = true;
    request.drops_suffix = random.chance(0.2);
    const LogIndex spread = state.entries.size() + (request.drops_suffix ? 50 : 0) + 1;
    request.start_index = state.start_index + random.below(spread);
    request.start_term = term;
    if (request.drops_suffix) next = request.start_index + 1;
  }
  const LogIndex start = request.has_start ? request.start_index : state.start_index;
  if (random.chance(0.15) && next > start + 1) next -= random.below(next - start);
  next = std::max(next, start + 1);
  for (std::uint64_t count = random.below(5); count > 0; --count) {
    msg::Entry entry;
    entry.index = next++;
    entry.term = term;
    entry.type = random.chance(0.9) ? msg::EntryType::command : msg::EntryType::config;
    std::string payload(random.below(payload_max + 1), '\0');
    for (char& c : payload) c = static_cast<char>(random.next());
    entry.data = SharedBytes(std::move(payload));
    request.entries.push_back(std::move(entry));
  }
  return request;
}

}  // namespace harka::testing
