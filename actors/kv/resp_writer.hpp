// SPDX-License-Identifier: Apache-2.0
// Appends RESP2 or RESP3 replies to a buffer, with Redis's choices of type for each.
// Protocol: https://redis.io/docs/reference/protocol-spec/
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace harka::kv {

/// Stateless: a buffer and the protocol of who reads it.
class RespWriter {
 public:
  RespWriter(std::string& out, bool is_resp3) : out_(out), is_resp3_(is_resp3) {}

  /// "+text". No line breaks in `text`.
  void simple(std::string_view text);

  void ok() { out_.append("+OK\r\n"); }

  /// "-text", where text starts with a code such as "ERR ". Line breaks become spaces.
  void error(std::string_view text);
  void integer(std::int64_t value);
  void bulk(std::string_view bytes);
  void null();
  /// Headers: the caller writes `count` items (or pairs) after it. RESP2 shows both as arrays.
  void array(std::size_t count);
  void map(std::size_t pairs);
  void set(std::size_t count);
  /// A text for people: RESP3's verbatim string, a bulk string in RESP2.
  void verbatim(std::string_view text);

  /// A reply that was written already.
  void raw(std::string_view reply) { out_.append(reply); }

  [[nodiscard]] bool is_resp3() const { return is_resp3_; }

 private:
  void header(char type, std::int64_t value);

  std::string& out_;
  bool is_resp3_;
};

/// What comes of one batch: the bytes of its replies one after the other, the length of each, and
/// by how much its commands let keys grow, which bounds those behind them.
class ReplyWriter {
 public:
  /// Between the two a reply is written with the writer that `begin` returns.
  [[nodiscard]] RespWriter begin(bool is_resp3) {
    start_ = bytes_.size();
    return RespWriter(bytes_, is_resp3);
  }

  void end() { lengths_.push_back(static_cast<std::uint32_t>(bytes_.size() - start_)); }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

  [[nodiscard]] const std::vector<std::uint32_t>& lengths() const { return lengths_; }

  void note_growth(std::size_t bytes) { growth_bytes_ += bytes; }

  [[nodiscard]] std::size_t growth_bytes() const { return growth_bytes_; }

  /// Leaves the writer empty.
  [[nodiscard]] std::string take_bytes() { return std::exchange(bytes_, {}); }

  [[nodiscard]] std::vector<std::uint32_t> take_lengths() { return std::exchange(lengths_, {}); }

 private:
  std::string bytes_;
  std::vector<std::uint32_t> lengths_;
  std::size_t start_ = 0;
  std::size_t growth_bytes_ = 0;
};

}  // namespace harka::kv
