// SPDX-License-Identifier: Apache-2.0
// One client's connection, without its socket: bytes in, commands to shards or answered here,
// replies out in the order of the commands.
//
// Order. Replies wait in a queue until those before them are there. Reads and writes of one
// connection take effect in order: a read behind an unfinished write is marked to run after it; a
// write behind an unfinished plain read waits until that is answered, and commands that concern all
// shards wait for everything before them. A connection that waits is not read from.
#pragma once

#include "actors/kv/command_table.hpp"
#include "actors/kv/resp_writer.hpp"
#include "base/time.hpp"
#include "gateway/batcher.hpp"
#include "gateway/reply_queue.hpp"
#include "gateway/resp_codec.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace harka::gateway {

class Service;

/// What AUTH, HELLO, CLIENT and READONLY change.
struct SessionState {
  std::string peer;  // host:port
  std::string local;
  std::string name;
  bool is_authenticated = true;
  bool is_resp3 = false;
  bool is_readonly = false;
  std::string_view last_command = "NULL";
  Instant connected_at{};
  Instant active_at{};
};

class RespSession {
 public:
  using Words = std::span<const std::string_view>;

  /// `service` outlives the session.
  RespSession(Service& service, SessionId id, SessionState state);
  RespSession(const RespSession&) = delete;
  RespSession& operator=(const RespSession&) = delete;

  /// Takes commands from the front of `input` and returns how many bytes they were; the rest is
  /// wanted again, with more behind it, once `wants_input`.
  [[nodiscard]] std::size_t feed(std::string_view input);
  /// False while too much is in flight or unread, or something must finish first.
  [[nodiscard]] bool wants_input() const;

  /// How long the unconsumed input must become for the next command; 0: unknown.
  [[nodiscard]] std::size_t input_expected() const { return parser_.expected(); }

  /// Replies that may be sent. The owner of the socket takes from the front.
  [[nodiscard]] std::string& output() { return replies_.output(); }

  /// No more input is taken; the connection ends when its output was sent.
  [[nodiscard]] bool is_closing() const {
    return is_closing_ && (is_aborted_ || replies_.pending() == 0);
  }

  /// Something was asked and is not yet answered.
  [[nodiscard]] bool is_waiting() const { return replies_.pending() > 0; }

  /// The reply to the command at `token.position`.
  void complete(
      const Token& token, const SharedBytes& replies, std::size_t offset, std::size_t size);
  void complete(const Token& token, std::string_view reply);
  /// Whether plain reads may be stale from now on. What this connection has seen is not forgotten.
  void set_readonly(bool is_readonly);
  /// This session has seen the effects of that log entry.
  void note_applied(std::uint32_t shard, LogIndex index);

  void close() { is_closing_ = true; }

  [[nodiscard]] SessionId id() const { return id_; }

  [[nodiscard]] SessionState& state() { return state_; }

  [[nodiscard]] const SessionState& state() const { return state_; }

  [[nodiscard]] Service& service() { return service_; }

  /// Reserves the next place in the order of replies, for an answer that comes later.
  [[nodiscard]] std::uint64_t reserve() { return replies_.reserve(); }

  void set_authenticated(bool is_authenticated);
  /// As a new connection, but for authentication.
  void reset();

 private:
  enum class Wait : std::uint8_t { nothing, for_reads, for_all };
  enum class Step : std::uint8_t { taken, must_wait };

  [[nodiscard]] Step dispatch(Words words);
  [[nodiscard]] Step dispatch_data(const kv::CommandInfo& info, Words words);
  [[nodiscard]] bool refuse(const kv::CommandInfo* info, Words words);
  void answer_here(const kv::CommandInfo& info, Words words);
  void answer_error(std::string_view text);
  void settle(const Token& token);
  /// How many commands may be in flight, judged by how long the last replies were.
  [[nodiscard]] std::size_t pending_limit() const;

  Service& service_;
  SessionId id_;
  SessionState state_;
  RequestParser parser_;
  ReplyQueue replies_;
  std::uint32_t plain_reads_ = 0;        // in flight
  std::uint32_t writes_ = 0;             // in flight, with the reads behind them
  std::size_t reply_bytes_ = 16 * 1024;  // expected of one reply: rises at once, falls slowly
  Wait wait_ = Wait::nothing;
  bool is_closing_ = false;
  bool is_aborted_ = false;        // nothing more is sent
  std::vector<LogIndex> applied_;  // by shard, from READONLY on: never answered from older ones
  std::string scratch_;
};

}  // namespace harka::gateway
