// SPDX-License-Identifier: Apache-2.0
// Writes Cap'n Proto's encoding into memory of the message's exact size. Private to this folder.
//
// Everything is laid out front to back in the order in which it is written, each struct or list
// before what it points to, as Cap'n Proto's own builder does: equal messages have equal bytes, and
// they are the library's. Only what is not overwritten anyway is cleared.
#pragma once

#include "base/assert.hpp"
#include "schemas/wire_pointer.hpp"

#include <string_view>

namespace harka::wire {

/// A cleared struct of the message.
class StructSlot {
 public:
  StructSlot(char* begin, StructSize size)
      : begin_(begin), pointers_(begin + size.data_words * word_bytes) {}

  /// `default_bits` are flipped, so that zero stands for the default.
  template <typename T>
  void set(std::size_t at_byte, T value, std::uint64_t default_bits = 0) const {
    const auto bits = std::bit_cast<BitsOf<T>>(value);
    store(begin_ + at_byte, static_cast<BitsOf<T>>(bits ^ static_cast<BitsOf<T>>(default_bits)));
  }

  void set_flag(std::size_t at_bit, bool value, bool otherwise) const {
    char* const byte = begin_ + at_bit / 8;
    const unsigned bit = value != otherwise ? 1U << at_bit % 8 : 0U;
    store(byte, static_cast<std::uint8_t>(load<std::uint8_t>(byte) | bit));
  }

  [[nodiscard]] char* pointer(std::size_t index) const { return pointers_ + index * word_bytes; }

 private:
  char* begin_;
  char* pointers_;
};

class Writer {
 public:
  /// Into all of these words.
  Writer(char* segment, std::size_t words) : next_(segment), end_(segment + words * word_bytes) {
    ASSERT(words <= count_max);
  }

  StructSlot root(StructSize size) { return structure(allocate(1), size); }

  StructSlot structure(char* at, StructSize size) {
    if (size.words() == 0) {
      store(at, Pointer::to_struct(-1, size).word());  // an offset of 0 would be the null pointer
      return {at, size};
    }
    store(at, Pointer::to_struct(offset_from(at), size).word());
    return {cleared(size.words()), size};
  }

  /// The first of `count` cleared structs, one behind the other.
  char* structures(char* at, std::size_t count, StructSize size) {
    const std::size_t words = count * size.words();
    set_list(at, ElementSize::composite, words);
    ASSERT(count <= count_max);
    store(allocate(1), Pointer::tag(count, size).word());
    return cleared(words);
  }

  /// The first of `count` null pointers.
  char* pointers(char* at, std::size_t count) {
    set_list(at, ElementSize::pointer, count);
    return cleared(count);
  }

  /// `count` elements of this size, to be written; the rest of the last word is cleared.
  char* numbers(char* at, std::size_t count, ElementSize size, std::size_t bytes) {
    set_list(at, size, count);
    const std::size_t words = (bytes + word_bytes - 1) / word_bytes;
    char* const begin = allocate(words);
    if (words > 0) store(begin + (words - 1) * word_bytes, std::uint64_t{0});
    return begin;
  }

  [[nodiscard]] bool is_full() const { return next_ == end_; }

 private:
  /// Of a list that comes next.
  void set_list(char* at, ElementSize size, std::size_t count) {
    ASSERT(count <= count_max);
    store(at, Pointer::to_list(offset_from(at), size, count).word());
  }

  [[nodiscard]] std::int64_t offset_from(const char* at) const {
    return (next_ - at) / static_cast<std::int64_t>(word_bytes) - 1;
  }

  char* allocate(std::size_t words) {
    ASSERT(words <= static_cast<std::size_t>(end_ - next_) / word_bytes);
    char* const begin = next_;
    next_ += words * word_bytes;
    return begin;
  }

  char* cleared(std::size_t words) {
    char* const begin = allocate(words);
    std::memset(begin, 0, words * word_bytes);
    return begin;
  }

  char* next_;
  char* end_;
};

}  // namespace harka::wire
