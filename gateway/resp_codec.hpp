// SPDX-License-Identifier: Apache-2.0
// Parses what Redis clients send: arrays of bulk strings ("multibulk") and inline commands, with
// the protocol errors of Redis 7.0 (networking.c, sds.c). Pure: bytes in, commands out; however the
// bytes are cut into pieces, the same commands and the same error come out.
//
// Arguments are views into the caller's buffer (inline commands: into the parser), so nothing is
// copied between the socket and the batch.
#pragma once

#include "base/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace harka::gateway {

struct ParserLimits {
  std::size_t bulk_bytes_max = limits::value_bytes_max;
  std::size_t arguments_max = limits::command_arguments_max;
  std::size_t line_bytes_max = 64 * 1024;  // inline commands and header lines
  /// All arguments of a command together.
  std::size_t command_bytes_max = limits::value_bytes_max + limits::key_bytes_max;
  // Of clients that have yet to authenticate.
  std::size_t stranger_bulk_bytes_max = 16 * 1024;
  std::size_t stranger_arguments_max = 10;
};

class RequestParser {
 public:
  enum class Status : std::uint8_t {
    need_more,  // call again with the same bytes and more behind them
    command,    // `arguments` and `consumed` are set; no arguments: an empty line, ignore it
    error       // `error` is set; the connection cannot go on
  };

  explicit RequestParser(const ParserLimits& limits = {}) : limits_(limits) {}

  /// Before it, a client may send little.
  void set_authenticated(bool is_authenticated) { is_authenticated_ = is_authenticated; }

  /// `input` starts at the first byte that no command consumed, the same one until a command is
  /// complete; what was seen of it before is not parsed again.
  [[nodiscard]] Status next(std::string_view input);

  /// Valid until the next call, and as long as its input.
  [[nodiscard]] const std::vector<std::string_view>& arguments() const { return arguments_; }

  /// Bytes of the input that the command took.
  [[nodiscard]] std::size_t consumed() const { return consumed_; }

  /// "Protocol error: …"
  [[nodiscard]] const std::string& error() const { return error_; }

  /// How long the command must be at least, for the caller to make room; 0 when unknown.
  [[nodiscard]] std::size_t expected() const {
    return has_bulk_length_ ? position_ + bulk_length_ + 2 : 0;
  }

 private:
  enum class Line : std::uint8_t { found, need_more, too_long };

  [[nodiscard]] Status next_inline(std::string_view input);
  [[nodiscard]] Status next_multibulk(std::string_view input);
  [[nodiscard]] Status read_count(std::string_view input);
  [[nodiscard]] Status read_bulk_length(std::string_view input);
  /// The line at `position_` without its end; a found one moves `position_` behind it.
  [[nodiscard]] Line take_line(std::string_view input, std::string_view& line);
  [[nodiscard]] bool split_words(std::string_view line);
  [[nodiscard]] Status fail(std::string_view what);
  [[nodiscard]] Status finish(const char* base);

  ParserLimits limits_;
  bool is_authenticated_ = true;

  // Of the command being parsed; offsets, as the caller may move its buffer.
  std::size_t position_ = 0;
  bool has_count_ = false;
  std::size_t left_ = 0;  // arguments that are yet to come
  bool has_bulk_length_ = false;
  std::size_t bulk_length_ = 0;
  std::size_t total_bytes_ = 0;
  std::vector<std::pair<std::size_t, std::size_t>> spans_;  // offset, length
  std::string words_;                                       // unquoted words of an inline command

  // Results.
  std::vector<std::string_view> arguments_;
  std::size_t consumed_ = 0;
  std::string error_;
};

}  // namespace harka::gateway
