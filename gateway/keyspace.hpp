// SPDX-License-Identifier: Apache-2.0
// Commands over all keys of this node's shards: SCAN, KEYS, DBSIZE, RANDOMKEY, FLUSHALL. Each is a
// walk over shards, one page of keys at a time, and ends with one reply.
//
// A SCAN cursor is shard << 48 | position in hash order. What was there from the first call to the
// last is returned at least once, as Redis promises, unless its shard's leader moved meanwhile.
#pragma once

#include "actors/kv/command_table.hpp"
#include "actors/kv/resp_writer.hpp"
#include "gateway/batcher.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace harka::gateway {

class RespSession;
class Service;

class Keyspace {
 public:
  /// Both outlive it.
  Keyspace(Service& service, RouterPort& port) : service_(service), port_(port) {}

  /// Answers the session now or later, in order. `words` include the name.
  void start(RespSession& session, kv::CommandId id, std::span<const std::string_view> words);
  void on_scan(std::uint64_t ticket, ScanAnswer answer);
  /// A batch that a walk submitted was answered: FLUSHALL's removals.
  void on_removed(const Token& token, bool is_done);
  /// Tells such tokens from a session's.
  static constexpr std::uint32_t token_slot = 0xFFFFFFFF;

 private:
  struct Walk {
    kv::CommandId kind = kv::CommandId::none;
    Token token;  // the session's reply
    bool is_resp3 = false;
    std::vector<std::uint32_t> shards;  // still to visit; the last is the current one
    std::uint64_t from = 0;
    std::uint32_t count = 10;
    bool has_pattern = false;
    std::string pattern;
    bool takes_strings = true;  // TYPE names another type: nothing matches
    std::vector<std::string> keys;
    std::size_t key_bytes = 0;
    std::uint64_t total = 0;
    bool is_failed = false;
    std::uint64_t next = 0;  // FLUSHALL: where to go on after a removal
  };

  [[nodiscard]] bool parse(
      RespSession& session,
      std::span<const std::string_view> words,
      Walk& walk,
      kv::RespWriter& error) const;
  [[nodiscard]] static bool parse_scan(
      std::span<const std::string_view> words, Walk& walk, kv::RespWriter& error);
  [[nodiscard]] std::vector<std::uint32_t> led_shards() const;
  void place_cursor(Walk& walk) const;
  void ask(Walk walk);
  void take_page(Walk& walk, ScanAnswer& answer) const;
  void remove_page(Walk walk, const ScanAnswer& answer);
  void go_on(Walk walk, std::uint64_t next);
  void finish(const Walk& walk, std::uint64_t cursor);

  Service& service_;
  RouterPort& port_;
  std::map<std::uint64_t, Walk> walks_;  // by ticket
  std::uint64_t ticket_last_ = 0;
};

}  // namespace harka::gateway
