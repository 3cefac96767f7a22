// SPDX-License-Identifier: Apache-2.0
// The state on a disk that becomes full: a real one, a small tmpfs in a mount namespace of a child.
#include "storage/lmdb_engine.hpp"
#include "tests/support/folder.hpp"

#include <boost/test/unit_test.hpp>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

using namespace harka;
using storage::Engine;

namespace {

constexpr int not_allowed = 77;

std::unique_ptr<Engine> open(const std::string& folder) {
  storage::LmdbOptions options;
  options.directory = folder;
  options.map_bytes = 64U << 20;  // more than the disk has: room must be taken when it is written
  auto engine = storage::open_lmdb_engine(options);
  return engine.ok() ? std::move(engine).value() : nullptr;
}

Result<void> write(Engine& engine, LogIndex index) {
  msg::FlushState flush;
  flush.group = 1;
  flush.applied_index = index;
  flush.applied_term = 1;
  msg::StateWrite put;
  put.key = SharedBytes::copy_of("key " + std::to_string(index));
  put.value = SharedBytes(std::string(20'000, static_cast<char>('a' + index % 26)));
  flush.writes.push_back(put);
  storage::WriteBatch batch;
  batch.flushes = {&flush};
  return engine.write(batch);
}

bool has_all(const Engine& engine, LogIndex last) {
  for (LogIndex index = 1; index <= last; ++index) {
    const auto value = engine.get(GroupId{1}, "key " + std::to_string(index));
    const std::string wanted(20'000, static_cast<char>('a' + index % 26));
    if (!value || value->view() != wanted) return false;
  }
  return engine.count(GroupId{1}) == last && engine.applied(GroupId{1}).index == last;
}

bool put(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  return static_cast<bool>(file << text << std::flush);
}

bool mount_small_disk(const std::string& folder) {
  const std::string user = "0 " + std::to_string(::geteuid()) + " 1";
  const std::string group = "0 " + std::to_string(::getegid()) + " 1";
  const bool is_root = ::geteuid() == 0;
  if (::unshare(is_root ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  const bool is_mapped =
      is_root || (put("/proc/self/uid_map", user) && put("/proc/self/setgroups", "deny") &&
                  put("/proc/self/gid_map", group));
  return is_mapped && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=2m") == 0;
}

/// In the child: the step that went wrong, or 0.
int fill_and_go_on(const std::string& folder) {
  if (!mount_small_disk(folder)) return not_allowed;
  LogIndex written = 0;
  {
    auto engine = open(folder);
    if (!engine) return 1;
    Result<void> done;
    while (written < 1000 && (done = write(*engine, written + 1)).ok()) ++written;
    if (done.ok() || done.error().code != Code::io_failed) return 2;
    if (done.error().detail.find("No space left on device") == std::string::npos) return 3;
    if (written < 20 || !has_all(*engine, written)) return 4;
  }
  {
    auto engine = open(folder);  // still full
    if (engine && !has_all(*engine, written)) return 5;
  }
  if (::mount("tmpfs", folder.c_str(), "tmpfs", MS_REMOUNT, "size=64m") != 0) return 6;
  auto engine = open(folder);
  if (!engine || !has_all(*engine, written)) return 7;
  for (int more = 0; more < 100; ++more) {
    if (!write(*engine, ++written).ok()) return 8;
  }
  return has_all(*engine, written) ? 0 : 9;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lmdb_full_disk)

BOOST_AUTO_TEST_CASE(a_full_disk_is_reported_and_what_was_acknowledged_stays) {
  const testing::Folder folder;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(fill_and_go_on(folder.path));
  int status = 0;
  ::waitpid(child, &status, 0);
  BOOST_REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == not_allowed) {
    BOOST_TEST_MESSAGE("left out: this process may not make a mount namespace");
    return;
  }
  BOOST_TEST(WEXITSTATUS(status) == 0, "failed in step " << WEXITSTATUS(status));
}

BOOST_AUTO_TEST_SUITE_END()
