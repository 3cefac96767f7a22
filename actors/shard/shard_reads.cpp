// SPDX-License-Identifier: Apache-2.0
// Reads: linearizable ones by the leader's lease or a read index, stale ones by a follower, and
// what the caches of other nodes ask.
//
// Staleness is measured, not assumed: a follower that has just been through a read index knows that
// its state shows all that was committed when it asked, and may answer from it for as long after
// that as the bound says. Rejected: counting from the leader's last heartbeat, which says nothing
// about how long it was under way, nor about a newer leader.
#include "actors/kv/executor.hpp"
#include "actors/shard/shard.hpp"
#include "base/marks.hpp"

#include <algorithm>
#include <utility>

namespace harka {

void Shard::take_stale_reads(Waiting waiting, ReplicaHost& host, Turn& turn) {
  const bool may_answer = confirmed_at_ && turn.now() - *confirmed_at_ <= options_.staleness_max &&
                          host.applied() >= waiting.batch.min_index;
  if (!may_answer) {
    hit(Mark::stale_read_confirmed);
    begin_read(Read{Read::Purpose::batch, std::move(waiting), {}, {}}, host, turn);
    return;
  }
  hit(Mark::stale_read_at_once);
  answer_reads(waiting, host, turn);
  // In time, so that nobody has to wait for it.
  if (turn.now() - *confirmed_at_ > options_.staleness_max / 2 && !is_confirming_) {
    is_confirming_ = true;
    begin_read(Read{Read::Purpose::confirmation, {}, {}, {}}, host, turn);
  }
}

void Shard::begin_read(Read read, ReplicaHost& host, Turn& turn) {
  if (reads_.size() >= options_.waiting_max) {
    refuse_read(read, host, turn);
    return;
  }
  read.asked = turn.now();
  const std::uint64_t context = next_context_++;
  reads_.emplace(context, std::move(read));
  host.read(context, turn);
}

void Shard::read_done(std::uint64_t context, bool ok, ReplicaHost& host, Turn& turn) {
  const auto found = reads_.find(context);
  if (found == reads_.end()) return;
  const Read read = std::move(found->second);
  reads_.erase(found);
  if (read.purpose == Read::Purpose::confirmation) is_confirming_ = false;
  if (!ok || host.applied() < read.waiting.batch.min_index) {
    hit(Mark::read_refused);
    refuse_read(read, host, turn);
    return;
  }
  confirmed_at_ = std::max(confirmed_at_.value_or(read.asked), read.asked);
  switch (read.purpose) {
    case Read::Purpose::batch: answer_reads(read.waiting, host, turn); break;
    case Read::Purpose::refresh: answer_refresh(read, host, turn); break;
    case Read::Purpose::confirmation: break;
  }
}

void Shard::refuse_read(const Read& read, const ReplicaHost& host, Turn& turn) {
  switch (read.purpose) {
    case Read::Purpose::batch:
      refuse(read.waiting, msg::BatchOutcome::retry_later, host, turn);
      break;
    case Read::Purpose::refresh: {
      hit(Mark::refresh_refused);
      msg::CacheChanges refusal;
      refusal.shard = options_.shard.value;
      refusal.token = read.refresh.token;
      refusal.leader = host.leader();
      turn.send(read.waiting.asker, std::move(refusal), read.waiting.correlation);
      break;
    }
    case Read::Purpose::confirmation: is_confirming_ = false; break;
  }
}

void Shard::answer_reads(const Waiting& waiting, const ReplicaHost& host, Turn& turn) {
  kv::ReplyWriter replies;
  execute_all(waiting.batch.commands.view(), clock(turn), state_, replies);
  msg::ShardReply reply;
  reply.replies = SharedBytes(replies.take_bytes());
  reply.lengths = replies.take_lengths();
  answer(waiting, std::move(reply), host.applied(), turn);
}

void Shard::take_refresh(Read read, ReplicaHost& host, Turn& turn) {
  if (!host.is_leader()) {
    refuse_read(read, host, turn);
    return;
  }
  changes_.want(turn.now() + options_.cache_interest, host.applied());
  begin_read(std::move(read), host, turn);
}

void Shard::answer_refresh(const Read& read, const ReplicaHost& host, Turn& turn) {
  msg::CacheChanges answer;
  answer.shard = options_.shard.value;
  answer.token = read.refresh.token;
  answer.is_done = true;
  answer.leader = host.leader();
  answer.upto = host.applied();
  answer.clock = clock(turn);
  if (std::optional<std::vector<SharedBytes>> changed = changes_.since(read.refresh.since)) {
    answer.changed = std::move(*changed);
  } else {
    hit(Mark::changes_incomplete);
    answer.all = true;
  }
  std::size_t bytes = 0;
  for (const SharedBytes& key : read.refresh.keys) {
    msg::CacheRecord& record = answer.records.emplace_back();
    record.is_omitted = bytes >= limits::cache_answer_bytes;
    if (record.is_omitted) continue;
    const std::optional<kv::Record> found = state_.find(key.view());
    if (!found) continue;
    record.is_found = true;
    record.value = found->value;
    record.expire_at = found->expire_at;
    bytes += found->value.size();
  }
  turn.send(read.waiting.asker, std::move(answer), read.waiting.correlation);
}

}  // namespace harka
