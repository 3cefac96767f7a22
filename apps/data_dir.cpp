// SPDX-License-Identifier: Apache-2.0
// The identity file is four lines of text, replaced by write, fsync, rename and directory fsync.
#include "apps/data_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <utility>

namespace harka::apps {

namespace {

constexpr std::string_view identity_magic = "harka-data-directory-1";

struct Identity {
  std::string name;
  std::uint64_t data_id = 0;
  std::uint64_t epoch = 0;
};

Error io_error(const std::string& what) {
  return Error{Code::io_failed, what + ": " + std::strerror(errno)};
}

Result<Identity> read_identity(const std::string& path) {
  std::ifstream file(path);
  std::string magic;
  Identity identity;
  if (!std::getline(file, magic) || magic != identity_magic || !std::getline(file, identity.name) ||
      !(file >> identity.data_id >> identity.epoch)) {
    return Error{
        Code::corrupt,
        path +
            " is not readable as a HARKA identity; restore it from a backup, or "
            "move the directory away and let the node join again"};
  }
  return identity;
}

Result<void> write_durably(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".new";
  const int file = ::open(temporary.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return io_error("cannot write " + temporary);
  const bool is_written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  const Error failure = io_error("cannot write " + temporary);
  ::close(file);
  if (!is_written) return failure;
  if (::rename(temporary.c_str(), path.c_str()) != 0) return io_error("cannot replace " + path);
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const int directory = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return io_error("cannot open " + parent);
  const bool is_synced = ::fsync(directory) == 0;
  ::close(directory);
  if (!is_synced) return io_error("cannot sync " + parent);
  return {};
}

}  // namespace

Result<DataDir> DataDir::open(const std::string& path, const std::string& name) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) {
    return Error{
        Code::io_failed, "cannot make the data directory " + path + ": " + failure.message()};
  }
  DataDir made;
  made.path_ = path;
  const std::string lock_path = path + "/lock";
  made.lock_ = ::open(lock_path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (made.lock_ < 0) return io_error("cannot open " + lock_path);
  if (::flock(made.lock_, LOCK_EX | LOCK_NB) != 0) {
    return Error{
        Code::already_exists,
        "the data directory " + path +
            " is in use by another process; stop it, or give another "
            "--data"};
  }
  const std::string identity_path = path + "/identity";
  Identity identity;
  if (std::filesystem::exists(identity_path)) {
    Result<Identity> known = read_identity(identity_path);
    if (!known.ok()) return known.error();
    identity = known.value();
    if (identity.name != name) {
      return Error{
          Code::refused_to_protect,
          "the data directory " + path + " belongs to node '" + identity.name + "', not '" + name +
              "'; start it under its own name or give another --data"};
    }
  } else {
    std::random_device entropy;
    identity.name = name;
    identity.data_id = (static_cast<std::uint64_t>(entropy()) << 32U | entropy()) | 1U;
  }
  ++identity.epoch;
  std::ostringstream text;
  text << identity_magic << '\n'
       << name << '\n'
       << identity.data_id << '\n'
       << identity.epoch << '\n';
  if (Result<void> written = write_durably(identity_path, text.str()); !written.ok()) {
    return written.error();
  }
  made.data_id_ = identity.data_id;
  made.epoch_ = Epoch{identity.epoch};
  return Result<DataDir>(std::move(made));
}

DataDir::DataDir(DataDir&& other) noexcept
    : path_(std::move(other.path_)),
      data_id_(other.data_id_),
      epoch_(other.epoch_),
      lock_(std::exchange(other.lock_, -1)) {}

DataDir::~DataDir() {
  if (lock_ >= 0) ::close(lock_);
}

NodeId node_id_of(const std::string& name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return NodeId{hash == 0 ? 1 : hash};
}

}  // namespace harka::apps
