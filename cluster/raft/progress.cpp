// SPDX-License-Identifier: Apache-2.0
// See progress.hpp.
#include "cluster/raft/progress.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace harka::raft {

void InFlight::add(LogIndex last_index, std::size_t message_bytes) {
  ASSERT(count() == 0 || sent_.back().last_index < last_index);
  sent_.push_back({last_index, message_bytes});
  bytes_ += message_bytes;
}

void InFlight::acknowledge(LogIndex index) {
  while (count() > 0 && sent_[head_].last_index <= index) {
    bytes_ -= sent_[head_].bytes;
    ++head_;
  }
  if (head_ * 2 >= sent_.size()) {
    sent_.erase(sent_.begin(), sent_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

void InFlight::clear() {
  sent_.clear();
  head_ = 0;
  bytes_ = 0;
}

void Progress::matched(LogIndex index) {
  match = std::max(match, index);
  next = std::max(next, match + 1);
  in_flight.acknowledge(index);
}

void Progress::probe_from(LogIndex index) {
  ASSERT(index > 0);
  state = State::probe;
  probe_sent = false;
  next = index;
  in_flight.clear();
  chunk = Chunk::idle;
}

void Progress::need_snapshot() {
  state = State::snapshot;
  in_flight.clear();
  snapshot_index = 0;
  snapshot_sequence = 0;
  chunk = Chunk::idle;
}

}  // namespace harka::raft
