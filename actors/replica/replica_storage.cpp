// SPDX-License-Identifier: Apache-2.0
// A replica's dealings with the state store: flushing what was applied, installing a snapshot that
// arrives, producing one for a follower that is behind the log.
#include "actors/replica/replica.hpp"
#include "base/marks.hpp"
#include "storage/checksum.hpp"

#include <algorithm>
#include <utility>

namespace harka {

// Groups become dirty together when load begins. If they were flushed together too, the engine
// would write for a while and then rest, and the log's syncs would wait behind it each time.
void Replica::note_dirty(Turn& turn) {
  is_dirty_ = true;
  const Duration interval = options_.flush_interval;
  flush_due_ = turn.now() + turn.random().between(interval / 2, interval);
}

/// The overlay, or the log that cannot be compacted before a flush: a key that is written again and
/// again makes only the log grow.
bool Replica::is_flush_large() const {
  return std::max(state_->dirty_bytes(), unflushed_log_bytes_) >= options_.flush_bytes;
}

void Replica::flush_if_due(Turn& turn) {
  if (is_flushing_ || is_installing_ || !is_dirty_) return;
  if (!is_flush_large() && turn.now() < flush_due_) return;
  is_flushing_ = true;
  is_dirty_ = false;
  unflushed_log_bytes_ = 0;
  msg::FlushState flush;
  flush.group = options_.raft.group.value;
  flush.ticket = ++flush_ticket_;
  flush.applied_index = raft_->applied_index();
  flush.applied_term = applied_term_;
  flush.config = raft_->config_at(raft_->applied_index());
  flush.writes = state_->begin_flush(flush.applied_index);
  turn.send(address_of(turn.node(), msg::ActorKind::state_store), std::move(flush));
}

void Replica::on(const msg::StateFlushed& flushed, const Envelope&, Turn& turn) {
  if (!raft_ || flushed.ticket != flush_ticket_) return;
  is_flushing_ = false;
  state_->flush_finished();
  flushed_index_ = std::max(flushed_index_, flushed.applied_index);
  raft_->compact(flushed_index_);
  pump(turn);
  flush_if_due(turn);
}

void Replica::install(const raft::SnapshotChunkData& chunk, Turn& turn) {
  if (storage::crc32c(chunk.data.view()) != chunk.checksum) {
    turn.stop_self("a snapshot chunk arrived damaged");  // restarted, it asks for all of it again
    return;
  }
  is_installing_ = chunk.done;  // the engine's content is about to be replaced: apply nothing
  install_index_ = chunk.index;
  msg::InstallState install;
  install.group = options_.raft.group.value;
  install.ticket = ++install_ticket_;
  install.applied_index = chunk.index;
  install.applied_term = chunk.term;
  install.config = chunk.config;
  install.sequence = chunk.sequence;
  install.data = chunk.data;
  install.done = chunk.done;
  turn.send(address_of(turn.node(), msg::ActorKind::state_store), std::move(install));
}

void Replica::on(const msg::StateInstalled& installed, const Envelope&, Turn& turn) {
  if (!raft_ || installed.ticket != install_ticket_) return;
  if (installed.done) {
    const storage::AppliedState durable = engine_.applied(options_.raft.group);
    ASSERT(durable.index == install_index_);
    is_installing_ = false;
    is_flushing_ = false;  // a flush that was under way belonged to the replaced state
    ++flush_ticket_;
    is_dirty_ = false;
    unflushed_log_bytes_ = 0;
    state_->reload();
    applied_term_ = durable.term;
    flushed_index_ = durable.index;
  }
  raft_->chunk_installed(install_index_, installed.sequence, installed.done, turn.now());
  pump(turn);
}

void Replica::provide(const raft::SnapshotWanted& wanted, Turn& turn) {
  raft::SnapshotChunkData chunk;
  chunk.failed = true;
  Transfer& transfer = transfers_[wanted.to.value];
  const bool is_repeated = wanted.sequence != 0 && transfer.last.index == wanted.index &&
                           transfer.last.sequence == wanted.sequence;
  if (is_repeated) {
    hit(Mark::snapshot_repeated);
    raft_->provide_chunk(wanted.to, transfer.last, turn.now());  // the answer to it got lost
    return;
  }
  const bool starts_anew = wanted.sequence == 0 || transfer.reader == nullptr ||
                           transfer.reader->applied().index != wanted.index;
  if (starts_anew) {
    transfer = Transfer{};
    transfer.reader = engine_.snapshot(options_.raft.group);
    if (transfer.reader->applied().index == 0) {
      // Nothing was flushed yet: there is nothing to send; raft asks again after the next flush.
      transfers_.erase(wanted.to.value);
      raft_->provide_chunk(wanted.to, chunk, turn.now());
      return;
    }
  }
  Result<storage::SnapshotPart> part = transfer.reader->next();
  if (!part.ok() || part.value().sequence != (starts_anew ? 0 : wanted.sequence)) {
    transfers_.erase(wanted.to.value);
    raft_->provide_chunk(wanted.to, chunk, turn.now());
    return;
  }
  chunk.failed = false;
  chunk.index = transfer.reader->applied().index;
  chunk.term = transfer.reader->applied().term;
  chunk.config = transfer.reader->applied().config;
  chunk.sequence = part.value().sequence;
  chunk.data = part.value().data;
  chunk.checksum = storage::crc32c(chunk.data.view());
  chunk.done = part.value().done;
  if (chunk.done) transfer.reader.reset();  // it pins pages of the engine
  transfer.last = chunk;
  raft_->provide_chunk(wanted.to, chunk, turn.now());
}

}  // namespace harka
