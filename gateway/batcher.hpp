// SPDX-License-Identifier: Apache-2.0
// Gathers what all connections of a loop send in one turn into one message a shard and lane.
//
// Three lanes, so that reads need no log entry and order is kept: plain reads; writes with the
// reads that stand behind a write of their own connection; reads after READONLY, which may be
// stale.
#pragma once

#include "actors/kv/command.hpp"
#include "gateway/router_port.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace harka::gateway {

/// A connection of this loop; the generation tells it from an earlier one in the same slot.
struct SessionId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  friend bool operator==(const SessionId&, const SessionId&) = default;
};

enum class Lane : std::uint8_t { reads, writes, stale_reads };

/// Where the reply to one command goes.
struct Token {
  SessionId session;
  std::uint64_t position = 0;  // in the session's order of replies
  std::uint16_t slot = 0;      // for MOVED
  bool is_write = false;
  bool is_batched = false;  // counted by its session among the reads and writes in flight
  Lane lane = Lane::reads;
};

class Batcher {
 public:
  /// `port` outlives the batcher.
  Batcher(RouterPort& port, std::size_t batch_bytes_max)
      : port_(port), batch_bytes_max_(batch_bytes_max) {}

  struct Item {
    std::uint32_t shard = 0;
    kv::CommandId command = kv::CommandId::none;
    std::uint8_t flags = 0;
    std::span<const std::string_view> arguments;  // without the name
    std::uint64_t min_index = 0;                  // stale reads
    Token token;
  };

  void add(const Item& item);
  /// Sends everything that was gathered.
  void submit_all();

  /// The tokens of a batch in command order; the ticket is over. Empty: no such ticket.
  struct Flight {
    std::uint32_t shard = 0;
    std::vector<Token> tokens;
  };

  [[nodiscard]] Flight take(std::uint64_t ticket);
  /// Gives a flight's memory back for reuse.
  void recycle(Flight flight);

  [[nodiscard]] std::size_t in_flight() const { return flights_.size() - free_.size(); }

 private:
  struct Gathered {
    std::string commands;
    std::vector<Token> tokens;
    std::uint32_t writes = 0;
    std::uint64_t min_index = 0;
  };

  struct Slot {
    std::uint32_t generation = 1;
    bool is_used = false;
    Flight flight;
  };

  void submit(std::size_t lane);
  [[nodiscard]] std::uint64_t open(Flight flight);

  RouterPort& port_;
  std::size_t batch_bytes_max_;
  std::vector<Gathered> lanes_;     // shard * 3 + lane
  std::vector<std::size_t> dirty_;  // lanes with something in them, in order of their first command
  std::vector<Slot> flights_;
  std::vector<std::uint32_t> free_;
  std::vector<std::vector<Token>> spare_;
};

}  // namespace harka::gateway
