// SPDX-License-Identifier: Apache-2.0
// A small blocking Redis client for the command line, the demo's workload and its checker. Every
// wait is bounded. Not for production use: applications use a stock Redis Cluster client.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace harka::apps {

struct RespValue {
  enum class Kind : std::uint8_t { null, text, error, integer, array };
  Kind kind = Kind::null;
  std::string text;  // text and error
  std::int64_t integer = 0;
  std::vector<RespValue> items;  // array

  [[nodiscard]] bool is_error() const { return kind == Kind::error; }
};

class RespClient {
 public:
  /// Connects within `timeout`, which also bounds every later call as a whole (a reply that comes
  /// byte by byte: twice that).
  [[nodiscard]] static Result<RespClient> connect(const std::string& address, Duration timeout);

  RespClient(RespClient&& other) noexcept;
  RespClient& operator=(RespClient&& other) noexcept;
  RespClient(const RespClient&) = delete;
  RespClient& operator=(const RespClient&) = delete;
  ~RespClient();

  /// For later calls.
  void set_timeout(Duration timeout);

  /// One command, one reply. unknown_outcome: no reply in time; io_failed: the connection broke.
  /// Either way nobody knows what happened, and the connection is of no use any more.
  [[nodiscard]] Result<RespValue> call(const std::vector<std::string>& arguments);
  /// A pipeline: sends all commands at once, then reads a reply to each.
  [[nodiscard]] Result<std::vector<RespValue>> call_all(
      const std::vector<std::vector<std::string>>& commands);

 private:
  explicit RespClient(int socket) : socket_(socket) {}

  Result<void> send(std::string_view request);
  Result<RespValue> read_value(int depth);
  Result<std::string> read_line();
  Result<std::string> read_exactly(std::size_t count);
  Result<void> fill();

  int socket_ = -1;
  Duration timeout_{};
  std::chrono::steady_clock::time_point ends_at_{};  // of the call that runs
  std::string buffer_;
  std::size_t read_ = 0;  // how much of the buffer has been consumed
};

}  // namespace harka::apps
