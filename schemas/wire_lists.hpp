// SPDX-License-Identifier: Apache-2.0
// Lists between std::vector and Cap'n Proto, whatever their elements are. Included by generated
// sources after the declarations for their structs. Private to this folder.
#pragma once

#include "base/assert.hpp"
#include "schemas/wire_support.hpp"

#include <type_traits>

namespace harka::msg {

template <typename T>
constexpr bool is_bytes = std::is_same_v<T, std::string> || std::is_same_v<T, SharedBytes>;

template <typename T>
unsigned list_size(const std::vector<T>& list) {
  ASSERT(list.size() < (1U << 29));  // Cap'n Proto's own bound
  return static_cast<unsigned>(list.size());
}

inline std::size_t text_list_words(const std::vector<std::string>& list) {
  std::size_t words = list.size();
  for (const std::string& text : list) words += text_words(text);
  return words;
}

inline std::size_t data_list_words(const std::vector<SharedBytes>& list) {
  std::size_t words = list.size();
  for (const SharedBytes& data : list) words += data_words(data);
  return words;
}

template <typename T>
std::size_t struct_list_words(const std::vector<T>& list) {
  if (list.empty()) return 0;
  std::size_t words = 1 + list.size() * WireOf<T>::words;
  for (const T& item : list) words += words_behind(item);
  return words;
}

template <typename T, typename Builder>
void write_list(const std::vector<T>& list, Builder out) {
  unsigned index = 0;
  for (const auto& item : list) {
    if constexpr (is_bytes<T>) {
      if (!item.empty()) out.set(index, wire_view(item));
    } else if constexpr (std::is_enum_v<T>) {
      out.set(index, static_cast<std::remove_cvref_t<decltype(out[0])>>(item));
    } else if constexpr (std::is_arithmetic_v<T>) {
      out.set(index, item);
    } else {
      write(item, out[index]);
    }
    ++index;
  }
}

template <typename T, typename Reader>
void read_list(
    std::vector<T>& list, Reader in, Limits limits, const char* field, Reading& reading) {
  if (in.size() > limits.items_max) return reading.refuse(Code::too_large, field);
  list.resize(in.size());
  for (unsigned index = 0; index < in.size() && reading.outcome.ok(); ++index) {
    if constexpr (is_bytes<T>) {
      read_bytes(list[index], in[index], limits.bytes_max, field, reading);
    } else if constexpr (std::is_enum_v<T>) {
      read_enum(list[index], in[index], limits.bytes_max, field, reading);
    } else if constexpr (std::is_arithmetic_v<T>) {
      list[index] = in[index];
    } else {
      read(list[index], in[index], reading);
    }
  }
}

}  // namespace harka::msg
