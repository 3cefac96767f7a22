// SPDX-License-Identifier: Apache-2.0
// The walk of a batch: checked → (duplicate? answered) → proposed → executed in log order →
// answered. What becomes an entry is decided in shard_writes.cpp, reads are in shard_reads.cpp,
// commands over the whole shard in shard_scan.cpp.
#include "actors/shard/shard.hpp"

#include "actors/kv/executor.hpp"
#include "actors/shard/shard_scan.hpp"
#include "base/marks.hpp"

#include <algorithm>
#include <utility>

namespace harka {

namespace {

bool may_set_expiry(const kv::CommandView& command) {
  switch (command.id) {
    case kv::CommandId::set: return command.size() > 2;
    case kv::CommandId::getex: return command.size() > 1;
    case kv::CommandId::setex:
    case kv::CommandId::psetex:
    case kv::CommandId::expire:
    case kv::CommandId::pexpire:
    case kv::CommandId::expireat:
    case kv::CommandId::pexpireat: return true;
    default: return false;
  }
}

/// Notes which keys an entry changes, for the caches.
class WatchedKeys final : public kv::KeyValueView {
 public:
  explicit WatchedKeys(kv::KeyValueView& inner) : inner_(inner) {}

  [[nodiscard]] std::optional<kv::Record> find(std::string_view key) const override {
    return inner_.find(key);
  }

  [[nodiscard]] std::optional<kv::RecordInfo> look(std::string_view key) const override {
    return inner_.look(key);
  }

  void append(std::string_view key, std::string_view more) override {
    changed_.emplace_back(key);
    inner_.append(key, more);
  }

  void put(std::string_view key, kv::Record record) override {
    changed_.emplace_back(key);
    inner_.put(key, std::move(record));
  }

  bool remove(std::string_view key) override {
    const bool is_removed = inner_.remove(key);
    if (is_removed) changed_.emplace_back(key);
    return is_removed;
  }

  [[nodiscard]] const std::vector<std::string>& changed() const { return changed_; }

 private:
  kv::KeyValueView& inner_;
  std::vector<std::string> changed_;
};

}  // namespace

Shard::Shard(ShardOptions options, const storage::Engine& engine)
    : options_(options), engine_(engine), state_(group_of(options.shard), engine) {
  sessions_.load(group_of(options_.shard), engine_);
}

void Shard::receive(const Envelope& envelope, ReplicaHost& host, Turn& turn) {
  if (const auto* batch = std::get_if<msg::ShardBatch>(&envelope.body)) {
    take_batch(Waiting{envelope.from, envelope.correlation, *batch}, host, turn);
  } else if (const auto* refresh = std::get_if<msg::CacheRefresh>(&envelope.body)) {
    const Waiting asker{envelope.from, envelope.correlation, {}};
    take_refresh(Read{Read::Purpose::refresh, asker, *refresh, {}}, host, turn);
  }
}

void Shard::take_batch(Waiting waiting, ReplicaHost& host, Turn& turn) {
  const msg::ShardBatch& batch = waiting.batch;
  const std::optional<kv::BatchShape> shape = kv::check_batch(batch.commands.view());
  if (!shape || shape->count != batch.count) {
    turn.note(NoteLevel::warning, "dropped a malformed batch");
    refuse(waiting, msg::BatchOutcome::retry_later, host, turn);
    return;
  }
  if (batch.stale_reads && shape->writes == 0 && !host.is_leader()) {
    take_stale_reads(std::move(waiting), host, turn);
    return;
  }
  if (!host.is_leader()) {
    const bool is_known = host.leader() != 0;
    refuse(
        waiting,
        is_known ? msg::BatchOutcome::not_leader : msg::BatchOutcome::retry_later,
        host,
        turn);
    return;
  }
  if (shape->writes > 0) {
    propose(std::move(waiting), host, turn);
  } else if (shape->has_after_writes && last_proposed_ > host.applied()) {
    behind_.emplace(last_proposed_, std::move(waiting));
  } else {
    begin_read(Read{Read::Purpose::batch, std::move(waiting), {}, {}}, host, turn);
  }
}

void Shard::apply(const msg::Entry& entry, ReplicaHost& host, Turn& turn) {
  const std::optional<kv::EntryView> view = kv::decode_entry(entry.data.view());
  ASSERT_DURABLE(view.has_value());
  const kv::EntryHeader& header = view->header;
  last_clock_ = std::max(last_clock_, header.now);
  msg::SessionRecord record;
  record.session = header.session;
  record.sequence = header.sequence;
  record.index = entry.index;
  const msg::SessionRecord* known = sessions_.find(header.session, header.sequence);
  const bool is_duplicate =
      header.session != 0 &&
      (known != nullptr || sessions_.is_forgotten(header.session, header.sequence));
  // Without a place for its answer a batch could take effect twice: nothing of it is executed.
  const bool is_turned_away =
      header.session != 0 && !is_duplicate && !sessions_.has_room_for(header.session, entry.index);
  if (is_duplicate) {
    hit(known != nullptr ? Mark::retry_in_log : Mark::retry_forgotten);
    if (known != nullptr) record = *known;
  } else if (!is_turned_away) {
    kv::ReplyWriter replies;
    const bool is_watched = changes_.is_wanted(turn.now());
    WatchedKeys watched(state_);
    execute_all(
        view->commands,
        last_clock_,
        is_watched ? static_cast<kv::KeyValueView&>(watched) : state_,
        replies);
    for (const std::string& key : watched.changed()) changes_.add(entry.index, key);
    record.replies = SharedBytes(replies.take_bytes());
    record.lengths = replies.take_lengths();
    if (header.session != 0) sessions_.add(record, header.acknowledged);
  }
  if (const auto asker = proposed_.find(entry.index); asker != proposed_.end()) {
    Waiting to;
    to.asker = asker->second.asker;
    to.correlation = asker->second.correlation;
    to.batch.session = asker->second.session;
    to.batch.sequence = asker->second.sequence;
    msg::ShardReply reply;
    reply.replies = record.replies;
    reply.lengths = record.lengths;
    reply.duplicate = is_duplicate;
    under_way_.erase({to.batch.session, to.batch.sequence});
    proposed_.erase(asker);
    if (is_turned_away) {
      turn_away(to, host, turn);
    } else {
      answer(to, std::move(reply), entry.index, turn);
    }
  }
  while (!behind_.empty() && behind_.begin()->first <= entry.index) {
    Waiting waiting = std::move(behind_.begin()->second);
    behind_.erase(behind_.begin());
    begin_read(Read{Read::Purpose::batch, std::move(waiting), {}, {}}, host, turn);
  }
}

void Shard::execute_all(
    std::string_view commands, WallTime now, kv::KeyValueView& keys, kv::ReplyWriter& replies) {
  kv::CommandReader reader(commands);
  while (reader.next()) execute_one(reader.command(), now, keys, replies);
  ASSERT_DURABLE(reader.is_sound());
}

void Shard::execute_one(
    const kv::CommandView& command,
    WallTime now,
    kv::KeyValueView& keys,
    kv::ReplyWriter& replies) {
  if (is_shard_scan(command.id)) {
    execute_shard_scan(command, state_, now, replies);
  } else {
    may_have_expiring_ = may_have_expiring_ || may_set_expiry(command);
    kv::execute(command, keys, now, replies);
  }
}

void Shard::leadership_lost(ReplicaHost& host, Turn& turn) {
  for (const auto& [index, asker] : std::exchange(proposed_, {})) {
    Waiting to;
    to.asker = asker.asker;
    to.correlation = asker.correlation;
    to.batch.session = asker.session;
    to.batch.sequence = asker.sequence;
    hit(Mark::outcome_unknown);
    refuse(to, msg::BatchOutcome::unknown, host, turn);
  }
  for (const auto& [index, waiting] : std::exchange(behind_, {})) {
    refuse(waiting, msg::BatchOutcome::retry_later, host, turn);
  }
  for (const Waiting& waiting : std::exchange(held_, {})) {
    refuse(waiting, msg::BatchOutcome::retry_later, host, turn);
  }
  under_way_.clear();
  refused_.clear();
  last_proposed_ = 0;
}

void Shard::tick(ReplicaHost& host, Turn& turn) {
  if (!held_.empty() && dirty_bytes() < options_.dirty_bytes_max) {
    for (Waiting& waiting : std::exchange(held_, {})) take_batch(std::move(waiting), host, turn);
  }
  if (host.is_leader() && may_have_expiring_ && turn.now() >= purge_due_) {
    purge_due_ = turn.now() + options_.purge_interval;
    purge_expired(host, turn);
  }
}

void Shard::refuse(
    const Waiting& waiting, msg::BatchOutcome outcome, const ReplicaHost& host, Turn& turn) const {
  msg::ShardReply reply;
  reply.outcome = outcome;
  reply.leader = host.leader();
  answer(waiting, std::move(reply), host.applied(), turn);
}

void Shard::answer(const Waiting& to, msg::ShardReply reply, LogIndex applied, Turn& turn) const {
  reply.shard = options_.shard.value;
  reply.session = to.batch.session;
  reply.sequence = to.batch.sequence;
  reply.applied_index = applied;
  turn.send(to.asker, std::move(reply), to.correlation);
}

WallTime Shard::clock(const Turn& turn) const {
  return std::max(last_clock_, turn.wall_now());
}

std::size_t Shard::dirty_bytes() const {
  return state_.dirty_bytes() + (sessions_.is_dirty() ? 64 : 0);
}

std::vector<msg::StateWrite> Shard::begin_flush(LogIndex applied) {
  std::vector<msg::StateWrite> writes = state_.begin_flush(applied);
  for (msg::StateWrite& write : sessions_.take_writes()) writes.push_back(std::move(write));
  return writes;
}

void Shard::flush_finished() {
  state_.flush_finished();
}

void Shard::reload() {
  state_.reset();
  changes_.clear();  // what the snapshot changed is in no list
  sessions_.load(group_of(options_.shard), engine_);
}

std::string Shard::describe() const {
  return "dirty " + std::to_string(dirty_bytes() >> 10U) + " KiB, " +
         std::to_string(proposed_.size()) + " proposed";
}

}  // namespace harka
