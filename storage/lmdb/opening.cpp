// SPDX-License-Identifier: Apache-2.0
// Opening: what is checked before LMDB maps the file, and what must be in it.
#include "storage/durable_folder.hpp"
#include "storage/lmdb/core.hpp"
#include "storage/lmdb/file_check.hpp"
#include "storage/lmdb/long_key.hpp"
#include "storage/lmdb/sealed_value.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace harka::storage {

namespace {

/// In the table of groups: the format and whose state it is. No group has this number.
constexpr std::uint32_t about_key = 0xFFFFFFFF;
constexpr std::string_view format = "harka-state-3";

std::string about(std::uint64_t data_id) {
  std::string text(format);
  text.append(reinterpret_cast<const char*>(&data_id), sizeof data_id);
  std::string sealed(text.size() + seal_bytes, '\0');
  write_sealed(sealed.data(), about_key, record_key, text);
  return sealed;
}

}  // namespace

Error lmdb_error(const std::string& what, int code) {
  // LMDB's other codes are about bounds of ours, and the system's are positive.
  const bool is_bound = code == MDB_MAP_FULL || code == MDB_DBS_FULL || code == MDB_READERS_FULL ||
                        code == MDB_TLS_FULL || code == MDB_TXN_FULL || code == MDB_MAP_RESIZED ||
                        code == MDB_BAD_VALSIZE || code == MDB_BAD_RSLOT;
  const bool is_damage = code < 0 && !is_bound;
  return Error{
      is_damage ? Code::corrupt : Code::io_failed,
      "state store: " + what + ": " + mdb_strerror(code)};
}

Result<void> LmdbEngine::open() {
  const InsideLmdb inside;
  if (Result<void> made = make_durable_folder(options_.directory); !made.ok()) return made;
  const std::string mark = options_.directory + "/" + damage_mark;
  if (std::ifstream marked(mark); marked) {
    std::string why;
    std::getline(marked, why);
    return Error{Code::corrupt, why + " (found before, see " + mark + ")"};
  }
  Result<LmdbFile> file = check_lmdb_file(options_.directory + "/data.mdb");
  if (!file.ok()) return file.error();
  options_.map_bytes = std::max<std::size_t>(options_.map_bytes, file.value().map_bytes);
  while (options_.map_bytes < file.value().used_bytes * 2) options_.map_bytes *= 2;
  if (Result<void> opened = open_environment(); !opened.ok()) return opened;
  if (Result<void> synced = sync_folder(options_.directory); !synced.ok()) return synced;
  if (Result<void> extended = extend_file(); !extended.ok()) return extended;
  return open_databases(!file.value().has_commits);
}

Result<void> LmdbEngine::open_environment() {
  int code = mdb_env_create(&env_);
  if (code == MDB_SUCCESS) code = mdb_env_set_userctx(env_, this);
  if (code == MDB_SUCCESS) {
    code = mdb_env_set_assert(env_, [](MDB_env* env, const char* text) {
      static_cast<const LmdbEngine*>(mdb_env_get_userctx(env))->damaged(text);
    });
  }
  if (code == MDB_SUCCESS) code = mdb_env_set_maxdbs(env_, options_.databases_max);
  if (code == MDB_SUCCESS) code = mdb_env_set_maxreaders(env_, options_.readers_max);
  if (code == MDB_SUCCESS) code = mdb_env_set_mapsize(env_, options_.map_bytes);
  if (code == MDB_SUCCESS) code = mdb_env_open(env_, options_.directory.c_str(), MDB_NOTLS, 0600);
  if (code != MDB_SUCCESS) return lmdb_error("opening " + options_.directory, code);
  ASSERT_DURABLE(mdb_env_get_maxkeysize(env_) >= static_cast<int>(lmdb_key_bytes));
  int dead = 0;
  (void)mdb_reader_check(env_, &dead);
  return {};
}

Result<void> LmdbEngine::open_databases(bool is_new) {
  MDB_txn* txn = nullptr;
  int code = mdb_txn_begin(env_, nullptr, 0, &txn);
  if (code != MDB_SUCCESS) return lmdb_error("opening " + options_.directory, code);
  const Result<void> known = open_groups(txn, is_new);
  if (!known.ok()) {
    mdb_txn_abort(txn);
    return known;
  }
  code = load_records(txn);
  Handles opened;
  for (auto i = records_.begin(); code == MDB_SUCCESS && i != records_.end(); ++i) {
    MDB_dbi handle = 0;
    const unsigned flags = i->second.applied.index > 0 ? 0 : MDB_CREATE;
    code = open_database(txn, i->first, i->second.live, opened, handle, flags);
  }
  if (code == MDB_SUCCESS) {
    code = mdb_txn_commit(txn);
  } else {
    mdb_txn_abort(txn);
  }
  if (code == MDB_NOTFOUND) damaged("a group's data is not where its record says");
  if (code != MDB_SUCCESS) return lmdb_error("opening " + options_.directory, code);
  handles_ = std::move(opened);
  return {};
}

Result<void> LmdbEngine::open_groups(MDB_txn* txn, bool is_new) {
  const unsigned flags = MDB_INTEGERKEY | (is_new ? MDB_CREATE : 0U);
  int code = mdb_dbi_open(txn, "groups", flags, &groups_);
  if (code == MDB_NOTFOUND || code == MDB_INCOMPATIBLE) damaged("the table of groups is gone");
  std::uint32_t number = about_key;
  MDB_val key{sizeof number, &number};
  MDB_val found{};
  const std::string own = about(options_.data_id);
  MDB_val wanted = value_of(own);
  if (code == MDB_SUCCESS && is_new) code = mdb_put(txn, groups_, &key, &wanted, 0);
  if (code != MDB_SUCCESS) return lmdb_error("opening " + options_.directory, code);
  if (is_new) return {};
  code = mdb_get(txn, groups_, &key, &found);
  if (code == MDB_NOTFOUND) {
    if (has_sealed_record(txn)) damaged("what it is and whose is gone");
    return Error{
        Code::stale_epoch,
        options_.directory +
            " was written by another version of HARKA; this "
            "one reads and writes '" +
            std::string(format) + "'"};
  }
  if (code != MDB_SUCCESS) return lmdb_error("opening " + options_.directory, code);
  const std::string_view said = opened(about_key, record_key, found);
  if (!said.starts_with(format)) {
    return Error{
        Code::stale_epoch,
        options_.directory + " has format '" +
            std::string(said.substr(0, said.size() - sizeof options_.data_id)) +
            "', this version of HARKA '" + std::string(format) + "'"};
  }
  if (view_of(found) == own) return {};
  return Error{
      Code::refused_to_protect,
      options_.directory + " belongs to another data directory; put it back there"};
}

// Only this format seals its records.
bool LmdbEngine::has_sealed_record(MDB_txn* txn) const {
  MDB_cursor* cursor = nullptr;
  if (mdb_cursor_open(txn, groups_, &cursor) != MDB_SUCCESS) return false;
  MDB_val key{};
  MDB_val stored{};
  bool is_found = false;
  while (!is_found && mdb_cursor_get(cursor, &key, &stored, MDB_NEXT) == MDB_SUCCESS) {
    std::uint32_t number = 0;
    std::memcpy(&number, key.mv_data, std::min(sizeof number, key.mv_size));
    is_found = open_sealed(number, record_key, view_of(stored)).has_value();
  }
  mdb_cursor_close(cursor);
  return is_found;
}

// Sparsely: takes no room on the disk. A file that is shorter than the map was cut.
Result<void> LmdbEngine::extend_file() const {
  mdb_filehandle_t file = -1;

  struct stat status {};

  const auto bytes = static_cast<off_t>(options_.map_bytes);
  const bool is_done =
      mdb_env_get_fd(env_, &file) == MDB_SUCCESS && ::fstat(file, &status) == 0 &&
      (status.st_size >= bytes || (::ftruncate(file, bytes) == 0 && ::fsync(file) == 0));
  if (is_done) return {};
  return Error{
      Code::io_failed, "extending " + options_.directory + "/data.mdb: " + std::strerror(errno)};
}

int LmdbEngine::load_records(MDB_txn* txn) {
  MDB_cursor* cursor = nullptr;
  int code = mdb_cursor_open(txn, groups_, &cursor);
  if (code != MDB_SUCCESS) return code;
  MDB_val key{};
  MDB_val value{};
  for (code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); code == MDB_SUCCESS;
       code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
    std::uint32_t group = 0;
    if (key.mv_size != sizeof group) damaged("a record of a group has no number");
    std::memcpy(&group, key.mv_data, sizeof group);
    if (group == about_key) continue;
    Result<GroupRecord> record = decode_record(opened(group, record_key, value));
    if (!record.ok()) damaged(record.error().detail);
    records_[group] = std::move(record).value();
  }
  mdb_cursor_close(cursor);
  return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

LmdbEngine::~LmdbEngine() {
  for (MDB_txn* txn : idle_) mdb_txn_abort(txn);
  if (env_ != nullptr) mdb_env_close(env_);
}

Result<std::unique_ptr<Engine>> open_lmdb_engine(const LmdbOptions& options) {
  auto engine = std::make_unique<LmdbEngine>(options);
  if (Result<void> opened = engine->open(); !opened.ok()) return opened.error();
  return Result<std::unique_ptr<Engine>>(std::move(engine));
}

}  // namespace harka::storage
