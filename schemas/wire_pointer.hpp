// SPDX-License-Identifier: Apache-2.0
// A pointer of Cap'n Proto's encoding (capnproto.org/encoding.html): one little endian word that
// says where a struct or a list lies and how large it is. Private to this folder.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace harka::wire {

static_assert(std::endian::native == std::endian::little);

inline constexpr std::size_t word_bytes = 8;
/// Of elements in a list; also our bound on words in a segment, so that every offset has room.
inline constexpr std::size_t count_max = (1U << 29U) - 1;

/// Both at any address: bodies may lie unaligned.
template <typename T>
[[nodiscard]] T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

template <typename T>
void store(char* at, T value) {
  std::memcpy(at, &value, sizeof(value));
}

/// The unsigned number that has the bits of a number or an enum.
template <std::size_t bytes>
struct Unsigned;

template <>
struct Unsigned<1> {
  using Type = std::uint8_t;
};

template <>
struct Unsigned<2> {
  using Type = std::uint16_t;
};

template <>
struct Unsigned<4> {
  using Type = std::uint32_t;
};

template <>
struct Unsigned<8> {
  using Type = std::uint64_t;
};

template <typename T>
using BitsOf = typename Unsigned<sizeof(T)>::Type;

/// How large a struct's two sections are: its numbers first, then its pointers.
struct StructSize {
  std::uint16_t data_words = 0;
  std::uint16_t pointers = 0;

  [[nodiscard]] constexpr std::size_t words() const { return std::size_t{data_words} + pointers; }
};

enum class ElementSize : std::uint8_t {
  nothing = 0,
  bit = 1,
  byte = 2,
  two_bytes = 3,
  four_bytes = 4,
  eight_bytes = 5,
  pointer = 6,
  composite = 7  // structs behind a tag that says how many and how large
};

class Pointer {
 public:
  enum class Kind : std::uint8_t { structure = 0, list = 1, far = 2, other = 3 };

  constexpr explicit Pointer(std::uint64_t word) : word_(word) {}

  /// `offset` counts words from the end of the pointer to its target.
  [[nodiscard]] static constexpr Pointer to_struct(std::int64_t offset, StructSize size) {
    return Pointer(
        low_half(offset, Kind::structure) | std::uint64_t{size.data_words} << 32U |
        std::uint64_t{size.pointers} << 48U);
  }

  /// `count` is in elements; for `composite` in words without the tag.
  [[nodiscard]] static constexpr Pointer to_list(
      std::int64_t offset, ElementSize size, std::size_t count) {
    return Pointer(
        low_half(offset, Kind::list) | static_cast<std::uint64_t>(size) << 32U |
        std::uint64_t{count} << 35U);
  }

  /// The tag before the elements of a composite list: a struct pointer with a count for its offset.
  [[nodiscard]] static constexpr Pointer tag(std::size_t count, StructSize size) {
    return to_struct(static_cast<std::int64_t>(count), size);
  }

  [[nodiscard]] constexpr std::uint64_t word() const { return word_; }

  [[nodiscard]] constexpr bool is_null() const { return word_ == 0; }

  [[nodiscard]] constexpr Kind kind() const { return static_cast<Kind>(word_ & 3U); }

  [[nodiscard]] constexpr std::int64_t offset() const {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(word_)) >> 2U;
  }

  [[nodiscard]] constexpr std::uint32_t tag_count() const {
    return static_cast<std::uint32_t>(word_) >> 2U & 0x1FFFFFFFU;
  }

  [[nodiscard]] constexpr StructSize struct_size() const {
    return {static_cast<std::uint16_t>(word_ >> 32U), static_cast<std::uint16_t>(word_ >> 48U)};
  }

  [[nodiscard]] constexpr ElementSize element_size() const {
    return static_cast<ElementSize>(word_ >> 32U & 7U);
  }

  [[nodiscard]] constexpr std::uint32_t element_count() const {
    return static_cast<std::uint32_t>(word_ >> 35U);
  }

 private:
  static constexpr std::uint64_t low_half(std::int64_t offset, Kind kind) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(offset) << 2U) |
           static_cast<std::uint64_t>(kind);
  }

  std::uint64_t word_;
};

}  // namespace harka::wire
