// SPDX-License-Identifier: Apache-2.0
// As in Redis, a line of a multibulk ends with '\r' and one more byte, and the two bytes behind a
// bulk string are skipped unseen.
#include "gateway/resp_codec.hpp"

#include "actors/kv/numbers.hpp"

#include <algorithm>
#include <climits>
#include <cstring>
#include <optional>

namespace harka::gateway {

namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool ends_word(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char unescaped(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
  }
}

/// A quoted part that starts behind its quote: appends what it means and returns what follows the
/// closing quote; nothing when it does not close, or closes in the middle of a word.
std::optional<std::string_view> read_quoted(std::string_view rest, char quote, std::string& out) {
  while (!rest.empty()) {
    const char c = rest.front();
    if (c == quote) {
      rest.remove_prefix(1);
      if (!rest.empty() && !is_space(rest.front())) return std::nullopt;
      return rest;
    }
    if (c == '\\' && rest.size() > 1) {
      const bool is_hex = quote == '"' && rest.size() > 3 && rest[1] == 'x' &&
                          hex_value(rest[2]) >= 0 && hex_value(rest[3]) >= 0;
      if (is_hex) {
        out.push_back(static_cast<char>(hex_value(rest[2]) * 16 + hex_value(rest[3])));
        rest.remove_prefix(4);
        continue;
      }
      if (quote == '"' || rest[1] == '\'') {
        out.push_back(quote == '"' ? unescaped(rest[1]) : '\'');
        rest.remove_prefix(2);
        continue;
      }
    }
    out.push_back(c);
    rest.remove_prefix(1);
  }
  return std::nullopt;
}

}  // namespace

RequestParser::Status RequestParser::next(std::string_view input) {
  if (!error_.empty()) return Status::error;
  if (input.empty()) return Status::need_more;
  return input.front() == '*' ? next_multibulk(input) : next_inline(input);
}

RequestParser::Status RequestParser::next_inline(std::string_view input) {
  const std::size_t window = std::min(input.size(), limits_.line_bytes_max + 1);
  const void* found = std::memchr(input.data(), '\n', window);
  if (found == nullptr) {
    return input.size() > limits_.line_bytes_max ? fail("too big inline request")
                                                 : Status::need_more;
  }
  const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - input.data());
  std::string_view line = input.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  line = line.substr(0, line.find('\0'));
  if (!split_words(line)) return fail("unbalanced quotes in request");
  position_ = end + 1;
  return finish(words_.data());
}

bool RequestParser::split_words(std::string_view line) {
  spans_.clear();
  words_.clear();
  std::string_view rest = line;
  for (;;) {
    while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
    if (rest.empty()) return true;
    const std::size_t start = words_.size();
    while (!rest.empty() && !ends_word(rest.front())) {
      const char c = rest.front();
      rest.remove_prefix(1);
      if (c == '"' || c == '\'') {
        const std::optional<std::string_view> behind = read_quoted(rest, c, words_);
        if (!behind) return false;
        rest = *behind;
        break;  // a closing quote ends the word
      }
      words_.push_back(c);
    }
    spans_.emplace_back(start, words_.size() - start);
  }
}

RequestParser::Status RequestParser::next_multibulk(std::string_view input) {
  if (!has_count_) {
    const Status status = read_count(input);
    if (status != Status::command) return status;
  }
  while (left_ > 0) {
    if (!has_bulk_length_) {
      const Status status = read_bulk_length(input);
      if (status != Status::command) return status;
    }
    if (input.size() - position_ < bulk_length_ + 2) return Status::need_more;
    spans_.emplace_back(position_, bulk_length_);
    position_ += bulk_length_ + 2;
    has_bulk_length_ = false;
    --left_;
  }
  return finish(input.data());
}

RequestParser::Status RequestParser::read_count(std::string_view input) {
  std::string_view line;
  switch (take_line(input, line)) {
    case Line::need_more: return Status::need_more;
    case Line::too_long: return fail("too big mbulk count string");
    case Line::found: break;
  }
  const std::optional<std::int64_t> count = kv::parse_integer(line.substr(1));
  const auto count_max = static_cast<std::int64_t>(limits_.arguments_max);
  if (!count || *count > count_max) return fail("invalid multibulk length");
  if (!is_authenticated_ && *count > static_cast<std::int64_t>(limits_.stranger_arguments_max)) {
    return fail("unauthenticated multibulk length");
  }
  has_count_ = true;
  left_ = *count > 0 ? static_cast<std::size_t>(*count) : 0;
  spans_.clear();
  return Status::command;
}

RequestParser::Status RequestParser::read_bulk_length(std::string_view input) {
  const std::size_t start = position_;
  std::string_view line;
  switch (take_line(input, line)) {
    case Line::need_more: return Status::need_more;
    case Line::too_long: return fail("too big bulk count string");
    case Line::found: break;
  }
  if (input[start] != '$') return fail(std::string("expected '$', got '") + input[start] + "'");
  const std::optional<std::int64_t> length = kv::parse_integer(line.substr(1));
  if (!length || *length < 0 || static_cast<std::size_t>(*length) > limits_.bulk_bytes_max) {
    return fail("invalid bulk length");
  }
  bulk_length_ = static_cast<std::size_t>(*length);
  if (!is_authenticated_ && bulk_length_ > limits_.stranger_bulk_bytes_max) {
    return fail("unauthenticated bulk length");
  }
  total_bytes_ += bulk_length_;
  if (total_bytes_ > limits_.command_bytes_max) return fail("invalid bulk length");
  has_bulk_length_ = true;
  return Status::command;
}

RequestParser::Line RequestParser::take_line(std::string_view input, std::string_view& line) {
  const std::string_view rest = input.substr(position_);
  const std::size_t window = std::min(rest.size(), limits_.line_bytes_max + 1);
  const void* found = window == 0 ? nullptr : std::memchr(rest.data(), '\r', window);
  if (found == nullptr) {
    return rest.size() > limits_.line_bytes_max ? Line::too_long : Line::need_more;
  }
  const auto size = static_cast<std::size_t>(static_cast<const char*>(found) - rest.data());
  if (size + 2 > rest.size()) return Line::need_more;
  line = rest.substr(0, size);
  position_ += size + 2;
  return Line::found;
}

RequestParser::Status RequestParser::fail(std::string_view what) {
  error_ = "Protocol error: ";
  error_.append(what);
  return Status::error;
}

RequestParser::Status RequestParser::finish(const char* base) {
  arguments_.clear();
  for (const auto& [offset, length] : spans_) arguments_.emplace_back(base + offset, length);
  consumed_ = position_;
  position_ = 0;
  has_count_ = false;
  has_bulk_length_ = false;
  total_bytes_ = 0;
  return Status::command;
}

}  // namespace harka::gateway
