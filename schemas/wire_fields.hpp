// SPDX-License-Identifier: Apache-2.0
// The fields of plain structs to Cap'n Proto's encoding and back, whatever their types are: what
// generated code is written with, included before its functions for single structs, which these
// templates find by their argument. Private to this folder.
#pragma once

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "schemas/wire_reader.hpp"
#include "schemas/wire_writer.hpp"

#include <string>
#include <type_traits>
#include <vector>

namespace harka::msg {

/// The size of a plain struct's own section: `static constexpr wire::StructSize size`.
template <typename T>
struct WireOf;

struct Limits {
  std::size_t items_max;
  std::size_t bytes_max;  // of each text or data
};

template <typename T>
constexpr bool is_bytes = std::is_same_v<T, std::string> || std::is_same_v<T, SharedBytes>;
template <typename T>
constexpr bool is_number = std::is_arithmetic_v<T> || std::is_enum_v<T>;

// How many words a field takes behind the section that it stands in.

constexpr std::size_t words_of_bytes(std::size_t bytes) {
  return (bytes + wire::word_bytes - 1) / wire::word_bytes;
}

inline std::size_t words_of(const std::string& text) {
  return text.empty() ? 0 : words_of_bytes(text.size() + 1);
}

inline std::size_t words_of(const SharedBytes& data) {
  return words_of_bytes(data.size());
}

template <typename T>
std::size_t words_of(const T& value) {
  return WireOf<T>::size.words() + words_behind(value);
}

template <typename T>
std::size_t words_of(const std::vector<T>& list) {
  if (list.empty()) return 0;
  if constexpr (is_number<T>) {
    return words_of_bytes(list.size() * sizeof(T));
  } else {
    std::size_t words = is_bytes<T> ? list.size() : 1;  // pointers, or a tag
    for (const T& item : list) words += words_of(item);
    return words;
  }
}

// What is empty stays a null pointer.

inline void write_field(const std::string& text, char* at, wire::Writer& writer) {
  if (text.empty()) return;
  const std::size_t bytes = text.size() + 1;
  std::memcpy(writer.numbers(at, bytes, wire::ElementSize::byte, bytes), text.c_str(), text.size());
}

inline void write_field(const SharedBytes& data, char* at, wire::Writer& writer) {
  if (data.empty()) return;
  const std::size_t bytes = data.size();
  std::memcpy(writer.numbers(at, bytes, wire::ElementSize::byte, bytes), data.data(), bytes);
}

template <typename T>
void write_field(const T& value, char* at, wire::Writer& writer) {
  write(value, writer.structure(at, WireOf<T>::size), writer);
}

template <typename T>
constexpr wire::ElementSize element_size() {
  switch (sizeof(T)) {
    case 1: return wire::ElementSize::byte;
    case 2: return wire::ElementSize::two_bytes;
    case 4: return wire::ElementSize::four_bytes;
    default: return wire::ElementSize::eight_bytes;
  }
}

template <typename T>
void write_field(const std::vector<T>& list, char* at, wire::Writer& writer) {
  if (list.empty()) return;
  if constexpr (is_number<T>) {
    const std::size_t bytes = list.size() * sizeof(T);
    std::memcpy(writer.numbers(at, list.size(), element_size<T>(), bytes), list.data(), bytes);
  } else if constexpr (is_bytes<T>) {
    char* pointer = writer.pointers(at, list.size());
    for (const T& item : list) {
      write_field(item, pointer, writer);
      pointer += wire::word_bytes;
    }
  } else {
    constexpr wire::StructSize size = WireOf<T>::size;
    char* element = writer.structures(at, list.size(), size);
    for (const T& item : list) {
      write(item, wire::StructSlot(element, size), writer);
      element += size.words() * wire::word_bytes;
    }
  }
}

// Reading gives false when the reader refused.

bool read_field(
    std::string& value, wire::PointerAt at, std::size_t bytes_max, wire::Reader& reader);
bool read_field(
    SharedBytes& value, wire::PointerAt at, std::size_t bytes_max, wire::Reader& reader);

template <typename Enum>
bool read_enum(Enum& value, Enum in, wire::Reader& reader) {
  if (static_cast<std::uint16_t>(in) >= count_of(in)) {
    return reader.refuse(Code::corrupt, "not a value this version knows");
  }
  value = in;
  return true;
}

template <typename T>
bool read_field(T& value, wire::PointerAt at, wire::Reader& reader) {
  wire::StructView view;
  return reader.structure(at, view) && read(value, view, reader);
}

/// One element of a list, which is a struct whose first field is the element.
template <typename T>
bool read_element(
    T& value, const wire::StructView& in, std::size_t bytes_max, wire::Reader& reader) {
  if constexpr (is_bytes<T>) {
    return read_field(value, in.pointer(0), bytes_max, reader);
  } else if constexpr (std::is_enum_v<T>) {
    return read_enum(value, in.number<T>(0), reader);
  } else if constexpr (is_number<T>) {
    value = in.number<T>(0);
    return true;
  } else {
    return read(value, in, reader);
  }
}

template <typename T>
constexpr wire::Sections sections_of_element() {
  if constexpr (is_number<T>) return {sizeof(T), 0};
  return {0, is_bytes<T> ? 1U : 0U};
}

template <typename T>
bool read_field(std::vector<T>& list, wire::PointerAt at, Limits limits, wire::Reader& reader) {
  wire::ListView view;
  if (!reader.list(at, sections_of_element<T>(), view)) return false;
  if (view.count > limits.items_max) return reader.refuse(Code::too_large, "too many items");
  list.resize(view.count);
  for (std::size_t index = 0; index < view.count; ++index) {
    if (!read_element(list[index], view[index], limits.bytes_max, reader)) return false;
  }
  return true;
}

}  // namespace harka::msg
