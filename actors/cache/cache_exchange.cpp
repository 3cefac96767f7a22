// SPDX-License-Identifier: Apache-2.0
// Exchanges with the leaders of shards. One that gets no answer in time, or that the leader
// refuses, is over: its batches are handed back to their routers, which try again. A new leader is
// asked at once.
#include "actors/cache/cache.hpp"
#include "actors/cache/cache_key.hpp"
#include "actors/kv/command.hpp"
#include "base/marks.hpp"

#include <algorithm>
#include <utility>

namespace harka {

namespace {

template <typename Visit>
void for_each_key_of(const msg::ShardBatch& batch, const Visit& visit) {
  kv::CommandReader reader(batch.commands.view());
  while (reader.next()) kv::for_each_key(reader.command(), visit);
}

}  // namespace

void Cache::begin_exchange(std::uint32_t shard, Book& book, Turn& turn) {
  if (book.exchange) return;
  if (book.leader == 0) {
    for (const Waiting& waiting : std::exchange(book.waiting, {})) {
      refuse(waiting, msg::BatchOutcome::retry_later, book, turn);
    }
    return;
  }
  Exchange exchange;
  exchange.token = ++token_last_;
  exchange.asked = turn.now();
  collect(shard, book, exchange, turn);
  msg::CacheRefresh refresh;
  refresh.shard = shard;
  refresh.token = exchange.token;
  refresh.since = book.upto;
  for (const std::string& key : exchange.keys) refresh.keys.push_back(SharedBytes::copy_of(key));
  book.exchange = std::move(exchange);
  turn.send(replica_address(NodeId{book.leader}, group_of(ShardId{shard})), std::move(refresh));
  turn.set_timer(shard, options_.exchange_timeout);
}

/// Moves waiting batches into the exchange together with the keys that they lack.
void Cache::collect(std::uint32_t shard, Book& book, Exchange& exchange, Turn& turn) {
  std::set<std::string, std::less<>> keys;
  while (!book.waiting.empty() && keys.size() < limits::cache_exchange_keys) {
    const Waiting& next = book.waiting.front();
    std::vector<std::string> lacking;
    for_each_key_of(next.batch, [&](std::string_view key) {
      if (next.wants_all_keys || find(shard, book, key, turn.now()) == nullptr) {
        lacking.emplace_back(key);
      }
    });
    const bool fits = keys.size() + lacking.size() <= limits::cache_exchange_keys;
    if (!fits && !exchange.batches.empty()) break;
    keys.insert(lacking.begin(), lacking.end());
    exchange.batches.push_back(std::move(book.waiting.front()));
    book.waiting.pop_front();
  }
  exchange.keys.assign(keys.begin(), keys.end());
}

void Cache::on(const msg::CacheChanges& changes, const Envelope&, Turn& turn) {
  const auto found = books_.find(changes.shard);
  if (found == books_.end()) return;
  Book& book = found->second;
  if (!book.exchange || book.exchange->token != changes.token) {
    hit(Mark::exchange_late);
    return;
  }
  const bool is_sound = changes.is_done && changes.upto >= book.upto &&
                        changes.records.size() == book.exchange->keys.size();
  if (!is_sound) {
    hit(Mark::exchange_refused);
    if (changes.leader != 0) book.leader = changes.leader;
    end_exchange(changes.shard, book, turn);
    return;
  }
  turn.cancel_timer(changes.shard);
  Exchange exchange = std::move(*book.exchange);
  book.exchange.reset();
  void_changed(changes.shard, book, changes);
  book.upto = changes.upto;
  book.as_of = exchange.asked;
  book.clock = std::max(book.clock, changes.clock);
  Fetched fetched;
  std::set<std::string_view> omitted;
  for (std::size_t i = 0; i < exchange.keys.size(); ++i) {
    const msg::CacheRecord& got = changes.records[i];
    if (got.is_omitted) {
      omitted.insert(exchange.keys[i]);
      continue;
    }
    // Copies: a slice would keep the whole answer alive.
    Record record;
    if (got.is_found) record = kv::Record{SharedBytes::copy_of(got.value.view()), got.expire_at};
    lru_.put(
        cache_key(changes.shard, exchange.keys[i]),
        Kept{record, book.generation, turn.now() + options_.time_to_live},
        got.value.size());
    fetched.emplace(exchange.keys[i], std::move(record));
  }
  for (Waiting& waiting : exchange.batches) {
    bool is_too_large = false;
    for_each_key_of(waiting.batch, [&](std::string_view key) {
      is_too_large = is_too_large || omitted.contains(key);
    });
    if (waiting.batch.min_index >
        book.upto) {  // from another history: no leader is behind a client
      refuse(waiting, msg::BatchOutcome::retry_later, book, turn);
    } else if (is_too_large) {
      refuse(waiting, msg::BatchOutcome::not_leader, book, turn);
    } else if (!answer(changes.shard, book, waiting, fetched, turn)) {
      waiting.wants_all_keys = true;
      book.waiting.push_front(std::move(waiting));
    }
  }
  if (!book.waiting.empty()) begin_exchange(changes.shard, book, turn);
}

void Cache::void_changed(std::uint32_t shard, Book& book, const msg::CacheChanges& changes) {
  if (changes.all) {
    hit(Mark::cache_voided);
    ++book.generation;
  }
  for (const SharedBytes& key : changes.changed) lru_.remove(cache_key(shard, key.view()));
}

void Cache::on_timer(TimerId timer, Turn& turn) {
  const auto found = books_.find(timer);
  if (found == books_.end() || !found->second.exchange) return;
  hit(Mark::exchange_times_out);
  end_exchange(timer, found->second, turn);
}

void Cache::end_exchange(std::uint32_t shard, Book& book, Turn& turn) {
  turn.cancel_timer(shard);
  const Exchange over = std::move(*book.exchange);
  book.exchange.reset();
  for (const Waiting& waiting : over.batches) {
    refuse(waiting, msg::BatchOutcome::retry_later, book, turn);
  }
  if (!book.waiting.empty()) begin_exchange(shard, book, turn);
}

void Cache::on(const msg::LeaderHints& hints, const Envelope& envelope, Turn& turn) {
  if (!turn.is_from_here(envelope)) return;  // its control's to say
  for (const msg::LeaderHint& hint : hints.hints) {
    if (hint.group == meta_group.value) continue;
    const std::uint32_t shard = shard_of(GroupId{hint.group}).value;
    Book& book = books_[shard];
    // Within a term the leader stays: a follower that has not heard of it knows less.
    if (hint.term < book.term || (hint.term == book.term && hint.leader == 0)) continue;
    book.term = hint.term;
    if (book.leader == hint.leader) continue;
    book.leader = hint.leader;
    if (book.leader == 0 || !book.exchange) continue;
    hit(Mark::exchange_moves);
    // The one that was asked may be gone: ask the new one instead.
    Exchange over = std::move(*book.exchange);
    book.exchange.reset();
    for (auto batch = over.batches.rbegin(); batch != over.batches.rend(); ++batch) {
      book.waiting.push_front(std::move(*batch));
    }
    begin_exchange(shard, book, turn);
  }
}

}  // namespace harka
