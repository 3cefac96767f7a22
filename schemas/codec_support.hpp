// SPDX-License-Identifier: Apache-2.0
// What the generated codec is written with. Included by it alone.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "schemas/codec.hpp"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

namespace harka::msg::codec {

inline capnp::Text::Reader text_of(const std::string& text) {
  return capnp::Text::Reader(text.c_str(), text.size());
}

inline capnp::Data::Reader data_of(const SharedBytes& bytes) {
  return capnp::Data::Reader(reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size());
}

inline void check_items(std::size_t count, std::size_t count_max) {
  KJ_REQUIRE(count <= count_max, "a list is longer than its declared limit", count, count_max);
}

inline std::string string_from(capnp::Text::Reader text, std::size_t bytes_max) {
  KJ_REQUIRE(text.size() <= bytes_max, "a text is longer than its declared limit", text.size());
  return std::string(text.begin(), text.size());
}

/// Data fields as slices of the frame that they came in.
class Slices {
 public:
  explicit Slices(std::shared_ptr<const void> owner) : owner_(std::move(owner)) {}

  [[nodiscard]] SharedBytes take(capnp::Data::Reader data, std::size_t bytes_max) const {
    KJ_REQUIRE(data.size() <= bytes_max, "data is longer than its declared limit", data.size());
    return SharedBytes(
        owner_, std::string_view(reinterpret_cast<const char*>(data.begin()), data.size()));
  }

 private:
  std::shared_ptr<const void> owner_;
};

/// A reusable first segment: Cap'n Proto wants it zeroed, and zeroes again only what was used.
struct Scratch {
  static constexpr std::size_t words = 2048;
  kj::Array<capnp::word> first = kj::heapArray<capnp::word>(words);
  Scratch() { std::memset(first.begin(), 0, first.asBytes().size()); }
};

template <typename Wire, typename Fill>
SharedBytes encode_with(Fill&& fill) {
  static thread_local Scratch scratch;
  capnp::MallocMessageBuilder builder(scratch.first);
  fill(builder.initRoot<Wire>());
  const auto segments = builder.getSegmentsForOutput();
  const std::size_t bytes = capnp::computeSerializedSizeInWords(segments) * sizeof(capnp::word);
  // Word-aligned because operator new is; filled completely by the writes below.
  std::shared_ptr<char[]> owner(new char[bytes]);
  kj::ArrayOutputStream out(kj::arrayPtr(reinterpret_cast<kj::byte*>(owner.get()), bytes));
  capnp::writeMessage(out, segments);
  const std::string_view view(owner.get(), bytes);
  return SharedBytes(std::shared_ptr<const void>(owner, owner.get()), view);
}

/// The bytes, moved to a word boundary if they are not on one.
inline SharedBytes aligned(const SharedBytes& bytes) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % sizeof(capnp::word) == 0) return bytes;
  std::shared_ptr<char[]> copy(new char[bytes.size()]);
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  const std::string_view view(copy.get(), bytes.size());
  return SharedBytes(std::shared_ptr<const void>(copy, copy.get()), view);
}

template <typename Wire, typename Plain, typename Read>
Result<Plain> decode_with(const SharedBytes& untrusted, Read&& read_fields) {
  if (untrusted.size() % sizeof(capnp::word) != 0 || untrusted.empty()) {
    return Error{Code::corrupt, "a message is not a whole number of words"};
  }
  const SharedBytes bytes = aligned(untrusted);
  const std::size_t words = bytes.size() / sizeof(capnp::word);
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 4 * words + 64;
  options.nestingLimit = 16;
  Plain plain{};
  // Cap'n Proto reports by exception; the border is here.
  auto failure = kj::runCatchingExceptions([&] {
    capnp::FlatArrayMessageReader reader(
        kj::arrayPtr(reinterpret_cast<const capnp::word*>(bytes.data()), words), options);
    read_fields(reader.getRoot<Wire>(), plain, Slices(bytes.owner()));
  });
  KJ_IF_MAYBE(exception, failure) {
    return Error{Code::corrupt, exception->getDescription().cStr()};
  }
  return plain;
}

template <typename T>
Result<Message> as_message(Result<T> decoded) {
  if (!decoded.ok()) return decoded.error();
  return Message(std::move(decoded).value());
}

}  // namespace harka::msg::codec
