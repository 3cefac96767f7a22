// SPDX-License-Identifier: Apache-2.0
#include "actors/kv/resp_writer.hpp"

#include <algorithm>
#include <charconv>

namespace harka::kv {

void RespWriter::header(char type, std::int64_t value) {
  char text[24];
  text[0] = type;
  char* end = std::to_chars(text + 1, text + 22, value).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out_.append(text, end);
}

void RespWriter::simple(std::string_view text) {
  out_.push_back('+');
  out_.append(text);
  out_.append("\r\n");
}

void RespWriter::error(std::string_view text) {
  out_.push_back('-');
  const std::size_t start = out_.size();
  out_.append(text);
  std::replace_if(
      out_.begin() + static_cast<std::ptrdiff_t>(start),
      out_.end(),
      [](char c) { return c == '\r' || c == '\n'; },
      ' ');
  out_.append("\r\n");
}

void RespWriter::integer(std::int64_t value) {
  header(':', value);
}

void RespWriter::bulk(std::string_view bytes) {
  header('$', static_cast<std::int64_t>(bytes.size()));
  out_.append(bytes);
  out_.append("\r\n");
}

void RespWriter::null() {
  out_.append(is_resp3_ ? "_\r\n" : "$-1\r\n");
}

void RespWriter::array(std::size_t count) {
  header('*', static_cast<std::int64_t>(count));
}

void RespWriter::map(std::size_t pairs) {
  header(is_resp3_ ? '%' : '*', static_cast<std::int64_t>(is_resp3_ ? pairs : pairs * 2));
}

void RespWriter::set(std::size_t count) {
  header(is_resp3_ ? '~' : '*', static_cast<std::int64_t>(count));
}

void RespWriter::verbatim(std::string_view text) {
  if (!is_resp3_) {
    bulk(text);
    return;
  }
  header('=', static_cast<std::int64_t>(text.size() + 4));
  out_.append("txt:");
  out_.append(text);
  out_.append("\r\n");
}

}  // namespace harka::kv
