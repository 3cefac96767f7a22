// SPDX-License-Identifier: Apache-2.0
// The cache actor: the application tier, in front of reads that may be a little stale (READONLY).
//
// A replica offers what it read together with the applied index of the read, and tells of every
// later change of keys of a shard that the cache may hold. An answer is given only if it is at
// least as new as what the client has seen, and an offer that is older than a change already heard
// of is refused; so a read never goes back in time. It may be stale by at most the time to live.
#pragma once

#include "actors/cache/lru.hpp"
#include "runtime/machine.hpp"

#include <map>
#include <string>

namespace harka {

struct CacheOptions {
  std::size_t bytes_max = 64U << 20;
  Duration time_to_live = 60s;
};

class Cache final : public Machine {
 public:
  explicit Cache(CacheOptions options) : options_(options), lru_(options.bytes_max) {}

  void receive(const Envelope& envelope, Turn& turn) override;
  [[nodiscard]] std::string describe() const override;

  void on(const msg::CacheRead& read, const Envelope& envelope, Turn& turn);
  void on(const msg::CacheFill& fill, const Envelope& envelope, Turn& turn);
  void on(const msg::CacheInvalidate& change, const Envelope& envelope, Turn& turn);

 private:
  struct Value {
    SharedBytes reply;
    LogIndex applied_index = 0;  // as of which it was read
    WallTime expire_at = 0;
    Instant kept_until;
  };

  CacheOptions options_;
  Lru<Value> lru_;
  std::map<std::uint32_t, LogIndex> changed_;  // by shard: the newest change heard of
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
};

}  // namespace harka
