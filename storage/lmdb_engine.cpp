// SPDX-License-Identifier: Apache-2.0
// The only file that knows LMDB; its return codes become Results here.
//
// A gate (reader-writer lock) stands before every transaction, because the map may grow only while
// no transaction is open: growing closes the gate, ends pinned snapshots and maps more. A group's
// state lies in one of two databases ("g17.0", "g17.1"); installing a snapshot fills the other one
// and then switches the group's record in the same transaction.
#include "storage/lmdb_engine.hpp"

#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>

#include <lmdb.h>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "storage/group_record.hpp"
#include "storage/snapshot_part.hpp"

namespace harka::storage {

namespace {

Error failed(const std::string& what, int code) {
  return Error{
      code == MDB_CORRUPTED || code == MDB_INVALID ? Code::corrupt : Code::io_failed,
      "state store: " + what + ": " + mdb_strerror(code)};
}

MDB_val value_of(std::string_view text) {
  return MDB_val{text.size(), const_cast<char*>(text.data())};
}

std::string_view view_of(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

class LmdbEngine;

/// A read transaction for one call; returned to the engine's pool.
class ReadGuard {
 public:
  explicit ReadGuard(const LmdbEngine& engine);
  ~ReadGuard();
  ReadGuard(const ReadGuard&) = delete;
  ReadGuard& operator=(const ReadGuard&) = delete;
  [[nodiscard]] MDB_txn* transaction() const { return transaction_; }

 private:
  const LmdbEngine& engine_;
  std::shared_lock<std::shared_mutex> gate_;
  MDB_txn* transaction_ = nullptr;
};

class LmdbSnapshot;

class LmdbEngine final : public Engine {
 public:
  explicit LmdbEngine(LmdbOptions options) : options_(std::move(options)) {}
  ~LmdbEngine() override;
  Result<void> open();

  [[nodiscard]] std::optional<SharedBytes> get(GroupId group, std::string_view key) const override;
  [[nodiscard]] bool contains(GroupId group, std::string_view key) const override;
  void scan(GroupId group, std::string_view from, const Visitor& visit) const override;
  [[nodiscard]] std::uint64_t count(GroupId group) const override;
  [[nodiscard]] AppliedState applied(GroupId group) const override;
  [[nodiscard]] std::unique_ptr<SnapshotReader> snapshot(GroupId group) const override;
  Result<void> write(const WriteBatch& batch) override;

 private:
  friend class ReadGuard;
  friend class LmdbSnapshot;
  using Handles = std::map<std::pair<std::uint32_t, std::uint32_t>, MDB_dbi>;

  [[nodiscard]] GroupRecord record_of(GroupId group) const;
  [[nodiscard]] std::optional<MDB_dbi> live_database(GroupId group) const;
  [[nodiscard]] bool find(GroupId group, std::string_view key, MDB_val& value, MDB_txn* txn) const;
  int load_records(MDB_txn* txn);
  int open_database(MDB_txn* txn, std::uint32_t group, std::uint32_t live, Handles& opened, MDB_dbi& handle);
  int write_all(MDB_txn* txn, const WriteBatch& batch, std::map<std::uint32_t, GroupRecord>& records, Handles& opened);
  int flush(MDB_txn* txn, const msg::FlushState& flush, std::map<std::uint32_t, GroupRecord>& records, Handles& opened);
  int install(MDB_txn* txn, const msg::InstallState& install, std::map<std::uint32_t, GroupRecord>& records, Handles& opened);
  int drop(MDB_txn* txn, GroupId group, std::map<std::uint32_t, GroupRecord>& records, Handles& opened);
  int put_record(MDB_txn* txn, std::uint32_t group, const GroupRecord& record);
  Result<void> grow();

  LmdbOptions options_;
  MDB_env* env_ = nullptr;
  MDB_dbi groups_ = 0;
  mutable std::shared_mutex gate_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::vector<MDB_txn*> idle_;
  mutable std::set<LmdbSnapshot*> snapshots_;
  std::map<std::uint32_t, GroupRecord> records_;
  Handles handles_;
};

class LmdbSnapshot final : public SnapshotReader {
 public:
  LmdbSnapshot(const LmdbEngine& engine, GroupId group);
  ~LmdbSnapshot() override;

  [[nodiscard]] const AppliedState& applied() const override { return applied_; }
  Result<SnapshotPart> next() override;
  /// The gate is closed: give the pages back.
  void expire();

 private:
  const LmdbEngine& engine_;
  AppliedState applied_;
  MDB_txn* transaction_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
  std::uint32_t sequence_ = 0;
  bool has_more_ = false;
  bool is_expired_ = false;
  std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
};

// --- Reading -----------------------------------------------------------------------------------

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
  ASSERT_DURABLE(code == MDB_SUCCESS);
}

ReadGuard::~ReadGuard() {
  mdb_txn_reset(transaction_);
  const std::lock_guard lock(engine_.mutex_);
  engine_.idle_.push_back(transaction_);
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

bool LmdbEngine::find(GroupId group, std::string_view key, MDB_val& value, MDB_txn* txn) const {
  const std::optional<MDB_dbi> database = live_database(group);
  if (!database) return false;
  MDB_val wanted = value_of(key);
  const int code = mdb_get(txn, *database, &wanted, &value);
  // A database made after this transaction began is unknown to it: nothing there yet.
  ASSERT_DURABLE(code == MDB_SUCCESS || code == MDB_NOTFOUND || code == MDB_BAD_DBI);
  return code == MDB_SUCCESS;
}

std::optional<SharedBytes> LmdbEngine::get(GroupId group, std::string_view key) const {
  const ReadGuard guard(*this);
  MDB_val value{};
  if (!find(group, key, value, guard.transaction())) return std::nullopt;
  return SharedBytes::copy_of(view_of(value));
}

bool LmdbEngine::contains(GroupId group, std::string_view key) const {
  const ReadGuard guard(*this);
  MDB_val value{};
  return find(group, key, value, guard.transaction());
}

void LmdbEngine::scan(GroupId group, std::string_view from, const Visitor& visit) const {
  const ReadGuard guard(*this);
  const std::optional<MDB_dbi> database = live_database(group);
  MDB_cursor* cursor = nullptr;
  if (!database || mdb_cursor_open(guard.transaction(), *database, &cursor) != MDB_SUCCESS) return;
  MDB_val key = value_of(from);
  MDB_val value{};
  int code = mdb_cursor_get(cursor, &key, &value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
  while (code == MDB_SUCCESS && visit(view_of(key), view_of(value))) {
    code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
  }
  mdb_cursor_close(cursor);
}

std::uint64_t LmdbEngine::count(GroupId group) const {
  const ReadGuard guard(*this);
  const std::optional<MDB_dbi> database = live_database(group);
  MDB_stat stat{};
  if (!database || mdb_stat(guard.transaction(), *database, &stat) != MDB_SUCCESS) return 0;
  return stat.ms_entries;
}

AppliedState LmdbEngine::applied(GroupId group) const { return record_of(group).applied; }

std::unique_ptr<SnapshotReader> LmdbEngine::snapshot(GroupId group) const {
  return std::make_unique<LmdbSnapshot>(*this, group);
}

// --- Snapshots ---------------------------------------------------------------------------------

LmdbSnapshot::LmdbSnapshot(const LmdbEngine& engine, GroupId group) : engine_(engine) {
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
  Result<GroupRecord> record = decode_record(view_of(value));
  ASSERT_DURABLE(record.ok());
  applied_ = record.value().applied;
  const auto handle = engine.handles_.find({group.value, record.value().live});
  if (handle == engine.handles_.end()) return;
  if (mdb_cursor_open(transaction_, handle->second, &cursor_) != MDB_SUCCESS) return;
  MDB_val first{};
  has_more_ = mdb_cursor_get(cursor_, &first, &value, MDB_FIRST) == MDB_SUCCESS;
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
    if (!writer.add(view_of(key), view_of(value))) break;
    has_more_ = mdb_cursor_get(cursor_, &key, &value, MDB_NEXT) == MDB_SUCCESS;
  }
  part.done = !has_more_;
  part.data = writer.take();
  return part;
}

// --- Writing -----------------------------------------------------------------------------------

int LmdbEngine::open_database(
    MDB_txn* txn, std::uint32_t group, std::uint32_t live, Handles& opened, MDB_dbi& handle) {
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
  const int code = mdb_dbi_open(txn, name.c_str(), MDB_CREATE, &handle);
  if (code == MDB_SUCCESS) opened[{group, live}] = handle;
  return code;
}

int LmdbEngine::put_record(MDB_txn* txn, std::uint32_t group, const GroupRecord& record) {
  const std::string encoded = encode_record(record);
  MDB_val key{sizeof group, &group};
  MDB_val value = value_of(encoded);
  return mdb_put(txn, groups_, &key, &value, 0);
}

int LmdbEngine::flush(
    MDB_txn* txn, const msg::FlushState& flush, std::map<std::uint32_t, GroupRecord>& records,
    Handles& opened) {
  GroupRecord& record = records.try_emplace(flush.group, record_of(GroupId{flush.group})).first->second;
  MDB_dbi database = 0;
  int code = open_database(txn, flush.group, record.live, opened, database);
  for (auto write = flush.writes.begin(); code == MDB_SUCCESS && write != flush.writes.end(); ++write) {
    MDB_val key = value_of(write->key.view());
    MDB_val value = value_of(write->value.view());
    code = write->removed ? mdb_del(txn, database, &key, nullptr)
                          : mdb_put(txn, database, &key, &value, 0);
    if (write->removed && code == MDB_NOTFOUND) code = MDB_SUCCESS;
  }
  if (code != MDB_SUCCESS) return code;
  record.applied = AppliedState{flush.applied_index, flush.applied_term, flush.config};
  return put_record(txn, flush.group, record);
}

int LmdbEngine::install(
    MDB_txn* txn, const msg::InstallState& install, std::map<std::uint32_t, GroupRecord>& records,
    Handles& opened) {
  GroupRecord& record =
      records.try_emplace(install.group, record_of(GroupId{install.group})).first->second;
  const std::uint32_t staging_number = 1 - record.live;
  MDB_dbi staging = 0;
  int code = open_database(txn, install.group, staging_number, opened, staging);
  if (code == MDB_SUCCESS && install.sequence == 0) code = mdb_drop(txn, staging, 0);
  SnapshotPartReader reader(install.data);
  while (code == MDB_SUCCESS && reader.next()) {
    MDB_val key = value_of(reader.key());
    MDB_val value = value_of(reader.value());
    code = mdb_put(txn, staging, &key, &value, 0);
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
    MDB_txn* txn, const WriteBatch& batch, std::map<std::uint32_t, GroupRecord>& records,
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

Result<void> LmdbEngine::write(const WriteBatch& batch) {
  for (;;) {
    std::map<std::uint32_t, GroupRecord> records;
    Handles opened;
    int code = MDB_SUCCESS;
    {
      const std::shared_lock gate(gate_);
      MDB_txn* txn = nullptr;
      code = mdb_txn_begin(env_, nullptr, 0, &txn);
      if (code == MDB_SUCCESS) {
        code = write_all(txn, batch, records, opened);
        if (code == MDB_SUCCESS) {
          code = mdb_txn_commit(txn);
        } else {
          mdb_txn_abort(txn);
        }
      }
    }
    if (code == MDB_MAP_FULL) {
      if (Result<void> grown = grow(); !grown.ok()) return grown;
      continue;
    }
    if (code != MDB_SUCCESS) return failed("write", code);
    const std::lock_guard lock(mutex_);
    handles_.insert(opened.begin(), opened.end());
    for (auto& [group, record] : records) records_[group] = std::move(record);
    return {};
  }
}

Result<void> LmdbEngine::grow() {
  const std::unique_lock gate(gate_);
  const std::lock_guard lock(mutex_);
  for (LmdbSnapshot* snapshot : snapshots_) snapshot->expire();
  for (MDB_txn* txn : idle_) mdb_txn_abort(txn);
  idle_.clear();
  options_.map_bytes *= 2;
  const int code = mdb_env_set_mapsize(env_, options_.map_bytes);
  if (code != MDB_SUCCESS) return failed("growing the map", code);
  log::info("state", "map grown to " + std::to_string(options_.map_bytes >> 20U) + " MiB");
  return {};
}

// --- Opening -----------------------------------------------------------------------------------

int LmdbEngine::load_records(MDB_txn* txn) {
  MDB_cursor* cursor = nullptr;
  int code = mdb_cursor_open(txn, groups_, &cursor);
  if (code != MDB_SUCCESS) return code;
  MDB_val key{};
  MDB_val value{};
  for (code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); code == MDB_SUCCESS;
       code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
    std::uint32_t group = 0;
    Result<GroupRecord> record = decode_record(view_of(value));
    if (key.mv_size != sizeof group || !record.ok()) {
      code = MDB_CORRUPTED;
      break;
    }
    std::memcpy(&group, key.mv_data, sizeof group);
    records_[group] = record.value();
  }
  mdb_cursor_close(cursor);
  return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

Result<void> LmdbEngine::open() {
  std::error_code failure;
  std::filesystem::create_directories(options_.directory, failure);
  if (failure) return Error{Code::io_failed, options_.directory + ": " + failure.message()};
  const std::string file = options_.directory + "/data.mdb";
  if (std::filesystem::exists(file, failure)) {
    while (options_.map_bytes < std::filesystem::file_size(file, failure) * 2) options_.map_bytes *= 2;
  }
  int code = mdb_env_create(&env_);
  if (code == MDB_SUCCESS) code = mdb_env_set_maxdbs(env_, options_.databases_max);
  if (code == MDB_SUCCESS) code = mdb_env_set_maxreaders(env_, options_.readers_max);
  if (code == MDB_SUCCESS) code = mdb_env_set_mapsize(env_, options_.map_bytes);
  if (code == MDB_SUCCESS) code = mdb_env_open(env_, options_.directory.c_str(), MDB_NOTLS, 0600);
  if (code != MDB_SUCCESS) return failed("opening " + options_.directory, code);
  int dead = 0;
  (void)mdb_reader_check(env_, &dead);
  MDB_txn* txn = nullptr;
  code = mdb_txn_begin(env_, nullptr, 0, &txn);
  if (code != MDB_SUCCESS) return failed("opening " + options_.directory, code);
  code = mdb_dbi_open(txn, "groups", MDB_CREATE | MDB_INTEGERKEY, &groups_);
  if (code == MDB_SUCCESS) code = load_records(txn);
  Handles opened;
  for (auto i = records_.begin(); code == MDB_SUCCESS && i != records_.end(); ++i) {
    MDB_dbi handle = 0;
    code = open_database(txn, i->first, i->second.live, opened, handle);
  }
  if (code == MDB_SUCCESS) {
    code = mdb_txn_commit(txn);
  } else {
    mdb_txn_abort(txn);
  }
  if (code != MDB_SUCCESS) return failed("opening " + options_.directory, code);
  handles_ = std::move(opened);
  return {};
}

LmdbEngine::~LmdbEngine() {
  for (MDB_txn* txn : idle_) mdb_txn_abort(txn);
  if (env_ != nullptr) mdb_env_close(env_);
}

}  // namespace

Result<std::unique_ptr<Engine>> open_lmdb_engine(const LmdbOptions& options) {
  auto engine = std::make_unique<LmdbEngine>(options);
  if (Result<void> opened = engine->open(); !opened.ok()) return opened.error();
  return Result<std::unique_ptr<Engine>>(std::move(engine));
}

}  // namespace harka::storage
