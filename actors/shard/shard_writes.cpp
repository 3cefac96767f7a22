// SPDX-License-Identifier: Apache-2.0
// What becomes a log entry, and when: batches of writes in the order of their routers, and the
// removal of expired keys.
#include "actors/shard/shard.hpp"
#include "base/marks.hpp"

#include <utility>

namespace harka {

void Shard::propose(Waiting waiting, ReplicaHost& host, Turn& turn) {
  const msg::ShardBatch& batch = waiting.batch;
  if (const msg::SessionRecord* known = sessions_.find(batch.session, batch.sequence)) {
    hit(Mark::retry_answered);
    msg::ShardReply reply;
    reply.replies = known->replies;
    reply.lengths = known->lengths;
    reply.duplicate = true;
    answer(waiting, std::move(reply), host.applied(), turn);
    return;
  }
  // A router asks again after a second, and on a slow disk everything takes longer: proposed again,
  // all that is under way would double each second. The answer to the first one is enough.
  if (under_way_.contains({batch.session, batch.sequence})) {
    hit(Mark::retry_under_way);
    return;
  }
  if (is_overtaking(batch)) {
    hit(Mark::batch_overtaking);
    turn_away(waiting, host, turn);
    return;
  }
  if (!held_.empty() || dirty_bytes() >= options_.dirty_bytes_max) {
    if (held_.size() < options_.waiting_max) {
      held_.push_back(std::move(waiting));
    } else {
      turn_away(waiting, host, turn);
    }
    return;
  }
  kv::EntryHeader header;
  header.now = clock(turn);
  header.session = batch.session;
  header.sequence = batch.sequence;
  header.acknowledged = batch.acknowledged;
  header.count = batch.count;
  const Result<LogIndex> index =
      host.propose(SharedBytes(kv::encode_entry(header, batch.commands.view())), turn);
  if (!index.ok()) {
    turn_away(waiting, host, turn);
    return;
  }
  last_proposed_ = index.value();
  under_way_.emplace(batch.session, batch.sequence);
  proposed_[index.value()] =
      Proposed{waiting.asker, waiting.correlation, batch.session, batch.sequence};
}

// A router sends the batches of a shard in order and asks again for what was refused. Those that
// were under way behind it must not pass: they may hold later writes of the same connections.
bool Shard::is_overtaking(const msg::ShardBatch& batch) {
  if (refused_.empty()) return false;
  const auto first = refused_.lower_bound({batch.session, 0});
  const auto alive = refused_.upper_bound({batch.session, batch.acknowledged});
  const auto next = refused_.erase(first, alive);  // their router gave them up
  if (next == refused_.end() || next->first != batch.session) return false;
  if (next->second < batch.sequence) return true;
  if (next->second == batch.sequence) refused_.erase(next);
  return false;
}

void Shard::turn_away(const Waiting& waiting, const ReplicaHost& host, Turn& turn) {
  if (refused_.size() >= options_.waiting_max) refused_.clear();
  refused_.emplace(waiting.batch.session, waiting.batch.sequence);
  refuse(waiting, msg::BatchOutcome::retry_later, host, turn);
}

// Looks at some keys in hash order, going on where the last search ended, and proposes the removal
// of those whose time is up. Whether they still are is decided again when the entry is applied.
void Shard::purge_expired(ReplicaHost& host, Turn& turn) {
  const WallTime now = clock(turn);
  std::vector<std::string> expired;
  std::size_t seen = 0;
  std::uint64_t next = 0;
  state_.scan(
      purge_cursor_, [&](std::uint64_t hash, std::string_view key, const kv::RecordView& record) {
        has_seen_expiring_ = has_seen_expiring_ || record.expire_at != 0;
        if (record.expire_at != 0 && record.expire_at <= now) expired.emplace_back(key);
        next = hash + 1;
        return ++seen < options_.purge_keys;
      });
  purge_cursor_ = seen < options_.purge_keys ? 0 : next;
  if (purge_cursor_ == 0) may_have_expiring_ = std::exchange(has_seen_expiring_, false);
  if (expired.empty()) return;
  std::string commands;
  std::vector<std::string_view> views(expired.begin(), expired.end());
  kv::CommandWriter(commands).add(
      kv::CommandId::purge_expired, kv::encoded_flag::may_write, views.data(), views.size());
  kv::EntryHeader header;
  header.now = now;
  header.count = 1;
  (void)host.propose(SharedBytes(kv::encode_entry(header, commands)), turn);
}

}  // namespace harka
