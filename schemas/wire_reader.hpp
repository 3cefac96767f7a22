// SPDX-License-Identifier: Apache-2.0
// Reads Cap'n Proto's encoding out of one frame, without a copy and without trust. Private to this
// folder.
//
// The model: a pointer is followed by Reader alone, which checks that its whole target lies in the
// segment and charges the target's words to a budget; what it gives out (views, bytes) needs no
// more checks. A section that ends before a field (an older sender) or a null pointer reads as the
// default; what lies behind the last known field (a newer sender) is not looked at. Schemas are not
// recursive, so nesting needs no bound of its own.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "schemas/wire_pointer.hpp"

#include <string>
#include <string_view>

namespace harka::wire {

/// Where a pointer stands in the frame; null: the sender has no such field.
using PointerAt = const char*;

/// What one struct, or each element of a list, has; a list of numbers is one of structs with one
/// field.
struct Sections {
  std::uint32_t data_bytes = 0;
  std::uint32_t pointers = 0;
};

/// A struct within its frame.
class StructView {
 public:
  StructView() = default;

  StructView(const char* begin, Sections sections) : begin_(begin), sections_(sections) {}

  /// Of a number or an enum, stored with its default's bits flipped so that zero is the default.
  template <typename T>
  [[nodiscard]] T number(std::size_t at_byte, std::uint64_t default_bits = 0) const {
    using Bits = BitsOf<T>;
    const bool is_there = at_byte + sizeof(T) <= sections_.data_bytes;
    const Bits stored = is_there ? load<Bits>(begin_ + at_byte) : Bits{0};
    return std::bit_cast<T>(static_cast<Bits>(stored ^ static_cast<Bits>(default_bits)));
  }

  [[nodiscard]] bool flag(std::size_t at_bit, bool otherwise) const {
    if (at_bit / 8 >= sections_.data_bytes) return otherwise;
    return ((load<std::uint8_t>(begin_ + at_bit / 8) >> at_bit % 8 & 1U) != 0) != otherwise;
  }

  [[nodiscard]] PointerAt pointer(std::size_t index) const {
    if (index >= sections_.pointers) return nullptr;
    return begin_ + sections_.data_bytes + index * word_bytes;
  }

 private:
  const char* begin_ = nullptr;
  Sections sections_;
};

/// A list within its frame. Its elements may be larger than this version knows.
struct ListView {
  const char* begin = nullptr;
  std::uint32_t count = 0;
  std::uint32_t step_bytes = 0;
  Sections sections;

  /// index < count
  [[nodiscard]] StructView operator[](std::size_t index) const {
    return {begin + index * step_bytes, sections};
  }
};

/// Each function is false when it refused; then `refusal` says why, and nothing more may be read.
class Reader {
 public:
  /// The frame outlives the reader.
  explicit Reader(const SharedBytes& frame);

  [[nodiscard]] bool root(StructView& out);
  [[nodiscard]] bool structure(PointerAt at, StructView& out);
  /// Of elements that have at least these sections.
  [[nodiscard]] bool list(PointerAt at, Sections least, ListView& out);
  [[nodiscard]] bool data(PointerAt at, std::string_view& out);
  [[nodiscard]] bool text(PointerAt at, std::string_view& out);

  /// Always false. Names the field in which it happened from the inside out: the path to it.
  bool refuse(Code code, const char* reason);
  bool blame(const char* field);

  [[nodiscard]] const SharedBytes& frame() const { return frame_; }

  [[nodiscard]] Error refusal() const;

 private:
  bool follow(PointerAt at, Pointer pointer, Pointer::Kind wanted, std::size_t& target);
  bool claim(std::size_t target, std::size_t words);
  bool spend(std::size_t words);
  bool flat_list(Pointer pointer, std::size_t target, ListView& out);
  bool composite_list(Pointer pointer, std::size_t target, ListView& out);

  const SharedBytes& frame_;
  const char* segment_ = nullptr;
  std::size_t words_ = 0;
  std::size_t budget_words_ = 0;
  Code code_{};
  const char* reason_ = "";
  std::string path_;
};

}  // namespace harka::wire
