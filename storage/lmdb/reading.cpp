// SPDX-License-Identifier: Apache-2.0
// Reads, from any thread.
#include "base/log.hpp"
#include "storage/lmdb/core.hpp"
#include "storage/lmdb/long_key.hpp"
#include "storage/lmdb/sealed_value.hpp"

#include <cstdlib>
#include <fstream>

namespace harka::storage {

Gate& ReadGuard::gate_of(const LmdbEngine& engine) {
  ASSERT(InsideLmdb::depth == 0);
  return engine.gate_;
}

ReadGuard::ReadGuard(const LmdbEngine& engine) : engine_(engine), gate_(gate_of(engine)) {
  {
    const std::lock_guard lock(engine.mutex_);
    if (!engine.idle_.empty()) {
      transaction_ = engine.idle_.back();
      engine.idle_.pop_back();
    }
  }
  const int code = transaction_ != nullptr
                       ? mdb_txn_renew(transaction_)
                       : mdb_txn_begin(engine.env_, nullptr, MDB_RDONLY, &transaction_);
  if (code != MDB_SUCCESS) engine.failed_read("beginning to read", code);
}

ReadGuard::~ReadGuard() {
  mdb_txn_reset(transaction_);
  const std::lock_guard lock(engine_.mutex_);
  engine_.idle_.push_back(transaction_);
}

void LmdbEngine::damaged(const std::string& what) const {
  const std::string detail = "state store: " + options_.directory + ": " + what;
  std::ofstream(options_.directory + "/" + damage_mark) << detail << '\n';
  if (options_.on_damage) options_.on_damage(Error{Code::corrupt, detail});
  ASSERT_DURABLE(false);
  std::abort();
}

void LmdbEngine::failed_read(const std::string& what, int code) const {
  const Error error = lmdb_error(what, code);
  if (error.code == Code::corrupt) damaged(what + ": " + mdb_strerror(code));
  log::error("state", error.detail);
  ASSERT_DURABLE(code == MDB_SUCCESS);
  std::abort();
}

GroupRecord LmdbEngine::record_of(GroupId group) const {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(group.value);
  return found == records_.end() ? GroupRecord{} : found->second;
}

std::optional<MDB_dbi> LmdbEngine::live_database(GroupId group) const {
  const std::lock_guard lock(mutex_);
  const auto record = records_.find(group.value);
  if (record == records_.end()) return std::nullopt;
  const auto handle = handles_.find({group.value, record->second.live});
  if (handle == handles_.end()) return std::nullopt;
  return handle->second;
}

std::optional<MDB_dbi> LmdbEngine::database_of(std::uint32_t group, std::uint32_t live) const {
  const std::lock_guard lock(mutex_);
  const auto handle = handles_.find({group, live});
  if (handle == handles_.end()) return std::nullopt;
  return handle->second;
}

std::string_view LmdbEngine::opened(
    std::uint32_t group, std::string_view key, const MDB_val& stored) const {
  // A size that is damaged, too, must not lead far beyond the map.
  const auto value =
      stored.mv_size > options_.map_bytes ? std::nullopt : open_sealed(group, key, view_of(stored));
  if (!value) damaged("a value of group " + std::to_string(group) + " does not fit its checksum");
  return *value;
}

std::optional<std::string_view> LmdbEngine::find(
    GroupId group, std::string_view key, MDB_txn* txn) const {
  const std::optional<MDB_dbi> database = live_database(group);
  if (!database) return std::nullopt;
  const std::string_view short_key = lmdb_key_of(key);
  MDB_val wanted = value_of(short_key);
  MDB_val stored{};
  const int code = mdb_get(txn, *database, &wanted, &stored);
  if (code == MDB_SUCCESS) {
    const std::string_view value = opened(group.value, short_key, stored);
    return is_in_bucket(key) ? find_in_bucket(value, key) : value;
  }
  if (code != MDB_NOTFOUND) failed_read("reading a key", code);
  check_neighbours(group, short_key, *database, txn);
  return std::nullopt;
}

// A key that is not found may be there with a flipped bit: then it is one of the two between which
// the search ended.
void LmdbEngine::check_neighbours(
    GroupId group, std::string_view key, MDB_dbi database, MDB_txn* txn) const {
  MDB_cursor* cursor = nullptr;
  if (const int code = mdb_cursor_open(txn, database, &cursor); code != MDB_SUCCESS) {
    failed_read("looking beside a key", code);
  }
  MDB_val near = value_of(key);
  MDB_val stored{};
  bool is_whole = true;
  // A separator that is damaged leads the search astray: then they are not on both sides of `key`.
  const auto check = [&](int code, int side) {
    if (code == MDB_SUCCESS) {
      MDB_val wanted = value_of(key);
      const int order = mdb_cmp(txn, database, &near, &wanted);
      is_whole = is_whole && (side < 0 ? order < 0 : order > 0);
      is_whole = is_whole && stored.mv_size <= options_.map_bytes &&
                 is_key_whole(group.value, view_of(near), view_of(stored));
    } else if (code != MDB_NOTFOUND) {
      is_whole = false;
    }
  };
  const int after = mdb_cursor_get(cursor, &near, &stored, MDB_SET_RANGE);
  check(after, 1);
  check(mdb_cursor_get(cursor, &near, &stored, after == MDB_SUCCESS ? MDB_PREV : MDB_LAST), -1);
  mdb_cursor_close(cursor);
  if (!is_whole)
    damaged("a key of group " + std::to_string(group.value) + " is not what was written");
}

std::optional<SharedBytes> LmdbEngine::get(GroupId group, std::string_view key) const {
  const ReadGuard guard(*this);
  const std::optional<std::string_view> value = find(group, key, guard.transaction());
  if (!value) return std::nullopt;
  return SharedBytes::copy_of(*value);
}

bool LmdbEngine::look(GroupId group, std::string_view key, const Look& look) const {
  const ReadGuard guard(*this);
  const std::optional<std::string_view> value = find(group, key, guard.transaction());
  if (value) look(*value);
  return value.has_value();
}

bool LmdbEngine::contains(GroupId group, std::string_view key) const {
  const ReadGuard guard(*this);
  return find(group, key, guard.transaction()).has_value();
}

void LmdbEngine::scan(GroupId group, std::string_view from, const Visitor& visit) const {
  const ReadGuard guard(*this);
  const std::optional<MDB_dbi> database = live_database(group);
  if (!database) return;
  MDB_cursor* cursor = nullptr;
  int code = mdb_cursor_open(guard.transaction(), *database, &cursor);
  if (code != MDB_SUCCESS) failed_read("reading in order", code);
  const auto visit_all = [&](std::string_view key, std::string_view value) {
    if (!is_in_bucket(key)) return visit(key, value);
    SnapshotPartReader bucket(value);
    while (bucket.next()) {
      if (bucket.key() >= from && !visit(bucket.key(), bucket.value())) return false;
    }
    return true;
  };
  MDB_val key = value_of(lmdb_key_of(from));
  MDB_val value{};
  code = mdb_cursor_get(cursor, &key, &value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
  while (code == MDB_SUCCESS && visit_all(view_of(key), opened(group.value, view_of(key), value))) {
    code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
  }
  mdb_cursor_close(cursor);
  if (code != MDB_SUCCESS && code != MDB_NOTFOUND) failed_read("reading in order", code);
}

std::uint64_t LmdbEngine::count(GroupId group) const {
  const ReadGuard guard(*this);
  const std::optional<MDB_dbi> database = live_database(group);
  if (!database) return 0;
  MDB_stat stat{};
  const int code = mdb_stat(guard.transaction(), *database, &stat);
  if (code != MDB_SUCCESS) failed_read("counting", code);
  return stat.ms_entries;
}

AppliedState LmdbEngine::applied(GroupId group) const {
  return record_of(group).applied;
}

std::unique_ptr<SnapshotReader> LmdbEngine::snapshot(GroupId group) const {
  return std::make_unique<LmdbSnapshot>(*this, group);
}

}  // namespace harka::storage
