// SPDX-License-Identifier: Apache-2.0
// The LMDB engine: batches, snapshots, growth, and what a killed process leaves behind.
#include "storage/lmdb/file_check.hpp"
#include "tests/storage/engine_fixture.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

using namespace harka;
using storage::Engine;
using testing::flush_of;
using testing::Folder;
using testing::open_engine;
using testing::value_of;
using testing::write;

BOOST_AUTO_TEST_SUITE(engine)

BOOST_AUTO_TEST_CASE(state_and_applied_index_survive_a_reopen_together) {
  Folder folder;
  {
    auto engine = open_engine(folder);
    write(*engine, flush_of(5, 17, {{"a", "1"}, {"b", "2"}}));
  }
  auto engine = open_engine(folder);
  BOOST_TEST(value_of(*engine, 5, "b") == "2");
  BOOST_TEST(engine->applied(GroupId{5}).index == 17U);
  BOOST_TEST(engine->applied(GroupId{5}).config.voters.size() == 3U);
  BOOST_TEST(engine->count(GroupId{5}) == 2U);
}

BOOST_AUTO_TEST_CASE(removed_keys_are_gone_and_groups_do_not_mix) {
  Folder folder;
  auto engine = open_engine(folder);
  write(*engine, flush_of(1, 1, {{"k", "one"}}));
  write(*engine, flush_of(2, 1, {{"k", "two"}}));
  write(*engine, flush_of(1, 2, {{"k", ""}}));
  BOOST_TEST(value_of(*engine, 1, "k") == "(absent)");
  BOOST_TEST(value_of(*engine, 2, "k") == "two");
}

BOOST_AUTO_TEST_CASE(a_scan_goes_in_key_order_from_where_it_is_told) {
  Folder folder;
  auto engine = open_engine(folder);
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
  auto from = open_engine(folder);
  std::map<std::string, std::string> many;
  for (int i = 0; i < 5000; ++i) many["key" + std::to_string(i)] = std::string(100, 'v');
  write(*from, flush_of(1, 10, many));
  auto snapshot = from->snapshot(GroupId{1});
  write(*from, flush_of(1, 11, {{"late", "x"}}));
  auto to = open_engine(other);
  write(*to, flush_of(1, 3, {{"old", "y"}}));
  BOOST_TEST(testing::install_all(*snapshot, *to, 1) > 1U);
  BOOST_TEST(to->count(GroupId{1}) == 5000U);
  BOOST_TEST(value_of(*to, 1, "old") == "(absent)");
  BOOST_TEST(value_of(*to, 1, "late") == "(absent)");
  BOOST_TEST(to->applied(GroupId{1}).index == 10U);
}

BOOST_AUTO_TEST_CASE(nothing_changes_before_the_last_part_of_a_snapshot) {
  Folder folder;
  auto engine = open_engine(folder);
  write(*engine, flush_of(1, 3, {{"old", "y"}}));
  write(*engine, testing::part_of(1, 0, {{"new", "x"}}, false));
  BOOST_TEST(value_of(*engine, 1, "old") == "y");
  BOOST_TEST(value_of(*engine, 1, "new") == "(absent)");
  write(*engine, testing::part_of(1, 1, {}, true));
  BOOST_TEST(value_of(*engine, 1, "old") == "(absent)");
  BOOST_TEST(value_of(*engine, 1, "new") == "x");
}

BOOST_AUTO_TEST_CASE(an_image_that_nobody_asks_for_does_not_make_the_file_grow) {
  Folder folder;
  storage::LmdbOptions options;
  options.directory = folder.path;
  options.snapshot_max = Duration::zero();
  auto engine = open_engine(options);
  write(*engine, flush_of(1, 1, {{"k", "1"}}));
  const auto snapshot = engine->snapshot(GroupId{1});
  for (LogIndex index = 2; index < 40; ++index) {
    write(*engine, flush_of(1, index, {{"k", std::string(100'000, 'x')}}));
  }
  BOOST_TEST(!snapshot->next().ok());
  const auto file = storage::check_lmdb_file(folder.path + "/data.mdb");
  BOOST_REQUIRE(file.ok());
  BOOST_TEST(file.value().used_bytes < 1'000'000U);
}

BOOST_AUTO_TEST_CASE(one_image_too_many_is_refused_for_now) {
  Folder folder;
  storage::LmdbOptions options;
  options.directory = folder.path;
  options.readers_max = 2;
  auto engine = open_engine(options);
  write(*engine, flush_of(1, 1, {{"k", "1"}}));
  std::vector<std::unique_ptr<storage::SnapshotReader>> held;
  for (int i = 0; i < 2; ++i) held.push_back(engine->snapshot(GroupId{1}));
  const auto refused = engine->snapshot(GroupId{1});
  BOOST_TEST(refused->applied().index == 0U);
  BOOST_TEST((refused->next().error().code == Code::retry_later));
  held.clear();
  BOOST_TEST(engine->snapshot(GroupId{1})->applied().index == 1U);
}

/// Whatever a read meets, it is the state before or the state after. A reader never rests, so that
/// one of its reads lies beside every commit.
BOOST_AUTO_TEST_CASE(reads_beside_installed_snapshots_see_one_state_or_the_other) {
  Folder folder;
  auto engine = open_engine(folder);
  write(*engine, flush_of(1, 1, {{"k", "there"}}));
  std::atomic<bool> is_over = false;
  std::atomic<int> absent = 0;
  std::thread reader([&] {
    while (!is_over) absent += engine->contains(GroupId{1}, "k") ? 0 : 1;
  });
  for (int round = 0; round < 25; ++round) {
    write(*engine, testing::part_of(1, 0, {{"j", "before it"}}, false));
    write(*engine, testing::part_of(1, 1, {{"k", "there"}}, true));
  }
  is_over = true;
  reader.join();
  BOOST_TEST(absent == 0);
}

/// The database of a group is made by its first flush; a transaction that is older does not know
/// it.
BOOST_AUTO_TEST_CASE(reads_beside_the_first_flush_of_a_group_are_no_damage) {
  Folder folder;
  auto engine = open_engine(folder);
  std::atomic<std::uint32_t> group = 1;
  std::thread reader([&] {
    while (group != 0) (void)engine->contains(GroupId{group}, "k");
  });
  for (std::uint32_t made = 1; made < 50; ++made) {
    group = made;
    write(*engine, flush_of(made, 1, {{"k", "v"}}));
    BOOST_TEST(value_of(*engine, made, "k") == "v");
  }
  group = 0;
  reader.join();
}

/// Reads that overlap all the time must not keep the map from growing.
BOOST_AUTO_TEST_CASE(a_map_grows_beside_readers_that_never_rest) {
  Folder folder;
  auto engine = open_engine(folder, 1U << 20);
  std::map<std::string, std::string> many;
  for (int i = 0; i < 2000; ++i) many["key" + std::to_string(i)] = std::string(100, 'v');
  write(*engine, flush_of(1, 1, many));
  std::atomic<bool> is_over = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!is_over) {
        engine->scan(GroupId{1}, "", [](std::string_view, std::string_view) { return true; });
      }
    });
  }
  write(*engine, flush_of(2, 1, {{"k", std::string(3'000'000, 'x')}}));
  is_over = true;
  for (std::thread& reader : readers) reader.join();
  BOOST_TEST(engine->contains(GroupId{2}, "k"));
}

BOOST_AUTO_TEST_CASE(a_full_map_grows_and_ends_pinned_snapshots) {
  Folder folder;
  auto engine = open_engine(folder, 1U << 20);
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
  auto engine = open_engine(folder);
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
  auto engine = open_engine(folder);
  BOOST_TEST(value_of(*engine, 1, "a") == "1");
  BOOST_TEST(engine->applied(GroupId{1}).index == 9U);
}

BOOST_AUTO_TEST_SUITE_END()
