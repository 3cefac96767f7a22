// SPDX-License-Identifier: Apache-2.0
// Buffers are not zeroed (that costs more than reading them) and are reused when no frame that
// was cut from them is still held.
#include "runtime/net/frame.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <utility>

namespace harka::net {

static_assert(std::endian::native == std::endian::little, "the header is written as it lies");

struct FrameReader::Buffer {
  explicit Buffer(std::size_t bytes)
      : words(new std::uint64_t[(bytes + 7) / 8]), capacity((bytes + 7) / 8 * 8) {}

  [[nodiscard]] char* data() const { return reinterpret_cast<char*>(words.get()); }

  std::unique_ptr<std::uint64_t[]> words;
  std::size_t capacity;
};

FrameReader::Space FrameReader::space() {
  const std::size_t left = end_ - begin_;
  const std::size_t needed = std::max(wanted_, left + sizeof(FrameHeader));
  const bool is_shared = buffer_ != nullptr && buffer_.use_count() > 1;
  // The last holder's reads come before what is written here from now on.
  if (!is_shared) std::atomic_thread_fence(std::memory_order_acquire);
  const bool fits = buffer_ != nullptr && begin_ + needed <= buffer_->capacity;
  if (buffer_ == nullptr || !fits || (is_shared && left == 0)) {
    const std::size_t capacity = std::max(capacity_next_, needed);
    if (buffer_ != nullptr && !is_shared && buffer_->capacity >= capacity) {
      std::memmove(buffer_->data(), buffer_->data() + begin_, left);
    } else {
      auto next = buffer_of(capacity);
      if (left > 0) std::memcpy(next->data(), buffer_->data() + begin_, left);
      if (is_shared && buffer_->capacity <= capacity_max) lent_.push_back(std::move(buffer_));
      if (lent_.size() > lent_max) lent_.pop_front();
      buffer_ = std::move(next);
    }
    begin_ = 0;
    end_ = left;
  } else if (!is_shared && left == 0) {
    begin_ = 0;
    end_ = 0;
  }
  ASSERT(end_ < buffer_->capacity);
  return {buffer_->data() + end_, buffer_->capacity - end_};
}

// Receivers let go of messages soon, so a buffer is usually free again two or three reads later.
std::shared_ptr<FrameReader::Buffer> FrameReader::buffer_of(std::size_t capacity) {
  for (auto each = lent_.begin(); each != lent_.end(); ++each) {
    if (each->use_count() > 1 || (*each)->capacity != capacity) continue;
    std::atomic_thread_fence(std::memory_order_acquire);
    auto free = std::move(*each);
    lent_.erase(each);
    return free;
  }
  return std::make_shared<Buffer>(capacity);
}

void FrameReader::filled(std::size_t count) {
  ASSERT(buffer_ != nullptr && count <= buffer_->capacity - end_);
  end_ += count;
  if (end_ == buffer_->capacity) capacity_next_ = std::min(capacity_next_ * 2, capacity_max);
}

FrameReader::Next FrameReader::next(Frame& frame) {
  if (!reason_.empty()) return Next::broken;
  const std::size_t left = end_ - begin_;
  wanted_ = sizeof(FrameHeader);
  if (left < wanted_) return Next::need_more;
  const char* start = buffer_->data() + begin_;
  std::memcpy(&frame.header, start, sizeof(FrameHeader));
  const FrameHeader& header = frame.header;
  if (header.body_bytes > body_bytes_max_) {
    return break_with(
        "a frame of " + std::to_string(header.body_bytes) + " bytes, allowed are " +
        std::to_string(body_bytes_max_));
  }
  if (header.body_bytes % 8 != 0 || header.reserved != 0 || header.type > FrameType::pong) {
    return break_with("not a frame header: the peer does not speak this protocol");
  }
  wanted_ += header.body_bytes;
  if (left < wanted_) return Next::need_more;
  frame.body.assign(buffer_, {start + sizeof(FrameHeader), header.body_bytes});
  begin_ += wanted_;
  wanted_ = 0;
  return Next::frame;
}

FrameReader::Next FrameReader::break_with(std::string reason) {
  reason_ = std::move(reason);
  return Next::broken;
}

}  // namespace harka::net
