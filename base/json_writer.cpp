// SPDX-License-Identifier: Apache-2.0
// RFC 8259 output. UTF-8 goes through as it is; a byte that is none is written as \u00XX, so that
// the text stays JSON.
#include "base/json_writer.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace harka {

namespace {

/// The bytes of the UTF-8 sequence at the beginning of `text` (RFC 3629); 0: it is none.
std::size_t utf8_bytes(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t count = first < 0x80                     ? 1
                            : first >= 0xc2 && first <= 0xdf ? 2
                            : first >= 0xe0 && first <= 0xef ? 3
                            : first >= 0xf0 && first <= 0xf4 ? 4
                                                             : 0;
  if (count == 0 || text.size() < count) return 0;
  for (std::size_t i = 1; i < count; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  const bool is_overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool is_surrogate = first == 0xed && byte(1) > 0x9f;
  const bool is_beyond = first == 0xf4 && byte(1) > 0x8f;
  return is_overlong || is_surrogate || is_beyond ? 0 : count;
}

}  // namespace

JsonWriter& JsonWriter::end() {
  ASSERT(!closers_.empty());
  out_ += closers_.back();
  closers_.pop_back();
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  quote(name);
  out_ += ':';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  quote(text);
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  char text[64];
  std::snprintf(text, sizeof text, "%.3f", number);
  return raw(text);
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  needs_comma_ = true;
  return *this;
}

std::string JsonWriter::take() {
  ASSERT(closers_.empty());
  needs_comma_ = false;
  return std::exchange(out_, {});
}

JsonWriter& JsonWriter::open(char begin, char end) {
  separate();
  out_ += begin;
  closers_.push_back(end);
  needs_comma_ = false;
  return *this;
}

void JsonWriter::separate() {
  if (needs_comma_) out_ += ',';
  needs_comma_ = false;
}

void JsonWriter::quote(std::string_view text) {
  out_ += '"';
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    const std::size_t bytes = utf8_bytes(text);
    if (byte == '"' || byte == '\\') {
      out_ += '\\';
      out_ += text.front();
    } else if (bytes == 0 || byte < 0x20 || byte == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(byte));
      out_ += escape;
    } else {
      out_ += text.substr(0, bytes);
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  out_ += '"';
}

}  // namespace harka
