// SPDX-License-Identifier: Apache-2.0
#include "apps/data_dir.hpp"

#include "base/log.hpp"
#include "storage/durable_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <utility>

namespace harka::apps {

namespace {

Error io_error(const std::string& what) {
  return Error{Code::io_failed, what + ": " + std::strerror(errno)};
}

std::uint64_t new_data_id() {
  std::random_device entropy;
  return (static_cast<std::uint64_t>(entropy()) << 32U | entropy()) | 1U;
}

bool has_log(const std::string& path) {
  std::error_code failure;
  std::filesystem::directory_iterator files(path + "/log", failure);
  for (; !failure && files != std::filesystem::directory_iterator(); files.increment(failure)) {
    if (files->path().extension() == ".seg") return true;
  }
  return false;
}

bool has_state(const std::string& path) {
  std::error_code failure;
  const auto bytes = std::filesystem::file_size(path + "/state/data.mdb", failure);
  return !failure && bytes > 0;
}

// A node's promises (votes, acknowledged entries) are in its log. Without the log it must not go
// on as the node that it was, and without its identity it does not know which one that is.
Result<Identity> identity_of(const std::string& path, const std::string& name) {
  Result<std::optional<Identity>> read = read_identity(path + "/identity");
  if (!read.ok()) return read.error();
  const bool is_log_there = has_log(path);
  const bool is_state_there = has_state(path);
  if (!read.value()) {
    if (!is_log_there && !is_state_there) return Identity{name, new_data_id(), 0};
    return Error{
        Code::corrupt,
        "the data directory " + path +
            " has no identity, but data. Put the file back from a backup of this "
            "directory"};
  }
  Identity known = *read.value();
  if (known.name != name) {
    return Error{
        Code::refused_to_protect,
        "the data directory " + path + " belongs to node '" + known.name + "', not '" + name +
            "'; start it under its own name or give another --data"};
  }
  if (is_log_there) return known;
  if (is_state_there) {
    return Error{
        Code::corrupt,
        "the data directory " + path +
            " has no log, but state: what this node promised to others is gone. "
            "Move it away and start a node of another name"};
  }
  if (known.epoch > 0) log::warning("node", path + " has no data any more: this is a new node");
  return Identity{name, new_data_id(), 0};
}

}  // namespace

Result<DataDir> DataDir::open(const std::string& path, const std::string& name) {
  DataDir made;
  made.path_ = path;
  if (Result<void> there = made.make_folders(); !there.ok()) return there.error();
  if (Result<void> locked = made.lock(); !locked.ok()) return locked.error();
  Result<Identity> identity = identity_of(path, name);
  if (!identity.ok()) return identity.error();
  made.is_state_lost_ = has_log(path) && !has_state(path);
  made.identity_ = identity.value();
  ++made.identity_.epoch;
  return Result<DataDir>(std::move(made));
}

Result<void> DataDir::claim() {
  if (Result<void> durable = sync_names(); !durable.ok()) return durable;
  Result<void> written = write_identity(path_ + "/identity", identity_);
  if (written.ok()) made_.clear();  // it is ours to stay
  return written;
}

Result<void> DataDir::make_folders() {
  std::error_code failure;
  const std::filesystem::path whole = std::filesystem::absolute(path_).lexically_normal();
  std::filesystem::path folder;
  for (const std::filesystem::path& part : whole) {
    folder /= part;
    if (part.empty()) continue;  // behind a trailing slash
    if (std::filesystem::create_directory(folder, failure)) made_.push_back(folder.string());
    if (failure) {
      return Error{
          Code::io_failed, "cannot make the data directory " + path_ + ": " + failure.message()};
    }
  }
  return {};
}

// The directory's own name as well when it was there: a start that died may have made it. A folder
// above that this user may not read (systemd's, for example) is of whoever made ours long before.
Result<void> DataDir::sync_names() const {
  const std::filesystem::path whole = std::filesystem::absolute(path_ + "/").lexically_normal();
  std::set<std::filesystem::path> above{whole.parent_path().parent_path()};
  for (const std::string& name : made_) above.insert(std::filesystem::path(name).parent_path());
  for (const std::filesystem::path& folder : above) {
    if (::access(folder.c_str(), R_OK) != 0) continue;
    if (Result<void> done = storage::sync_folder(folder.string()); !done.ok()) return done;
  }
  return {};
}

Result<void> DataDir::lock() {
  const std::string lock_path = path_ + "/lock";
  constexpr int flags = O_CREAT | O_RDWR | O_CLOEXEC;
  lock_ = ::open(lock_path.c_str(), flags | O_EXCL, 0600);
  if (lock_ >= 0) made_.push_back(lock_path);
  if (lock_ < 0 && errno == EEXIST) lock_ = ::open(lock_path.c_str(), flags, 0600);
  if (lock_ < 0) return io_error("cannot open " + lock_path);
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0 || !is_lock_of(lock_path)) {
    if (errno != EWOULDBLOCK) return io_error("cannot lock " + lock_path);
    std::string holder;
    std::getline(std::ifstream(lock_path), holder);
    return Error{
        Code::already_exists,
        "the data directory " + path_ + " is in use by " +
            (holder.empty() ? "another process" : "process " + holder)};
  }
  // The file only helps people; whether it is locked is what counts.
  const std::string own = std::to_string(::getpid()) + "\n";
  (void)!::ftruncate(lock_, 0);
  (void)!::pwrite(lock_, own.data(), own.size(), 0);
  return {};
}

bool DataDir::is_lock_of(const std::string& lock_path) const {
  struct stat held {};

  struct stat named {};

  const bool is_same = ::fstat(lock_, &held) == 0 && ::stat(lock_path.c_str(), &named) == 0 &&
                       held.st_ino == named.st_ino && held.st_dev == named.st_dev;
  if (!is_same) errno = EWOULDBLOCK;
  return is_same;
}

DataDir::DataDir(DataDir&& other) noexcept
    : path_(std::move(other.path_)),
      identity_(std::move(other.identity_)),
      made_(std::exchange(other.made_, {})),
      is_state_lost_(other.is_state_lost_),
      lock_(std::exchange(other.lock_, -1)) {}

DataDir::~DataDir() {
  // What somebody else put there meanwhile keeps its directory: only empty ones can be removed.
  std::error_code ignored;
  for (auto path = made_.rbegin(); path != made_.rend(); ++path) {
    std::filesystem::remove(*path, ignored);
  }
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace harka::apps
