// SPDX-License-Identifier: Apache-2.0
// Reads, offers and changes. Keys are kept per shard: "<shard>/<key>".
#include "actors/cache/cache.hpp"

#include <algorithm>
#include <utility>

namespace harka {

namespace {

std::string cache_key(std::uint32_t shard, std::string_view key) {
  std::string made = std::to_string(shard) + "/";
  made.append(key);
  return made;
}

}  // namespace

void Cache::receive(const Envelope& envelope, Turn& turn) {
  dispatch(*this, envelope, turn);
}

std::string Cache::describe() const {
  return std::to_string(lru_.count()) + " keys, " + std::to_string(lru_.bytes() >> 10U) + " KiB, " +
         std::to_string(hits_) + " hits, " + std::to_string(misses_) + " misses";
}

void Cache::on(const msg::CacheRead& read, const Envelope&, Turn& turn) {
  msg::CacheReply reply;
  reply.token = read.token;
  const std::string key = cache_key(read.shard, read.key.view());
  const Value* value = lru_.find(key);
  const bool is_dead =
      value != nullptr && (turn.now() >= value->kept_until ||
                           (value->expire_at != 0 && value->expire_at <= turn.wall_now()));
  if (is_dead) {
    lru_.remove(key);
    value = nullptr;
  }
  // Unchanged as far as the replica here has applied: the entry is as new as the newest change.
  const LogIndex known = changed_.contains(read.shard) ? changed_[read.shard] : 0;
  if (value != nullptr && std::max(value->applied_index, known) >= read.min_index) {
    reply.hit = true;
    reply.reply = value->reply;
    reply.applied_index = std::max(value->applied_index, known);
    ++hits_;
  } else {
    ++misses_;
  }
  turn.reply(std::move(reply));
}

void Cache::on(const msg::CacheFill& fill, const Envelope&, Turn& turn) {
  const auto changed = changed_.find(fill.shard);
  if (changed != changed_.end() && changed->second > fill.applied_index) return;
  Value value;
  value.reply = fill.reply;
  value.applied_index = fill.applied_index;
  value.expire_at = fill.expire_at;
  value.kept_until = turn.now() + options_.time_to_live;
  lru_.put(cache_key(fill.shard, fill.key.view()), std::move(value), fill.reply.size());
}

void Cache::on(const msg::CacheInvalidate& change, const Envelope&, Turn&) {
  LogIndex& newest = changed_[change.shard];
  newest = std::max(newest, change.applied_index);
  if (change.all) {
    lru_.clear();  // rare: a snapshot was installed
    return;
  }
  for (const SharedBytes& key : change.keys) lru_.remove(cache_key(change.shard, key.view()));
}

}  // namespace harka
