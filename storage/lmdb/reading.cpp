// SPDX-License-Identifier: Apache-2.0
// Reads, from any thread.
#include "base/limits.hpp"
#include "storage/lmdb/core.hpp"
#include "storage/lmdb/sealed_value.hpp"

#include <cstdlib>
#include <fstream>

namespace harka::storage {

namespace {

/// No value is larger: it came in one message.
constexpr std::size_t stored_bytes_max = limits::frame_bytes_max + seal_bytes;

}  // namespace

ReadGuard::ReadGuard(const LmdbEngine& engine) : engine_(engine), gate_(engine.gate_) {
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
  if (code != MDB_SUCCESS) engine.damaged(std::string("beginning to read: ") + mdb_strerror(code));
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

std::string_view LmdbEngine::opened(
    std::uint32_t group, std::string_view key, const MDB_val& stored) const {
  // A size that is damaged, too, must not lead far beyond the map.
  const auto value =
      stored.mv_size > stored_bytes_max ? std::nullopt : open_sealed(group, key, view_of(stored));
  if (!value) damaged("a value of group " + std::to_string(group) + " does not fit its checksum");
  return *value;
}

std::optional<std::string_view> LmdbEngine::find(
    GroupId group, std::string_view key, MDB_txn* txn) const {
  const std::optional<MDB_dbi> database = live_database(group);
  if (!database) return std::nullopt;
  MDB_val wanted = value_of(key);
  MDB_val stored{};
  const int code = mdb_get(txn, *database, &wanted, &stored);
  if (code == MDB_SUCCESS) return opened(group.value, key, stored);
  // A database made after this transaction began is unknown to it: nothing there yet.
  if (code == MDB_BAD_DBI) return std::nullopt;
  if (code != MDB_NOTFOUND) damaged(std::string("reading a key: ") + mdb_strerror(code));
  check_neighbours(group, key, *database, txn);
  return std::nullopt;
}

// A key that is not found may be there with a flipped bit: then it is one of the two between which
// the search ended.
void LmdbEngine::check_neighbours(
    GroupId group, std::string_view key, MDB_dbi database, MDB_txn* txn) const {
  MDB_cursor* cursor = nullptr;
  if (mdb_cursor_open(txn, database, &cursor) != MDB_SUCCESS) return;
  MDB_val near = value_of(key);
  MDB_val stored{};
  bool is_whole = true;
  // A separator that is damaged leads the search astray: then they are not on both sides of `key`.
  const auto check = [&](int code, int side) {
    if (code == MDB_SUCCESS) {
      MDB_val wanted = value_of(key);
      const int order = mdb_cmp(txn, database, &near, &wanted);
      is_whole = is_whole && (side < 0 ? order < 0 : order > 0);
      is_whole = is_whole && stored.mv_size <= stored_bytes_max &&
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

bool LmdbEngine::contains(GroupId group, std::string_view key) const {
  const ReadGuard guard(*this);
  return find(group, key, guard.transaction()).has_value();
}

void LmdbEngine::scan(GroupId group, std::string_view from, const Visitor& visit) const {
  const ReadGuard guard(*this);
  const std::optional<MDB_dbi> database = live_database(group);
  MDB_cursor* cursor = nullptr;
  if (!database || mdb_cursor_open(guard.transaction(), *database, &cursor) != MDB_SUCCESS) return;
  MDB_val key = value_of(from);
  MDB_val value{};
  int code = mdb_cursor_get(cursor, &key, &value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
  while (code == MDB_SUCCESS && visit(view_of(key), opened(group.value, view_of(key), value))) {
    code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
  }
  mdb_cursor_close(cursor);
  if (code != MDB_SUCCESS && code != MDB_NOTFOUND) {
    damaged(std::string("reading in order: ") + mdb_strerror(code));
  }
}

std::uint64_t LmdbEngine::count(GroupId group) const {
  const ReadGuard guard(*this);
  const std::optional<MDB_dbi> database = live_database(group);
  MDB_stat stat{};
  if (!database || mdb_stat(guard.transaction(), *database, &stat) != MDB_SUCCESS) return 0;
  return stat.ms_entries;
}

AppliedState LmdbEngine::applied(GroupId group) const {
  return record_of(group).applied;
}

std::unique_ptr<SnapshotReader> LmdbEngine::snapshot(GroupId group) const {
  return std::make_unique<LmdbSnapshot>(*this, group);
}

}  // namespace harka::storage
