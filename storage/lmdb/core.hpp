// SPDX-License-Identifier: Apache-2.0
// Inside the LMDB engine, for the sources of this folder.
//
// A gate (reader-writer lock) stands before every reading transaction, because the map may grow
// only while none is open: growing closes the gate, ends pinned snapshots and maps more. A group's
// state lies in one of two databases ("g17.0", "g17.1"); installing a snapshot fills the other one
// and then switches the group's record in the same transaction. Which database is live, and its
// handle, are known outside of LMDB too: a batch that changes that is committed behind the closed
// gate, so that a read sees both from before or both from after. Every value is sealed
// (sealed_value.hpp); what does not fit its seal ends the process by `damaged`.
#pragma once

#include "storage/group_record.hpp"
#include "storage/lmdb/fault_guard.hpp"
#include "storage/lmdb/gate.hpp"
#include "storage/lmdb_engine.hpp"
#include "storage/snapshot_part.hpp"

#include <lmdb.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace harka::storage {

[[nodiscard]] Error lmdb_error(const std::string& what, int code);

[[nodiscard]] inline MDB_val value_of(std::string_view text) {
  return MDB_val{text.size(), const_cast<char*>(text.data())};
}

[[nodiscard]] inline std::string_view view_of(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

/// What the group records are sealed with in place of a key.
constexpr std::string_view record_key = "record";

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
  /// A second one on the same thread would wait for whoever waits for the first one.
  [[nodiscard]] static Gate& gate_of(const LmdbEngine& engine);

  const LmdbEngine& engine_;
  std::shared_lock<Gate> gate_;
  MDB_txn* transaction_ = nullptr;
  const InsideLmdb inside_;
};

class LmdbSnapshot;

class LmdbEngine final : public Engine {
 public:
  explicit LmdbEngine(LmdbOptions options) : options_(std::move(options)) {}

  ~LmdbEngine() override;
  Result<void> open();

  [[nodiscard]] std::optional<SharedBytes> get(GroupId group, std::string_view key) const override;
  bool look(GroupId group, std::string_view key, const Look& look) const override;
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
  [[nodiscard]] std::optional<MDB_dbi> database_of(std::uint32_t group, std::uint32_t live) const;
  /// The value without its seal. Any length of key, here and where nothing else is said.
  [[nodiscard]] std::optional<std::string_view> find(
      GroupId group, std::string_view key, MDB_txn* txn) const;
  void check_neighbours(GroupId group, std::string_view key, MDB_dbi database, MDB_txn* txn) const;
  [[nodiscard]] std::string_view opened(
      std::uint32_t group, std::string_view key, const MDB_val& stored) const;
  /// Does not return: what is found is not what was written.
  [[noreturn]] void damaged(const std::string& what) const;
  /// Does not return either: a read has nobody to tell. Only damage is marked as such.
  [[noreturn]] void failed_read(const std::string& what, int code) const;
  Result<void> open_environment();
  Result<void> open_databases(bool is_new);
  Result<void> open_groups(MDB_txn* txn, bool is_new);
  [[nodiscard]] bool has_sealed_record(MDB_txn* txn) const;
  int load_records(MDB_txn* txn);
  Result<void> extend_file() const;
  int open_database(
      MDB_txn* txn,
      std::uint32_t group,
      std::uint32_t live,
      Handles& opened,
      MDB_dbi& handle,
      unsigned flags = MDB_CREATE);
  int write_once(const WriteBatch& batch);
  [[nodiscard]] bool moves_data(
      const std::map<std::uint32_t, GroupRecord>& records, const Handles& opened) const;
  void expire_old_snapshots();
  int write_all(
      MDB_txn* txn,
      const WriteBatch& batch,
      std::map<std::uint32_t, GroupRecord>& records,
      Handles& opened);
  int flush(
      MDB_txn* txn,
      const msg::FlushState& flush,
      std::map<std::uint32_t, GroupRecord>& records,
      Handles& opened);
  int install(
      MDB_txn* txn,
      const msg::InstallState& install,
      std::map<std::uint32_t, GroupRecord>& records,
      Handles& opened);
  int drop(
      MDB_txn* txn, GroupId group, std::map<std::uint32_t, GroupRecord>& records, Handles& opened);
  int put_record(MDB_txn* txn, std::uint32_t group, const GroupRecord& record);
  int put(
      MDB_txn* txn,
      MDB_dbi database,
      std::uint32_t group,
      std::string_view key,
      std::string_view value);
  int remove(MDB_txn* txn, MDB_dbi database, std::uint32_t group, std::string_view key);
  /// Of a long key, as it is now; empty when there is none. Valid until the next write.
  int read_bucket(
      MDB_txn* txn,
      MDB_dbi database,
      std::uint32_t group,
      std::string_view key,
      std::string_view& bucket) const;
  /// `key` is LMDB's.
  int put_sealed(
      MDB_txn* txn,
      MDB_dbi database,
      std::uint32_t group,
      std::string_view key,
      std::string_view value);
  Result<void> grow();

  LmdbOptions options_;
  MDB_env* env_ = nullptr;
  MDB_dbi groups_ = 0;
  mutable Gate gate_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::vector<MDB_txn*> idle_;
  mutable std::set<LmdbSnapshot*> snapshots_;
  std::map<std::uint32_t, GroupRecord> records_;
  Handles handles_;
};

/// Reading a part takes as long as the disk does. So it holds a mutex of its own, which comes after
/// the engine's, and never that one: every read of the node needs it.
class LmdbSnapshot final : public SnapshotReader {
 public:
  LmdbSnapshot(const LmdbEngine& engine, GroupId group);
  ~LmdbSnapshot() override;

  [[nodiscard]] const AppliedState& applied() const override { return applied_; }

  Result<SnapshotPart> next() override;
  /// Gives the pages back, unless a part is being read just now: then the next part is refused.
  void expire_unless_read();
  [[nodiscard]] bool is_too_old() const;

 private:
  void begin();
  /// `mutex_` is held.
  void expire();
  /// False at the end.
  [[nodiscard]] bool step(MDB_cursor_op operation);
  /// What lies at the cursor; false when the part is full before all of it is in.
  [[nodiscard]] bool add_current(SnapshotPartWriter& writer);

  const LmdbEngine& engine_;
  const std::uint32_t group_;
  AppliedState applied_;
  std::mutex mutex_;  // guards what follows
  MDB_txn* transaction_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
  std::uint32_t sequence_ = 0;
  std::size_t bucket_done_ = 0;  // of the keys in the bucket at the cursor
  bool has_more_ = false;
  bool is_expired_ = false;
  const std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
};

}  // namespace harka::storage
