// SPDX-License-Identifier: Apache-2.0
// What travels between nodes: a fixed 32-byte header, then the message as a flat Cap'n Proto
// message. The envelope stands in the header instead of in a second Cap'n Proto struct, which saves
// a copy and two pointers a message. Node ids do not travel: the connection proves the sender, and
// nobody can speak for another. Little endian; bodies are whole words, so every body stays aligned.
#pragma once

#include "base/bytes.hpp"
#include "base/limits.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace harka::net {

enum class FrameType : std::uint8_t {
  message = 0,
  hello = 1,        // link.capnp Hello: the dialer's first frame
  hello_reply = 2,  // link.capnp HelloReply: the listener's first frame
  credit = 3,       // correlation: message bytes that the receiver has taken since the start
  ping = 4,         // correlation: the sender's clock, echoed by
  pong = 5
};

struct FrameHeader {
  std::uint32_t body_bytes = 0;  // a multiple of 8
  std::uint32_t kind = 0;        // of the message: hash of its name, so versions agree on it
  std::uint32_t from_index = 0;
  std::uint32_t to_index = 0;
  std::uint8_t from_kind = 0;
  std::uint8_t to_kind = 0;
  FrameType type = FrameType::message;
  std::uint8_t reserved = 0;  // 0
  std::uint32_t epoch = 0;    // low half of the sender's epoch: frames of another are dropped
  std::uint64_t correlation = 0;

  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

static_assert(sizeof(FrameHeader) == 32);
static_assert(alignof(FrameHeader) == 8);

/// A received frame. The body shares the reader's buffer; let go of it before asking for space, or
/// the buffer cannot be used again.
struct Frame {
  FrameHeader header;
  SharedBytes body;
};

/// Cuts a byte stream into frames without copying them. One stream, one reader, one thread.
class FrameReader {
 public:
  enum class Next : std::uint8_t { frame, need_more, broken };

  struct Space {
    char* data;
    std::size_t size;
  };

  explicit FrameReader(std::size_t body_bytes_max = limits::frame_bytes_max)
      : body_bytes_max_(body_bytes_max) {}

  /// Larger bodies break the stream before a byte is allocated for them.
  void set_body_bytes_max(std::size_t bytes) { body_bytes_max_ = bytes; }

  /// Where the next bytes of the stream go; never empty. Only after `next` said `need_more`.
  Space space();
  /// `count` bytes were put there.
  void filled(std::size_t count);
  /// The next whole frame. After `broken` the stream is lost and `reason` says why.
  Next next(Frame& frame);

  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  static constexpr std::size_t capacity_min = 16 * 1024;
  static constexpr std::size_t capacity_max = 128 * 1024;
  static constexpr std::size_t lent_max = 3;
  struct Buffer;
  /// One that nobody holds any more, or a new one.
  std::shared_ptr<Buffer> buffer_of(std::size_t capacity);
  Next break_with(std::string reason);

  std::size_t body_bytes_max_;
  std::shared_ptr<Buffer> buffer_;            // shared with the frames cut from it
  std::deque<std::shared_ptr<Buffer>> lent_;  // older ones, the newest last
  std::size_t begin_ = 0;                     // of what is not cut yet
  std::size_t end_ = 0;                       // of what was received
  std::size_t wanted_ = 0;                    // bytes of the frame that is incomplete, 0: unknown
  std::size_t capacity_next_ = capacity_min;  // grows while reads fill the buffer
  std::string reason_;
};

}  // namespace harka::net
