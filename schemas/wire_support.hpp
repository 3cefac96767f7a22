// SPDX-License-Identifier: Apache-2.0
// What the generated translation between structs and Cap'n Proto is built from. Private to this
// folder: it shows Cap'n Proto.
//
// Encoding computes the exact size first and builds in place: one allocation, one clearing and one
// copy, where a growing builder would need two copies and a walk over segments.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace harka::msg {

/// The Cap'n Proto struct of a plain struct, and how many words its own section takes.
template <typename T>
struct WireOf;

/// One decoding: the frame that Data fields share, and the first limit that was broken.
struct Reading {
  const SharedBytes& frame;
  Result<void> outcome;

  void refuse(Code code, const char* field);
};

struct Limits {
  std::size_t items_max;
  std::size_t bytes_max;  // of each text or data; for enums the number of enumerators
};

constexpr std::size_t words_of_bytes(std::size_t bytes) {
  return (bytes + 7) / 8;
}

inline std::size_t text_words(const std::string& text) {
  return text.empty() ? 0 : words_of_bytes(text.size() + 1);
}

inline std::size_t data_words(const SharedBytes& data) {
  return words_of_bytes(data.size());
}

constexpr std::size_t number_list_words(std::size_t count, std::size_t bits) {
  return (count * bits + 63) / 64;
}

inline capnp::Text::Reader wire_view(const std::string& text) {
  return capnp::Text::Reader(text.c_str(), text.size());
}

inline capnp::Data::Reader wire_view(const SharedBytes& data) {
  return capnp::Data::Reader(reinterpret_cast<const kj::byte*>(data.data()), data.size());
}

void read_bytes(
    std::string& value,
    capnp::Text::Reader in,
    std::size_t bytes_max,
    const char* field,
    Reading& reading);
void read_bytes(
    SharedBytes& value,
    capnp::Data::Reader in,
    std::size_t bytes_max,
    const char* field,
    Reading& reading);

template <typename Enum, typename WireEnum>
void read_enum(Enum& value, WireEnum in, std::size_t count, const char* field, Reading& reading) {
  if (static_cast<std::size_t>(in) >= count) return reading.refuse(Code::corrupt, field);
  value = static_cast<Enum>(in);
}

/// A cleared flat message of one segment with `words` words, behind its segment table.
class FlatMessage {
 public:
  explicit FlatMessage(std::size_t words);
  [[nodiscard]] kj::ArrayPtr<capnp::word> segment();
  [[nodiscard]] SharedBytes take() &&;

 private:
  std::shared_ptr<std::uint64_t[]> words_;
  std::size_t count_;
};

/// The segment of a cleared flat message in `scratch`, behind its segment table.
[[nodiscard]] kj::ArrayPtr<capnp::word> cleared_segment(
    std::vector<std::uint64_t>& scratch, std::size_t words);

[[nodiscard]] inline bool is_aligned(const SharedBytes& body) {
  return reinterpret_cast<std::uintptr_t>(body.data()) % sizeof(std::uint64_t) == 0;
}

/// The frame's bytes where Cap'n Proto can read them: a copy when they are not aligned.
[[nodiscard]] SharedBytes aligned(const SharedBytes& body);
/// Runs `read_root` over the frame and turns what Cap'n Proto throws into an Error.
[[nodiscard]] Result<void> read_frame(
    const SharedBytes& frame,
    void* value,
    void (*read_root)(void* value, capnp::MessageReader& reader, Reading& reading));

template <typename T>
SharedBytes encode_struct(const T& value) {
  FlatMessage message(1 + WireOf<T>::words + words_behind(value));
  capnp::FlatMessageBuilder builder(message.segment());
  write(value, builder.initRoot<typename WireOf<T>::Type>());
  builder.requireFilled();
  return std::move(message).take();
}

/// As encode_struct, into memory that the caller keeps: no allocation once it has grown.
template <typename T>
std::string_view encode_struct_into(const T& value, std::vector<std::uint64_t>& scratch) {
  const std::size_t words = 1 + WireOf<T>::words + words_behind(value);
  capnp::FlatMessageBuilder builder(cleared_segment(scratch, words));
  write(value, builder.initRoot<typename WireOf<T>::Type>());
  builder.requireFilled();
  return {reinterpret_cast<const char*>(scratch.data()), (words + 1) * sizeof(std::uint64_t)};
}

template <typename T>
Result<void> decode_struct_into(const SharedBytes& body, T& value) {
  const auto read_root = [](void* target, capnp::MessageReader& reader, Reading& reading) {
    read(*static_cast<T*>(target), reader.getRoot<typename WireOf<T>::Type>(), reading);
  };
  if (is_aligned(body)) return read_frame(body, &value, read_root);
  return read_frame(aligned(body), &value, read_root);
}

template <typename T>
Result<T> decode_struct(const SharedBytes& body) {
  T value;
  const Result<void> outcome = decode_struct_into(body, value);
  if (!outcome) return outcome.error();
  return value;
}

}  // namespace harka::msg
