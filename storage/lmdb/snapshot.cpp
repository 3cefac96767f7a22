// SPDX-License-Identifier: Apache-2.0
// An image of one group, read part by part from a pinned transaction.
#include "storage/lmdb/core.hpp"
#include "storage/lmdb/long_key.hpp"

namespace harka::storage {

LmdbSnapshot::LmdbSnapshot(const LmdbEngine& engine, GroupId group)
    : engine_(engine), group_(group.value) {
  const InsideLmdb inside;
  // Until it is known, nobody expires it: the map does not grow while the gate is held.
  const std::shared_lock<Gate> gate(engine.gate_);
  begin();
  const std::lock_guard lock(engine.mutex_);
  engine.snapshots_.insert(this);
}

void LmdbSnapshot::begin() {
  // Without one (too many are open) it is as if it had been held too long: the caller tries again.
  if (mdb_txn_begin(engine_.env_, nullptr, MDB_RDONLY, &transaction_) != MDB_SUCCESS) {
    transaction_ = nullptr;
    is_expired_ = true;
    return;
  }
  // The record as this transaction sees it, not as of now.
  std::uint32_t number = group_;
  MDB_val key{sizeof number, &number};
  MDB_val value{};
  const int found = mdb_get(transaction_, engine_.groups_, &key, &value);
  if (found == MDB_NOTFOUND) return;
  if (found != MDB_SUCCESS) engine_.failed_read("reading a group's record", found);
  Result<GroupRecord> record = decode_record(engine_.opened(number, record_key, value));
  ASSERT_DURABLE(record.ok());
  applied_ = record.value().applied;
  const std::optional<MDB_dbi> database = engine_.database_of(group_, record.value().live);
  if (!database) {
    ASSERT_DURABLE(applied_.index == 0);  // else this would be an empty image of a full group
    return;
  }
  const int opened = mdb_cursor_open(transaction_, *database, &cursor_);
  if (opened != MDB_SUCCESS) engine_.failed_read("beginning an image", opened);
  has_more_ = step(MDB_FIRST);
}

bool LmdbSnapshot::step(MDB_cursor_op operation) {
  MDB_val key{};
  MDB_val value{};
  const int code = mdb_cursor_get(cursor_, &key, &value, operation);
  if (code != MDB_SUCCESS && code != MDB_NOTFOUND) engine_.failed_read("reading in order", code);
  return code == MDB_SUCCESS;
}

LmdbSnapshot::~LmdbSnapshot() {
  const std::shared_lock<Gate> gate(engine_.gate_);
  {
    const std::lock_guard lock(engine_.mutex_);
    engine_.snapshots_.erase(this);
  }
  expire();  // nobody else knows it any more
}

void LmdbSnapshot::expire_unless_read() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock.owns_lock()) expire();
}

void LmdbSnapshot::expire() {
  if (cursor_ != nullptr) mdb_cursor_close(cursor_);
  if (transaction_ != nullptr) mdb_txn_abort(transaction_);
  cursor_ = nullptr;
  transaction_ = nullptr;
  is_expired_ = true;
}

bool LmdbSnapshot::is_too_old() const {
  return std::chrono::steady_clock::now() - opened_ > engine_.options_.snapshot_max;
}

bool LmdbSnapshot::add_current(SnapshotPartWriter& writer) {
  MDB_val key{};
  MDB_val stored{};
  const int code = mdb_cursor_get(cursor_, &key, &stored, MDB_GET_CURRENT);
  if (code != MDB_SUCCESS) engine_.failed_read("reading in order", code);
  const std::string_view value = engine_.opened(group_, view_of(key), stored);
  if (!is_in_bucket(view_of(key))) return writer.add(view_of(key), value);
  SnapshotPartReader bucket(value);
  for (std::size_t position = 0; bucket.next(); ++position) {
    if (position < bucket_done_) continue;  // in the part before
    if (!writer.add(bucket.key(), bucket.value())) return false;
    ++bucket_done_;
  }
  bucket_done_ = 0;
  return true;
}

Result<SnapshotPart> LmdbSnapshot::next() {
  const InsideLmdb inside;
  const std::shared_lock<Gate> gate(engine_.gate_);
  const std::lock_guard lock(mutex_);
  if (is_expired_ || is_too_old()) {
    expire();
    return Error{Code::retry_later, "the snapshot was held open too long; begin a new one"};
  }
  SnapshotPart part;
  part.sequence = sequence_++;
  SnapshotPartWriter writer;
  while (has_more_) {
    if (!add_current(writer)) break;
    has_more_ = step(MDB_NEXT);
  }
  part.done = !has_more_;
  part.data = writer.take();
  return part;
}

}  // namespace harka::storage
