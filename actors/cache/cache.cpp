// SPDX-License-Identifier: Apache-2.0
// Batches: answered from what is kept, or waiting for an exchange. Exchanges are in
// cache_exchange.cpp. Keys of all shards share one LRU: "<shard>/<key>".
#include "actors/cache/cache.hpp"

#include "actors/cache/cache_key.hpp"
#include "actors/kv/executor.hpp"
#include "base/marks.hpp"

#include <algorithm>
#include <utility>

namespace harka {

namespace {

/// The records that one batch reads.
class KnownRecords final : public kv::KeyValueView {
 public:
  [[nodiscard]] std::optional<kv::Record> find(std::string_view key) const override {
    return known_.at(key);
  }

  void put(std::string_view, kv::Record) override { throw Bug("a read writes to the cache"); }

  bool remove(std::string_view) override { throw Bug("a read removes from the cache"); }

  void learn(std::string_view key, std::optional<kv::Record> record) {
    known_.insert_or_assign(key, std::move(record));
  }

 private:
  std::map<std::string_view, std::optional<kv::Record>> known_;  // keys view the batch
};

/// Sound, without writes, and every command names its keys.
bool is_cacheable(const msg::ShardBatch& batch) {
  const std::optional<kv::BatchShape> shape = kv::check_batch(batch.commands.view());
  if (!shape || shape->count != batch.count || shape->writes > 0) return false;
  kv::CommandReader reader(batch.commands.view());
  while (reader.next()) {
    if (kv::find_command(reader.command().id)->first_key <= 0) return false;
  }
  return true;
}

}  // namespace

void Cache::receive(const Envelope& envelope, Turn& turn) {
  dispatch(*this, envelope, turn);
}

std::string Cache::describe() const {
  return std::to_string(lru_.count()) + " keys, " + std::to_string(lru_.bytes() >> 10U) + " KiB, " +
         std::to_string(hits_) + " hits, " + std::to_string(misses_) + " misses";
}

void Cache::on(const msg::ShardBatch& batch, const Envelope& envelope, Turn& turn) {
  Book& book = books_[batch.shard];
  Waiting waiting{envelope.from, envelope.correlation, batch};
  if (!is_cacheable(batch)) {
    refuse(waiting, msg::BatchOutcome::not_leader, book, turn);
    return;
  }
  const bool is_fresh = book.as_of && turn.now() - *book.as_of <= options_.staleness_max &&
                        book.upto >= batch.min_index;
  if (is_fresh && answer(batch.shard, book, waiting, {}, turn)) {
    ++hits_;
    hit(Mark::cache_hit);
    // In time, so that nobody has to wait for it.
    const bool ages = turn.now() - *book.as_of > options_.staleness_max / 2;
    if (ages) begin_exchange(batch.shard, book, turn);
    return;
  }
  ++misses_;
  if (book.upto < batch.min_index) hit(Mark::cache_behind);
  if (book.waiting.size() >= options_.waiting_max) {
    refuse(waiting, msg::BatchOutcome::retry_later, book, turn);
    return;
  }
  book.waiting.push_back(std::move(waiting));
  begin_exchange(batch.shard, book, turn);
}

bool Cache::answer(
    std::uint32_t shard, Book& book, const Waiting& to, const Fetched& fetched, Turn& turn) {
  KnownRecords known;
  bool is_complete = true;
  kv::CommandReader keys(to.batch.commands.view());
  while (keys.next()) {
    kv::for_each_key(keys.command(), [&](std::string_view key) {
      if (const auto found = fetched.find(key); found != fetched.end()) {
        known.learn(key, found->second);
      } else if (const Kept* kept = find(shard, book, key, turn.now())) {
        known.learn(key, kept->record);
      } else {
        is_complete = false;
      }
    });
  }
  if (!is_complete) return false;
  kv::ReplyWriter replies;
  const WallTime now = std::max(book.clock, turn.wall_now());
  kv::CommandReader reader(to.batch.commands.view());
  while (reader.next()) kv::execute(reader.command(), known, now, replies);
  msg::ShardReply reply;
  reply.shard = shard;
  reply.session = to.batch.session;
  reply.sequence = to.batch.sequence;
  reply.leader = book.leader;
  reply.replies = SharedBytes(replies.take_bytes());
  reply.lengths = replies.take_lengths();
  reply.applied_index = book.upto;
  turn.send(to.asker, std::move(reply), to.correlation);
  return true;
}

void Cache::refuse(
    const Waiting& waiting, msg::BatchOutcome outcome, const Book& book, Turn& turn) {
  msg::ShardReply reply;
  reply.shard = waiting.batch.shard;
  reply.session = waiting.batch.session;
  reply.sequence = waiting.batch.sequence;
  reply.outcome = outcome;
  reply.leader = book.leader;
  turn.send(waiting.asker, std::move(reply), waiting.correlation);
}

const Cache::Kept* Cache::find(
    std::uint32_t shard, const Book& book, std::string_view key, Instant now) {
  const std::string name = cache_key(shard, key);
  const Kept* kept = lru_.find(name);
  if (kept == nullptr) return nullptr;
  if (kept->generation == book.generation && now < kept->kept_until) return kept;
  lru_.remove(name);
  return nullptr;
}

}  // namespace harka
