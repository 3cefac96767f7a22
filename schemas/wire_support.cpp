// SPDX-License-Identifier: Apache-2.0
#include "schemas/wire_support.hpp"

#include <kj/exception.h>

namespace harka::msg {

namespace {

constexpr std::size_t word_bytes = 8;
constexpr int nesting_max = 16;
/// Data up to this size is copied out of its frame, because a slice keeps the whole receive buffer
/// (128 KiB) alive: what one may hold in memory is at most 32 times what was sent.
constexpr std::size_t copied_data_bytes_max = 4096;

/// A reader may visit what it was sent four times over; beyond that it is being amplified.
capnp::ReaderOptions options_for(std::size_t words) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 4 * words + 64;
  options.nestingLimit = nesting_max;
  return options;
}

/// One allocation for the count and the bytes.
SharedBytes copy_of(std::string_view bytes) {
  auto copy = std::make_shared_for_overwrite<char[]>(bytes.size());
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  const std::string_view view(copy.get(), bytes.size());
  return SharedBytes(std::move(copy), view);
}

}  // namespace

void Reading::refuse(Code code, const char* field) {
  if (!outcome.ok()) return;
  outcome = Error{
      code,
      std::string(
          code == Code::too_large ? "beyond its declared limit: "
                                  : "not a value this version knows: ") +
          field};
}

void read_bytes(
    std::string& value,
    capnp::Text::Reader in,
    std::size_t bytes_max,
    const char* field,
    Reading& reading) {
  if (in.size() > bytes_max) return reading.refuse(Code::too_large, field);
  value.assign(in.begin(), in.size());
}

void read_bytes(
    SharedBytes& value,
    capnp::Data::Reader in,
    std::size_t bytes_max,
    const char* field,
    Reading& reading) {
  if (in.size() > bytes_max) return reading.refuse(Code::too_large, field);
  if (in.size() == 0) return;
  const auto* begin = reinterpret_cast<const char*>(in.begin());
  if (in.size() <= copied_data_bytes_max) {
    value = copy_of(std::string_view(begin, in.size()));
  } else {
    value = reading.frame.slice(static_cast<std::size_t>(begin - reading.frame.data()), in.size());
  }
}

FlatMessage::FlatMessage(std::size_t words)
    : words_(std::make_shared_for_overwrite<std::uint64_t[]>(words + 1)), count_(words) {
  ASSERT(words < (1U << 29));  // Cap'n Proto's own bound on a segment
  std::memset(words_.get(), 0, (words + 1) * word_bytes);
  const std::uint32_t table[2] = {0, static_cast<std::uint32_t>(words)};  // segments − 1, size
  std::memcpy(words_.get(), table, sizeof(table));
}

kj::ArrayPtr<capnp::word> FlatMessage::segment() {
  return kj::arrayPtr(reinterpret_cast<capnp::word*>(words_.get() + 1), count_);
}

SharedBytes FlatMessage::take() && {
  const auto* begin = reinterpret_cast<const char*>(words_.get());
  return SharedBytes(std::move(words_), std::string_view(begin, (count_ + 1) * word_bytes));
}

kj::ArrayPtr<capnp::word> cleared_segment(std::vector<std::uint64_t>& scratch, std::size_t words) {
  ASSERT(words < (1U << 29));  // Cap'n Proto's own bound on a segment
  scratch.assign(words + 1, 0);
  const std::uint32_t table[2] = {0, static_cast<std::uint32_t>(words)};  // segments − 1, size
  std::memcpy(scratch.data(), table, sizeof(table));
  return kj::arrayPtr(reinterpret_cast<capnp::word*>(scratch.data() + 1), words);
}

SharedBytes aligned(const SharedBytes& body) {
  if (is_aligned(body)) return body;
  auto copy = std::make_shared_for_overwrite<std::uint64_t[]>(words_of_bytes(body.size()));
  std::memcpy(copy.get(), body.data(), body.size());
  const auto* begin = reinterpret_cast<const char*>(copy.get());
  return SharedBytes(std::move(copy), std::string_view(begin, body.size()));
}

Result<void> read_frame(
    const SharedBytes& frame,
    void* value,
    void (*read_root)(void* value, capnp::MessageReader& reader, Reading& reading)) {
  const std::size_t words = frame.size() / word_bytes;
  if (frame.size() % word_bytes != 0 || words < 2) {
    return Error{Code::corrupt, "a message of " + std::to_string(frame.size()) + " bytes"};
  }
  try {
    const auto array = kj::arrayPtr(reinterpret_cast<const capnp::word*>(frame.data()), words);
    capnp::FlatArrayMessageReader reader(array, options_for(words));
    if (reader.getEnd() != array.end()) return Error{Code::corrupt, "bytes after the message"};
    Reading reading{frame, {}};
    read_root(value, reader, reading);
    return reading.outcome;
  } catch (const kj::Exception& broken) {
    return Error{Code::corrupt, broken.getDescription().cStr()};
  }
}

}  // namespace harka::msg
