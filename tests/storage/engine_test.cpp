// SPDX-License-Identifier: Apache-2.0
// The LMDB engine: batches, snapshots, growth, and what a killed process leaves behind.
#include "storage/lmdb_engine.hpp"
#include "tests/support/folder.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

using namespace harka;
using storage::Engine;
using testing::Folder;

namespace {

std::unique_ptr<Engine> open(const Folder& folder, std::size_t map_bytes = 1U << 24) {
  storage::LmdbOptions options;
  options.directory = folder.path;
  options.map_bytes = map_bytes;
  auto engine = storage::open_lmdb_engine(options);
  BOOST_REQUIRE(engine.ok());
  return std::move(engine).value();
}

msg::FlushState flush_of(
    std::uint32_t group, LogIndex index, const std::map<std::string, std::string>& writes) {
  msg::FlushState flush;
  flush.group = group;
  flush.applied_index = index;
  flush.applied_term = 2;
  flush.config.voters = {1, 2, 3};
  for (const auto& [key, value] : writes) {
    msg::StateWrite write;
    write.key = SharedBytes::copy_of(key);
    write.value = SharedBytes::copy_of(value);
    write.removed = value.empty();
    flush.writes.push_back(write);
  }
  return flush;
}

void write(Engine& engine, const msg::FlushState& flush) {
  storage::WriteBatch batch;
  batch.flushes = {&flush};
  BOOST_REQUIRE(engine.write(batch).ok());
}

std::string value_of(const Engine& engine, std::uint32_t group, const std::string& key) {
  const auto found = engine.get(GroupId{group}, key);
  return found ? std::string(found->view()) : "(absent)";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(engine)

BOOST_AUTO_TEST_CASE(state_and_applied_index_survive_a_reopen_together) {
  Folder folder;
  {
    auto engine = open(folder);
    write(*engine, flush_of(5, 17, {{"a", "1"}, {"b", "2"}}));
  }
  auto engine = open(folder);
  BOOST_TEST(value_of(*engine, 5, "b") == "2");
  BOOST_TEST(engine->applied(GroupId{5}).index == 17U);
  BOOST_TEST(engine->applied(GroupId{5}).config.voters.size() == 3U);
  BOOST_TEST(engine->count(GroupId{5}) == 2U);
}

BOOST_AUTO_TEST_CASE(removed_keys_are_gone_and_groups_do_not_mix) {
  Folder folder;
  auto engine = open(folder);
  write(*engine, flush_of(1, 1, {{"k", "one"}}));
  write(*engine, flush_of(2, 1, {{"k", "two"}}));
  write(*engine, flush_of(1, 2, {{"k", ""}}));
  BOOST_TEST(value_of(*engine, 1, "k") == "(absent)");
  BOOST_TEST(value_of(*engine, 2, "k") == "two");
}

BOOST_AUTO_TEST_CASE(a_scan_goes_in_key_order_from_where_it_is_told) {
  Folder folder;
  auto engine = open(folder);
  write(*engine, flush_of(1, 1, {{"a", "1"}, {"c", "3"}, {"b", "2"}}));
  std::string seen;
  engine->scan(GroupId{1}, "b", [&](std::string_view key, std::string_view) {
    seen += key;
    return true;
  });
  BOOST_TEST(seen == "bc");
}

BOOST_AUTO_TEST_CASE(a_snapshot_does_not_see_later_writes_and_installs_elsewhere) {
  Folder folder;
  Folder other;
  auto from = open(folder);
  std::map<std::string, std::string> many;
  for (int i = 0; i < 5000; ++i) many["key" + std::to_string(i)] = std::string(100, 'v');
  write(*from, flush_of(1, 10, many));
  auto snapshot = from->snapshot(GroupId{1});
  write(*from, flush_of(1, 11, {{"late", "x"}}));
  auto to = open(other);
  write(*to, flush_of(1, 3, {{"old", "y"}}));
  bool is_done = false;
  std::uint32_t parts = 0;
  while (!is_done) {
    const auto part = snapshot->next();
    BOOST_REQUIRE(part.ok());
    msg::InstallState install;
    install.group = 1;
    install.sequence = part.value().sequence;
    install.data = part.value().data;
    install.done = is_done = part.value().done;
    install.applied_index = snapshot->applied().index;
    storage::WriteBatch batch;
    batch.installs = {&install};
    BOOST_TEST(value_of(*to, 1, "old") == "y");  // nothing changes before the last part
    BOOST_REQUIRE(to->write(batch).ok());
    ++parts;
  }
  BOOST_TEST(parts > 1U);
  BOOST_TEST(to->count(GroupId{1}) == 5000U);
  BOOST_TEST(value_of(*to, 1, "old") == "(absent)");
  BOOST_TEST(value_of(*to, 1, "late") == "(absent)");
  BOOST_TEST(to->applied(GroupId{1}).index == 10U);
}

BOOST_AUTO_TEST_CASE(a_full_map_grows_and_ends_pinned_snapshots) {
  Folder folder;
  auto engine = open(folder, 1U << 20);
  write(*engine, flush_of(1, 1, {{"a", "1"}}));
  auto snapshot = engine->snapshot(GroupId{1});
  for (int i = 0; i < 40; ++i) {
    write(
        *engine,
        flush_of(
            1,
            static_cast<LogIndex>(i) + 2,
            {{"k" + std::to_string(i), std::string(100'000, 'x')}}));
  }
  BOOST_TEST(engine->count(GroupId{1}) == 41U);
  BOOST_TEST(!snapshot->next().ok());
}

BOOST_AUTO_TEST_CASE(a_dropped_group_is_empty) {
  Folder folder;
  auto engine = open(folder);
  write(*engine, flush_of(1, 4, {{"a", "1"}}));
  storage::WriteBatch batch;
  batch.drops = {GroupId{1}};
  BOOST_REQUIRE(engine->write(batch).ok());
  BOOST_TEST(engine->count(GroupId{1}) == 0U);
  BOOST_TEST(engine->applied(GroupId{1}).index == 0U);
}

BOOST_AUTO_TEST_CASE(a_killed_process_leaves_whole_batches) {
  Folder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    storage::LmdbOptions options;
    options.directory = folder.path;
    auto engine = storage::open_lmdb_engine(options);
    const msg::FlushState flush = flush_of(1, 9, {{"a", "1"}});
    storage::WriteBatch batch;
    batch.flushes = {&flush};
    ::_exit(engine.ok() && engine.value()->write(batch).ok() ? 0 : 1);  // no destructor runs
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  BOOST_TEST(status == 0);
  auto engine = open(folder);
  BOOST_TEST(value_of(*engine, 1, "a") == "1");
  BOOST_TEST(engine->applied(GroupId{1}).index == 9U);
}

BOOST_AUTO_TEST_SUITE_END()
