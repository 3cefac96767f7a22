// SPDX-License-Identifier: Apache-2.0
// Frames are gathered into chunks of 64 KiB, so a burst of small messages becomes one write and
// one TLS record run; the mutex is held for one copy.
#include "runtime/net/outbox.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace harka::net {

namespace {
constexpr std::size_t chunk_bytes = 64 * 1024;
// With an injected delay, frames this close together share a chunk and its due time.
constexpr Duration delay_grain = 500us;
// Pings, pongs and credit: a peer that lets so many of them wait reads nothing at all.
constexpr std::size_t internal_chunks_max = 64;
constexpr std::size_t take_bytes_max = 256 * 1024;  // in one write
}  // namespace

Outbox::Append Outbox::append(const FrameHeader& header, std::string_view body, Instant now) {
  ASSERT(header.body_bytes == body.size());
  const std::lock_guard lock(mutex_);
  const std::size_t size = sizeof header + body.size();
  // A single frame larger than the bound still passes through an empty outbox.
  if (!is_open_ || (counts_.bytes > 0 && counts_.bytes + size > bytes_max_)) {
    ++counts_.refused;
    return Append::refused;
  }
  ++counts_.appended;
  const Append result = append_to(messages_, header, body, now + delay_);
  messages_.back().credit_bytes += size;
  return result;
}

bool Outbox::append_internal(const FrameHeader& header, std::string_view body, Instant now) {
  const std::lock_guard lock(mutex_);
  if (!is_open_ || internal_.size() > internal_chunks_max) return false;
  (void)append_to(internal_, header, body, now + delay_);
  return true;
}

Outbox::Append Outbox::append_to(
    std::deque<Chunk>& queue, const FrameHeader& header, std::string_view body, Instant due) {
  const std::size_t size = sizeof header + body.size();
  Chunk& chunk = room_for(queue, size, due);
  std::memcpy(chunk.data.get() + chunk.size, &header, sizeof header);
  if (!body.empty()) {
    std::memcpy(chunk.data.get() + chunk.size + sizeof header, body.data(), body.size());
  }
  chunk.size += size;
  counts_.bytes += size;
  return std::exchange(is_writer_asleep_, false) ? Append::queued_wake : Append::queued;
}

Outbox::Chunk& Outbox::room_for(std::deque<Chunk>& queue, std::size_t bytes, Instant due) {
  if (!queue.empty()) {
    Chunk& last = queue.back();
    const bool same_time = delay_ == Duration::zero() || due - last.due < delay_grain;
    if (same_time && last.capacity - last.size >= bytes) return last;
  }
  Chunk chunk;
  if (spare_.data != nullptr && spare_.capacity >= bytes) {
    chunk = std::move(spare_);
    spare_ = Chunk{};
  } else {
    // A delayed link has many small chunks waiting; a large frame has a chunk of its own.
    const std::size_t usual = delay_ == Duration::zero() ? chunk_bytes : chunk_bytes / 8;
    chunk.capacity = std::max(usual, bytes);
    chunk.data.reset(new char[chunk.capacity]);
  }
  chunk.due = queue.empty() ? due : std::max(due, queue.back().due);
  queue.push_back(std::move(chunk));
  return queue.back();
}

Outbox::Counts Outbox::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Outbox::open() {
  const std::lock_guard lock(mutex_);
  ASSERT(counts_.bytes == 0);
  is_open_ = true;
  is_writer_asleep_ = false;
}

void Outbox::close() {
  const std::lock_guard lock(mutex_);
  is_open_ = false;
  internal_.clear();
  messages_.clear();
  counts_.bytes = 0;
}

void Outbox::set_delay(Duration delay) {
  const std::lock_guard lock(mutex_);
  delay_ = delay;
}

Outbox::Taken Outbox::take(std::size_t credit_bytes, Instant now) {
  Taken taken;
  std::size_t size = 0;
  const std::lock_guard lock(mutex_);
  for (std::deque<Chunk>* queue : {&internal_, &messages_}) {
    while (!queue->empty() && size < take_bytes_max) {
      Chunk& first = queue->front();
      if (first.due > now && delay_ != Duration::zero()) {
        taken.next_due = std::min(taken.next_due, first.due);
        break;
      }
      if (first.credit_bytes > 0 && taken.credit_bytes >= credit_bytes) break;
      size += first.size;
      taken.credit_bytes += first.credit_bytes;
      counts_.bytes -= first.size;
      taken.chunks.push_back(std::move(first));
      queue->pop_front();
    }
  }
  // Without credit or before a due time the loop wakes the writer itself; appends need not.
  is_writer_asleep_ = taken.chunks.empty() && messages_.empty();
  return taken;
}

void Outbox::recycle(Chunk chunk) {
  if (chunk.capacity != chunk_bytes) return;
  const std::lock_guard lock(mutex_);
  if (spare_.data != nullptr) return;
  chunk.size = 0;
  chunk.credit_bytes = 0;
  spare_ = std::move(chunk);
}

}  // namespace harka::net
