// SPDX-License-Identifier: Apache-2.0
// Replies in the order of their commands, whatever order they come in. A reply whose turn it is
// goes straight to the output; others keep a reference to the bytes they came in.
#pragma once

#include "base/assert.hpp"
#include "base/bytes.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace harka::gateway {

class ReplyQueue {
 public:
  /// The position of the next command.
  [[nodiscard]] std::uint64_t reserve() {
    if (tail_ - head_ == ring_.size()) grow();
    return tail_++;
  }

  void complete(
      std::uint64_t position, const SharedBytes& bytes, std::size_t offset, std::size_t size) {
    if (position == head_) {
      output_.append(bytes.view().substr(offset, size));
      advance();
    } else {
      park(position, bytes.slice(offset, size));
    }
  }

  void complete(std::uint64_t position, std::string_view reply) {
    if (position == head_) {
      output_.append(reply);
      advance();
    } else {
      park(position, SharedBytes::copy_of(reply));
    }
  }

  [[nodiscard]] std::size_t pending() const { return static_cast<std::size_t>(tail_ - head_); }

  [[nodiscard]] std::string& output() { return output_; }

  [[nodiscard]] const std::string& output() const { return output_; }

 private:
  struct Parked {
    SharedBytes reply;
    bool is_there = false;
  };

  [[nodiscard]] Parked& at(std::uint64_t position) { return ring_[position & (ring_.size() - 1)]; }

  void park(std::uint64_t position, SharedBytes reply) {
    ASSERT(position > head_ && position < tail_);
    Parked& parked = at(position);
    ASSERT(!parked.is_there);
    parked.reply = std::move(reply);
    parked.is_there = true;
  }

  void advance() {
    ASSERT(head_ < tail_);
    for (++head_; head_ < tail_ && at(head_).is_there; ++head_) {
      Parked& parked = at(head_);
      output_.append(parked.reply.view());
      parked = Parked{};
    }
  }

  void grow() {
    std::vector<Parked> larger(ring_.empty() ? 16 : ring_.size() * 2);
    for (std::uint64_t position = head_; position < tail_; ++position) {
      larger[position & (larger.size() - 1)] = std::move(at(position));
    }
    ring_.swap(larger);
  }

  std::vector<Parked> ring_;  // a power of two
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 0;
  std::string output_;
};

}  // namespace harka::gateway
