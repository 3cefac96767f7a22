// SPDX-License-Identifier: Apache-2.0
// Batches, by the one writing thread, and the growth of the map.
#include "base/log.hpp"
#include "storage/lmdb/core.hpp"
#include "storage/lmdb/long_key.hpp"
#include "storage/lmdb/sealed_value.hpp"
#include "storage/snapshot_part.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

namespace harka::storage {

namespace {

/// LMDB calls a write that a full disk cut short an I/O error.
bool is_disk_full(const std::string& directory) {
  struct statvfs disk {};

  constexpr std::uint64_t few_bytes = 1U << 20;
  return ::statvfs(directory.c_str(), &disk) == 0 && disk.f_bavail * disk.f_frsize < few_bytes;
}

/// A tree is written with less wandering in the order of its keys.
std::vector<const msg::StateWrite*> in_key_order(const std::vector<msg::StateWrite>& writes) {
  std::vector<const msg::StateWrite*> sorted;
  sorted.reserve(writes.size());
  for (const msg::StateWrite& write : writes) sorted.push_back(&write);
  std::stable_sort(
      sorted.begin(), sorted.end(), [](const msg::StateWrite* a, const msg::StateWrite* b) {
        return a->key.view() < b->key.view();
      });
  return sorted;
}

}  // namespace

int LmdbEngine::open_database(
    MDB_txn* txn,
    std::uint32_t group,
    std::uint32_t live,
    Handles& opened,
    MDB_dbi& handle,
    unsigned flags) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = handles_.find({group, live}); known != handles_.end()) {
      handle = known->second;
      return MDB_SUCCESS;
    }
  }
  if (const auto known = opened.find({group, live}); known != opened.end()) {
    handle = known->second;
    return MDB_SUCCESS;
  }
  const std::string name = "g" + std::to_string(group) + "." + std::to_string(live);
  const int code = mdb_dbi_open(txn, name.c_str(), flags, &handle);
  if (code == MDB_SUCCESS) opened[{group, live}] = handle;
  return code;
}

int LmdbEngine::put_record(MDB_txn* txn, std::uint32_t group, const GroupRecord& record) {
  const std::string encoded = encode_record(record);
  std::string sealed(encoded.size() + seal_bytes, '\0');
  write_sealed(sealed.data(), group, record_key, encoded);
  MDB_val key{sizeof group, &group};
  MDB_val value = value_of(sealed);
  return mdb_put(txn, groups_, &key, &value, 0);
}

int LmdbEngine::put_sealed(
    MDB_txn* txn,
    MDB_dbi database,
    std::uint32_t group,
    std::string_view key,
    std::string_view value) {
  MDB_val wanted = value_of(key);
  MDB_val stored{value.size() + seal_bytes, nullptr};
  const int code = mdb_put(txn, database, &wanted, &stored, MDB_RESERVE);
  if (code == MDB_SUCCESS) write_sealed(static_cast<char*>(stored.mv_data), group, key, value);
  return code;
}

int LmdbEngine::put(
    MDB_txn* txn,
    MDB_dbi database,
    std::uint32_t group,
    std::string_view key,
    std::string_view value) {
  if (!is_in_bucket(key)) return put_sealed(txn, database, group, key, value);
  std::string_view bucket;
  const int code = read_bucket(txn, database, group, key, bucket);
  if (code != MDB_SUCCESS) return code;
  return put_sealed(txn, database, group, lmdb_key_of(key), bucket_with(bucket, key, value));
}

int LmdbEngine::remove(MDB_txn* txn, MDB_dbi database, std::uint32_t group, std::string_view key) {
  if (is_in_bucket(key)) {
    std::string_view bucket;
    const int code = read_bucket(txn, database, group, key, bucket);
    if (code != MDB_SUCCESS) return code;
    const std::string left = bucket_without(bucket, key);
    if (!left.empty()) return put_sealed(txn, database, group, lmdb_key_of(key), left);
  }
  MDB_val wanted = value_of(lmdb_key_of(key));
  const int code = mdb_del(txn, database, &wanted, nullptr);
  return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

int LmdbEngine::read_bucket(
    MDB_txn* txn,
    MDB_dbi database,
    std::uint32_t group,
    std::string_view key,
    std::string_view& bucket) const {
  MDB_val wanted = value_of(lmdb_key_of(key));
  MDB_val stored{};
  const int code = mdb_get(txn, database, &wanted, &stored);
  if (code == MDB_SUCCESS) bucket = opened(group, lmdb_key_of(key), stored);
  return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

int LmdbEngine::flush(
    MDB_txn* txn,
    const msg::FlushState& flush,
    std::map<std::uint32_t, GroupRecord>& records,
    Handles& opened) {
  GroupRecord& record =
      records.try_emplace(flush.group, record_of(GroupId{flush.group})).first->second;
  MDB_dbi database = 0;
  int code = open_database(txn, flush.group, record.live, opened, database);
  const std::vector<const msg::StateWrite*> writes = in_key_order(flush.writes);
  for (auto i = writes.begin(); code == MDB_SUCCESS && i != writes.end(); ++i) {
    const msg::StateWrite& write = **i;
    code = write.removed ? remove(txn, database, flush.group, write.key.view())
                         : put(txn, database, flush.group, write.key.view(), write.value.view());
  }
  if (code != MDB_SUCCESS) return code;
  record.applied = AppliedState{flush.applied_index, flush.applied_term, flush.config};
  return put_record(txn, flush.group, record);
}

int LmdbEngine::install(
    MDB_txn* txn,
    const msg::InstallState& install,
    std::map<std::uint32_t, GroupRecord>& records,
    Handles& opened) {
  GroupRecord& record =
      records.try_emplace(install.group, record_of(GroupId{install.group})).first->second;
  const std::uint32_t staging_number = 1 - record.live;
  MDB_dbi staging = 0;
  int code = open_database(txn, install.group, staging_number, opened, staging);
  if (code == MDB_SUCCESS && install.sequence == 0) code = mdb_drop(txn, staging, 0);
  SnapshotPartReader reader(install.data.view());
  while (code == MDB_SUCCESS && reader.next()) {
    code = put(txn, staging, install.group, reader.key(), reader.value());
  }
  if (code == MDB_SUCCESS && reader.is_damaged()) return MDB_CORRUPTED;
  if (code != MDB_SUCCESS || !install.done) return code;
  MDB_dbi old = 0;
  code = open_database(txn, install.group, record.live, opened, old);
  if (code == MDB_SUCCESS) code = mdb_drop(txn, old, 0);
  if (code != MDB_SUCCESS) return code;
  record.live = staging_number;
  record.applied = AppliedState{install.applied_index, install.applied_term, install.config};
  return put_record(txn, install.group, record);
}

int LmdbEngine::drop(
    MDB_txn* txn, GroupId group, std::map<std::uint32_t, GroupRecord>& records, Handles& opened) {
  for (const std::uint32_t number : {0U, 1U}) {
    MDB_dbi database = 0;
    int code = open_database(txn, group.value, number, opened, database);
    if (code == MDB_SUCCESS) code = mdb_drop(txn, database, 0);
    if (code != MDB_SUCCESS) return code;
  }
  records[group.value] = GroupRecord{};
  return put_record(txn, group.value, GroupRecord{});
}

int LmdbEngine::write_all(
    MDB_txn* txn,
    const WriteBatch& batch,
    std::map<std::uint32_t, GroupRecord>& records,
    Handles& opened) {
  int code = MDB_SUCCESS;
  for (auto i = batch.flushes.begin(); code == MDB_SUCCESS && i != batch.flushes.end(); ++i) {
    code = flush(txn, **i, records, opened);
  }
  for (auto i = batch.installs.begin(); code == MDB_SUCCESS && i != batch.installs.end(); ++i) {
    code = install(txn, **i, records, opened);
  }
  for (auto i = batch.drops.begin(); code == MDB_SUCCESS && i != batch.drops.end(); ++i) {
    code = drop(txn, *i, records, opened);
  }
  return code;
}

/// Whether reads have to look elsewhere once the batch is committed.
bool LmdbEngine::moves_data(
    const std::map<std::uint32_t, GroupRecord>& records, const Handles& opened) const {
  if (!opened.empty()) return true;
  return std::ranges::any_of(records, [this](const auto& entry) {
    return entry.second.live != record_of(GroupId{entry.first}).live;
  });
}

int LmdbEngine::write_once(const WriteBatch& batch) {
  std::map<std::uint32_t, GroupRecord> records;
  Handles opened;
  MDB_txn* txn = nullptr;
  int code = mdb_txn_begin(env_, nullptr, 0, &txn);
  if (code != MDB_SUCCESS) return code;
  code = write_all(txn, batch, records, opened);
  if (code != MDB_SUCCESS) {
    mdb_txn_abort(txn);
    return code;
  }
  std::unique_lock<Gate> alone(gate_, std::defer_lock);
  if (moves_data(records, opened)) alone.lock();
  code = mdb_txn_commit(txn);
  if (code != MDB_SUCCESS) return code;
  const std::lock_guard lock(mutex_);
  handles_.insert(opened.begin(), opened.end());
  for (auto& [group, record] : records) records_[group] = std::move(record);
  return MDB_SUCCESS;
}

Result<void> LmdbEngine::write(const WriteBatch& batch) {
  const InsideLmdb inside;
  expire_old_snapshots();
  int code = write_once(batch);
  while (code == MDB_MAP_FULL) {
    if (Result<void> grown = grow(); !grown.ok()) return grown;
    code = write_once(batch);
  }
  if (code == EIO && is_disk_full(options_.directory)) code = ENOSPC;
  if (code == MDB_SUCCESS) return {};
  Error error = lmdb_error("write", code);
  if (error.code == Code::corrupt) damaged(error.detail);
  return error;
}

/// Whoever holds one may never ask for its next part: the follower died.
void LmdbEngine::expire_old_snapshots() {
  const std::lock_guard lock(mutex_);
  for (LmdbSnapshot* snapshot : snapshots_) {
    if (snapshot->is_too_old()) snapshot->expire_unless_read();
  }
}

Result<void> LmdbEngine::grow() {
  const std::unique_lock<Gate> gate(gate_);
  const std::lock_guard lock(mutex_);
  for (LmdbSnapshot* snapshot : snapshots_) snapshot->expire_unless_read();  // none is: the gate
  for (MDB_txn* txn : idle_) mdb_txn_abort(txn);
  idle_.clear();
  options_.map_bytes *= 2;
  if (Result<void> extended = extend_file(); !extended.ok()) return extended;
  const int code = mdb_env_set_mapsize(env_, options_.map_bytes);
  if (code != MDB_SUCCESS) return lmdb_error("growing the map", code);
  log::info("state", "map grown to " + std::to_string(options_.map_bytes >> 20U) + " MiB");
  return {};
}

}  // namespace harka::storage
