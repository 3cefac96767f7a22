// SPDX-License-Identifier: Apache-2.0
// The cache actor: the application tier, which answers reads that may be stale (READONLY) for the
// shards that have no replica on its node.
//
// Of each shard it keeps records that all hold as of one applied index. They come and are voided by
// exchanges with the shard's leader: "what changed since my index, and what do these keys hold?" A
// batch is answered from what is kept while the last exchange is younger than the staleness bound
// and its index is not behind what the client has seen; otherwise it waits for the next exchange,
// which carries the keys it lacks. One exchange a shard at a time: what comes meanwhile shares the
// next. So an answer shows all that was committed `staleness_max` before the read came, on this
// node's clock, whatever the network does, and no client goes back in time.
//
// Rejected: replicas that push changes to caches (a lost push is never noticed), and caching
// replies (each command of a key would be a copy, and none of them could be kept in step).
#pragma once

#include "actors/cache/lru.hpp"
#include "actors/kv/key_value_view.hpp"
#include "base/limits.hpp"
#include "runtime/machine.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace harka {

struct CacheOptions {
  std::size_t bytes_max = limits::cache_bytes_default;  // keys, values and what keeping them costs
  Duration time_to_live = 60s;  // then a record is fetched again, whatever is known of its changes
  Duration staleness_max = limits::staleness_default;
  Duration exchange_timeout = 600ms;  // sooner than a router asks again
  std::size_t waiting_max = 10'000;   // batches of one shard
};

class Cache final : public Machine {
 public:
  explicit Cache(CacheOptions options) : options_(options), lru_(options.bytes_max) {}

  void receive(const Envelope& envelope, Turn& turn) override;
  void on_timer(TimerId timer, Turn& turn) override;
  [[nodiscard]] std::string describe() const override;

  void on(const msg::ShardBatch& batch, const Envelope& envelope, Turn& turn);
  void on(const msg::CacheChanges& changes, const Envelope& envelope, Turn& turn);
  void on(const msg::LeaderHints& hints, const Envelope& envelope, Turn& turn);

 private:
  using Record = std::optional<kv::Record>;  // nothing: there is no such key
  using Fetched = std::map<std::string, Record, std::less<>>;

  struct Kept {
    Record record;
    std::uint64_t generation = 0;
    Instant kept_until;
  };

  struct Waiting {
    Address asker;
    std::uint64_t correlation = 0;
    msg::ShardBatch batch;
    bool wants_all_keys = false;  // what it found may be gone when the rest arrives
  };

  struct Exchange {
    std::uint64_t token = 0;
    Instant asked;
    std::vector<std::string> keys;
    std::vector<Waiting> batches;
  };

  struct Book {  // of one shard
    Term term = 0;
    std::uint64_t leader = 0;  // 0: none known
    LogIndex upto = 0;         // what is kept holds as of this index
    std::optional<Instant> as_of;
    WallTime clock = 0;
    std::uint64_t generation = 0;  // what was kept under an older one is void
    std::optional<Exchange> exchange;
    std::deque<Waiting> waiting;
  };

  void begin_exchange(std::uint32_t shard, Book& book, Turn& turn);
  void collect(std::uint32_t shard, Book& book, Exchange& exchange, Turn& turn);
  void end_exchange(std::uint32_t shard, Book& book, Turn& turn);
  void void_changed(std::uint32_t shard, Book& book, const msg::CacheChanges& changes);
  [[nodiscard]] bool answer(
      std::uint32_t shard, Book& book, const Waiting& to, const Fetched& fetched, Turn& turn);
  static void refuse(
      const Waiting& waiting, msg::BatchOutcome outcome, const Book& book, Turn& turn);
  [[nodiscard]] const Kept* find(
      std::uint32_t shard, const Book& book, std::string_view key, Instant now);

  CacheOptions options_;
  Lru<Kept> lru_;
  std::map<std::uint32_t, Book> books_;  // by shard
  std::uint64_t token_last_ = 0;
  std::uint64_t hits_ = 0;  // batches
  std::uint64_t misses_ = 0;
};

}  // namespace harka
