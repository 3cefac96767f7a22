// SPDX-License-Identifier: Apache-2.0
// Directories that a node must not take, and what it says about them.
#include "apps/data_dir.hpp"

#include "apps/start_failure.hpp"
#include "tests/support/folder.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/wait.h>
#include <unistd.h>

using namespace harka;
using apps::DataDir;
using testing::Folder;

namespace {

struct Opened {
  std::uint64_t data_id = 0;
  std::uint64_t epoch = 0;
  bool is_state_lost = false;
};

Opened open(const Folder& folder) {
  Result<DataDir> made = DataDir::open(folder.path + "/data", "n1");
  BOOST_REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().detail));
  BOOST_REQUIRE(made.value().claim().ok());
  return {made.value().data_id(), made.value().epoch().value, made.value().is_state_lost()};
}

/// The row of the table of failures and the words.
void check_refused(const Folder& folder, const std::string& id, const std::string& words) {
  const Result<DataDir> made = DataDir::open(folder.path + "/data", "n1");
  BOOST_REQUIRE(!made.ok());
  const apps::StartFailure why = apps::failure_at(apps::Stage::data_dir, made.error());
  BOOST_TEST(why.failure->id == id);
  BOOST_TEST(why.detail.find(words) != std::string::npos, why.detail);
}

void add_log(const Folder& folder) {
  folder.write("data/log/1.seg", "x");
}

void add_state(const Folder& folder) {
  folder.write("data/state/data.mdb", "x");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(data_dir)

BOOST_AUTO_TEST_CASE(each_start_raises_the_epoch_and_keeps_the_id) {
  const Folder folder;
  const Opened first = open(folder);
  add_log(folder);
  add_state(folder);
  const Opened second = open(folder);
  BOOST_TEST(first.epoch == 1U);
  BOOST_TEST(second.epoch == 2U);
  BOOST_TEST(second.data_id == first.data_id);
  BOOST_TEST(!second.is_state_lost);
}

BOOST_AUTO_TEST_CASE(another_nodes_directory_is_refused_by_name) {
  const Folder folder;
  { BOOST_REQUIRE(DataDir::open(folder.path + "/data", "n7").value().claim().ok()); }
  check_refused(folder, "HK6001", "belongs to node 'n7', not 'n1'");
}

BOOST_AUTO_TEST_CASE(a_directory_in_use_names_the_process) {
  const Folder folder;
  int pipes[2];
  BOOST_REQUIRE(::pipe(pipes) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Result<DataDir> held = DataDir::open(folder.path + "/data", "n1");
    if (held.ok()) (void)held.value().claim();
    ::close(pipes[1]);
    char byte = 0;
    (void)!::read(pipes[0], &byte, 1);  // until the parent is done or dead
    ::_exit(held.ok() ? 0 : 1);
  }
  // The identity is written under the lock.
  while (!std::filesystem::exists(folder.path + "/data/identity")) ::usleep(1000);
  check_refused(folder, "HK6003", "is in use by process " + std::to_string(child));
  ::close(pipes[1]);
  int status = 0;
  ::waitpid(child, &status, 0);
  BOOST_TEST(status == 0);
  BOOST_TEST(open(folder).epoch >= 1U);
}

BOOST_AUTO_TEST_CASE(a_directory_that_is_not_claimed_leaves_nothing_behind) {
  const Folder folder;
  { BOOST_REQUIRE(DataDir::open(folder.path + "/not/there/data/", "n1").ok()); }
  BOOST_TEST(!std::filesystem::exists(folder.path + "/not"));
  std::filesystem::create_directory(folder.path + "/data");
  { BOOST_REQUIRE(DataDir::open(folder.path + "/data", "n1").ok()); }
  BOOST_TEST(std::filesystem::is_empty(folder.path + "/data"));
  const Opened first = open(folder);
  { BOOST_REQUIRE(DataDir::open(folder.path + "/data", "n1").ok()); }
  BOOST_TEST(std::filesystem::exists(folder.path + "/data/lock"));
  add_log(folder);
  const Opened second = open(folder);
  BOOST_TEST(second.data_id == first.data_id);
  BOOST_TEST(second.epoch == first.epoch + 1);
}

BOOST_AUTO_TEST_CASE(another_versions_directory_is_refused) {
  const Folder folder;
  folder.write("data/identity", "harka-data-directory-9\nn1\nwho knows");
  check_refused(folder, "HK6004", "says 'harka-data-directory-9'");
  folder.write("data/identity", "harka-data-directory-1\nn1\n5\n1\n");
  check_refused(folder, "HK6004", "says 'harka-data-directory-1'");
}

BOOST_AUTO_TEST_CASE(each_cut_and_each_flipped_bit_of_the_identity_is_found) {
  const Folder folder;
  open(folder);
  const std::string whole = folder.read("data/identity");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    folder.write("data/identity", whole.substr(0, length));
    check_refused(folder, "HK6002", "is damaged");
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x40);
    folder.write("data/identity", flipped);
    check_refused(folder, "HK6002", "is damaged");
  }
}

BOOST_AUTO_TEST_CASE(data_without_an_identity_is_refused_and_left_alone) {
  const Folder folder;
  add_log(folder);
  check_refused(folder, "HK6002", "has no identity, but data");
  BOOST_TEST(!std::filesystem::exists(folder.path + "/data/identity"));
}

BOOST_AUTO_TEST_CASE(state_without_a_log_is_refused) {
  const Folder folder;
  open(folder);
  add_state(folder);
  check_refused(folder, "HK6002", "has no log, but state");
}

BOOST_AUTO_TEST_CASE(a_log_without_a_state_is_said) {
  const Folder folder;
  open(folder);
  add_log(folder);
  BOOST_TEST(open(folder).is_state_lost);
}

BOOST_AUTO_TEST_CASE(an_emptied_directory_is_a_new_node) {
  const Folder folder;
  const Opened first = open(folder);
  add_log(folder);
  open(folder);
  std::filesystem::remove_all(folder.path + "/data/log");
  const Opened other = open(folder);
  BOOST_TEST(other.data_id != first.data_id);
  BOOST_TEST(other.epoch == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_no_directory_is_said) {
  const Folder folder;
  folder.write("data", "a file");
  check_refused(folder, "HK2004", "cannot make the data directory");
}

BOOST_AUTO_TEST_CASE(a_full_disk_has_its_own_row) {
  const Error full{Code::io_failed, "cannot write x: No space left on device"};
  BOOST_TEST(apps::failure_at(apps::Stage::data_dir, full).failure->id == "HK9002");
  BOOST_TEST(apps::failure_at(apps::Stage::stores, full).failure->id == "HK9002");
  const Error broken{Code::io_failed, "fdatasync of x: Input/output error"};
  BOOST_TEST(apps::failure_at(apps::Stage::stores, broken).failure->id == "HK9001");
}

BOOST_AUTO_TEST_SUITE_END()
