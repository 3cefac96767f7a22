// SPDX-License-Identifier: Apache-2.0
#include "apps/identity.hpp"

#include "storage/checksum.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

namespace harka::apps {

namespace {

constexpr std::string_view magic_family = "harka-data-directory-";  // the same in all versions
constexpr std::string_view magic = "harka-data-directory-2";

Error io_error(const std::string& what) {
  return Error{Code::io_failed, what + ": " + std::strerror(errno)};
}

std::string text_of(const Identity& identity) {
  std::ostringstream lines;
  lines << magic << '\n'
        << identity.name << '\n'
        << identity.data_id << '\n'
        << identity.epoch << '\n';
  char seal[10];
  (void)std::snprintf(seal, sizeof seal, "%08x\n", storage::crc32c(lines.str()));
  return lines.str() + seal;
}

Error damaged(const std::string& path) {
  return Error{
      Code::corrupt,
      path +
          " is damaged: without it nobody knows whose this directory is. Put the "
          "file back from a backup of this directory"};
}

Result<void> write_and_sync(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return io_error("cannot write " + path);
  errno = ENOSPC;  // what a short write means
  const bool is_written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  const Error failure = io_error("cannot write " + path);
  ::close(file);
  if (is_written) return {};
  ::unlink(path.c_str());
  return failure;
}

}  // namespace

Result<std::optional<Identity>> read_identity(const std::string& path) {
  std::error_code failure;
  if (!std::filesystem::exists(path, failure)) {
    if (failure) return Error{Code::io_failed, path + ": " + failure.message()};
    return std::optional<Identity>();
  }
  std::ifstream file(path);
  if (!file) return io_error("cannot read " + path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const std::string first = text.substr(0, text.find('\n'));
  // A digit must follow: a damaged file is not another version's.
  const bool is_a_version = first.size() == magic.size() && first.starts_with(magic_family) &&
                            first.back() >= '1' && first.back() <= '9';
  if (is_a_version && first != magic) {
    return Error{
        Code::stale_epoch,
        path + " says '" + first +
            "', but this version of HARKA reads and "
            "writes '" +
            std::string(magic) + "'"};
  }
  std::istringstream lines(text);
  std::string head;
  Identity identity;
  std::getline(lines, head);
  std::getline(lines, identity.name);
  lines >> identity.data_id >> identity.epoch;
  if (lines.fail() || text_of(identity) != text) return damaged(path);
  return std::optional<Identity>(identity);
}

Result<void> write_identity(const std::string& path, const Identity& identity) {
  const std::string temporary = path + ".new";
  if (Result<void> done = write_and_sync(temporary, text_of(identity)); !done.ok()) return done;
  if (::rename(temporary.c_str(), path.c_str()) != 0) return io_error("cannot replace " + path);
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const int directory = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return io_error("cannot open " + parent);
  const bool is_synced = ::fsync(directory) == 0;
  const Error failure = io_error("cannot sync " + parent);
  ::close(directory);
  if (!is_synced) return failure;
  return {};
}

}  // namespace harka::apps
