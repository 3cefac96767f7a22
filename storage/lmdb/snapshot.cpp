// SPDX-License-Identifier: Apache-2.0
// An image of one group, read part by part from a pinned transaction.
#include "storage/lmdb/core.hpp"
#include "storage/snapshot_part.hpp"

namespace harka::storage {

LmdbSnapshot::LmdbSnapshot(const LmdbEngine& engine, GroupId group)
    : engine_(engine), group_(group.value) {
  const InsideLmdb inside;
  const std::shared_lock gate(engine.gate_);
  const std::lock_guard lock(engine.mutex_);
  const int begun = mdb_txn_begin(engine.env_, nullptr, MDB_RDONLY, &transaction_);
  ASSERT_DURABLE(begun == MDB_SUCCESS);
  engine.snapshots_.insert(this);
  // The record as this transaction sees it, not as of now.
  const std::uint32_t number = group.value;
  MDB_val key{sizeof number, const_cast<std::uint32_t*>(&number)};
  MDB_val value{};
  if (mdb_get(transaction_, engine.groups_, &key, &value) != MDB_SUCCESS) return;
  Result<GroupRecord> record = decode_record(engine.opened(number, record_key, value));
  ASSERT_DURABLE(record.ok());
  applied_ = record.value().applied;
  const auto handle = engine.handles_.find({group.value, record.value().live});
  if (handle == engine.handles_.end()) return;
  if (mdb_cursor_open(transaction_, handle->second, &cursor_) != MDB_SUCCESS) return;
  has_more_ = step(MDB_FIRST);
}

bool LmdbSnapshot::step(MDB_cursor_op operation) {
  MDB_val key{};
  MDB_val value{};
  const int code = mdb_cursor_get(cursor_, &key, &value, operation);
  if (code != MDB_SUCCESS && code != MDB_NOTFOUND) {
    engine_.damaged(std::string("reading in order: ") + mdb_strerror(code));
  }
  return code == MDB_SUCCESS;
}

LmdbSnapshot::~LmdbSnapshot() {
  const std::shared_lock gate(engine_.gate_);
  const std::lock_guard lock(engine_.mutex_);
  engine_.snapshots_.erase(this);
  expire();
}

void LmdbSnapshot::expire() {
  if (cursor_ != nullptr) mdb_cursor_close(cursor_);
  if (transaction_ != nullptr) mdb_txn_abort(transaction_);
  cursor_ = nullptr;
  transaction_ = nullptr;
  is_expired_ = true;
}

Result<SnapshotPart> LmdbSnapshot::next() {
  const InsideLmdb inside;
  const std::shared_lock gate(engine_.gate_);
  const std::lock_guard lock(engine_.mutex_);
  const bool is_too_old =
      std::chrono::steady_clock::now() - opened_ > engine_.options_.snapshot_max;
  if (is_expired_ || is_too_old) {
    expire();
    return Error{Code::retry_later, "the snapshot was held open too long; begin a new one"};
  }
  SnapshotPart part;
  part.sequence = sequence_++;
  SnapshotPartWriter writer;
  while (has_more_) {
    MDB_val key{};
    MDB_val value{};
    ASSERT_DURABLE(mdb_cursor_get(cursor_, &key, &value, MDB_GET_CURRENT) == MDB_SUCCESS);
    if (!writer.add(view_of(key), engine_.opened(group_, view_of(key), value))) break;
    has_more_ = step(MDB_NEXT);
  }
  part.done = !has_more_;
  part.data = writer.take();
  return part;
}

}  // namespace harka::storage
