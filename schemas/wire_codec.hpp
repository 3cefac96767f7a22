// SPDX-License-Identifier: Apache-2.0
// Whole messages, for every plain struct: the templates behind codec.hpp. Private to this folder.
//
// The bytes are a segment table (one word: one segment, and its size) and the segment. Encoding
// computes the exact size first and builds in place: one allocation and one copy.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "schemas/wire_fields.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace harka::msg {

/// What lies before and at the top of a message: its segment table and the root pointer.
inline constexpr std::size_t words_around = 2;

/// Into `words` words at `begin`, all that `value` takes.
template <typename T>
std::string_view encode_at(const T& value, std::uint64_t* begin, std::size_t words) {
  begin[0] = std::uint64_t{words - 1} << 32U;  // no further segments; the size of this one
  wire::Writer writer(reinterpret_cast<char*>(begin + 1), words - 1);
  write(value, writer.root(WireOf<T>::size), writer);
  ASSERT(writer.is_full());
  return {reinterpret_cast<const char*>(begin), words * wire::word_bytes};
}

template <typename T>
SharedBytes encode_struct(const T& value) {
  const std::size_t words = words_around + words_of(value);
  auto memory = std::make_shared_for_overwrite<std::uint64_t[]>(words);
  const std::string_view bytes = encode_at(value, memory.get(), words);
  return SharedBytes(std::move(memory), bytes);
}

/// As encode_struct, into memory that the caller keeps: no allocation once it has grown.
template <typename T>
std::string_view encode_struct_into(const T& value, std::vector<std::uint64_t>& scratch) {
  const std::size_t words = words_around + words_of(value);
  if (scratch.size() < words) scratch.resize(words);
  return encode_at(value, scratch.data(), words);
}

template <typename T>
Result<void> decode_struct_into(const SharedBytes& body, T& value) {
  wire::Reader reader(body);
  wire::StructView root;
  if (reader.root(root) && read(value, root, reader)) return {};
  return reader.refusal();
}

template <typename T>
Result<T> decode_struct(const SharedBytes& body) {
  Result<T> result{T{}};
  const Result<void> outcome = decode_struct_into(body, result.value());
  if (!outcome) return outcome.error();
  return result;
}

}  // namespace harka::msg
