// SPDX-License-Identifier: Apache-2.0
#include "storage/durable_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace harka::storage {

namespace {

Error failed(const std::string& what, int code) {
  return Error{Code::io_failed, what + ": " + std::strerror(code)};
}

}  // namespace

Result<void> make_durable_folder(const std::string& path) {
  std::error_code failure;
  std::filesystem::path whole = std::filesystem::absolute(path, failure).lexically_normal();
  if (failure) return failed("making " + path, failure.value());
  if (!whole.has_filename()) whole = whole.parent_path();  // it ended with a slash
  std::filesystem::path made;
  for (const std::filesystem::path& part : whole) {
    made /= part;
    const bool is_new = std::filesystem::create_directory(made, failure);
    if (failure) return failed("making " + made.string(), failure.value());
    // The last one even where it was there: whoever made it may have died before it was durable.
    if (!is_new && made != whole) continue;
    if (Result<void> done = sync_folder(made.parent_path().string()); !done.ok()) return done;
  }
  return {};
}

Result<void> sync_folder(const std::string& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int code = folder < 0 || ::fsync(folder) != 0 ? errno : 0;
  if (folder >= 0) ::close(folder);
  if (code != 0) return failed("fsync of " + path, code);
  return {};
}

}  // namespace harka::storage
