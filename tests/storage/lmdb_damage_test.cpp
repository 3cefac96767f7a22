// SPDX-License-Identifier: Apache-2.0
// A state whose file was cut or has flipped bits: nothing wrong is ever served, nothing that was
// written is ever called absent, and no signal ends the process.
//
// Each damage is tried in a process of its own, because the engine ends it when it finds one.
#include "storage/lmdb/fault_guard.hpp"
#include "storage/lmdb/file_check.hpp"
#include "tests/storage/engine_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <map>

using namespace harka;
using storage::Engine;
using testing::Folder;

namespace {

constexpr std::uint32_t group_count = 3;
constexpr std::size_t stride = 37;  // bytes; with 13 all was found, too, in three times the time

std::string data_file(const Folder& folder) {
  return folder.path + "/data.mdb";
}

using Records = std::map<std::string, std::string>;

storage::LmdbOptions options_for(const Folder& folder) {
  storage::LmdbOptions options;
  options.directory = folder.path;
  options.map_bytes = 1U << 20;
  options.data_id = 77;
  return options;
}

Records records_of(std::uint32_t group) {
  Records records;
  for (int i = 0; i < 40; ++i) {
    const std::string key = "key " + std::to_string(group) + "." + std::to_string(i);
    records[key] = key + std::string(static_cast<std::size_t>(i) * 11, 'v');
  }
  records["large " + std::to_string(group)] = std::string(9000, 'l');  // in pages of its own
  return records;
}

void fill(const Folder& folder) {
  auto engine = storage::open_lmdb_engine(options_for(folder));
  BOOST_REQUIRE(engine.ok());
  for (std::uint32_t group = 1; group <= group_count; ++group) {
    testing::write(*engine.value(), testing::flush_of(group, 40, records_of(group)));
  }
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void put_byte(const std::string& path, std::size_t at, char byte) {
  const int file = ::open(path.c_str(), O_WRONLY);
  BOOST_REQUIRE(::pwrite(file, &byte, 1, static_cast<off_t>(at)) == 1);
  ::close(file);
}

// What a process that reads everything ends with.
enum Verdict { all_right = 0, refused = 10, found = 11, wrong = 12, absent = 13, other = 14 };

Verdict read_all(const Engine& engine) {
  for (std::uint32_t group = 1; group <= group_count; ++group) {
    for (const auto& [key, value] : records_of(group)) {
      const auto got = engine.get(GroupId{group}, key);
      if (!got) return absent;
      if (got->view() != value) return wrong;
    }
    std::size_t count = 0;
    Records all = records_of(group);
    bool is_right = true;
    engine.scan(GroupId{group}, "", [&](std::string_view key, std::string_view value) {
      const auto known = all.find(std::string(key));
      is_right = is_right && known != all.end() && known->second == value;
      ++count;
      return true;
    });
    if (!is_right) return wrong;
    if (count != all.size()) return absent;
    if (engine.applied(GroupId{group}).index != 40) return other;
  }
  return all_right;
}

/// The verdict of a child, or minus the signal that ended it.
int in_child(const std::function<int()>& run) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(run());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int verdict_on(const Folder& folder) {
  return in_child([&] {
    storage::guard_lmdb_faults({folder.path, "", found});
    storage::LmdbOptions options = options_for(folder);
    options.on_damage = [](const Error&) { ::_exit(found); };
    auto engine = storage::open_lmdb_engine(options);
    if (!engine.ok())
      return static_cast<int>(engine.error().code == Code::corrupt ? refused : other);
    return static_cast<int>(read_all(*engine.value()));
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lmdb_damage)

BOOST_AUTO_TEST_CASE(a_whole_state_is_read) {
  const Folder folder;
  fill(folder);
  BOOST_TEST(verdict_on(folder) == all_right);
}

BOOST_AUTO_TEST_CASE(a_file_that_was_cut_anywhere_is_refused) {
  const Folder folder;
  fill(folder);
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(data_file(folder)));
  BOOST_TEST(size == 1 << 20);
  for (const std::int64_t length : {size - 1, size / 2, std::int64_t{8192}, std::int64_t{100}}) {
    BOOST_REQUIRE(::truncate(data_file(folder).c_str(), length) == 0);
    BOOST_TEST(verdict_on(folder) == refused);
  }
}

BOOST_AUTO_TEST_CASE(an_empty_file_is_a_new_state) {
  const Folder folder;
  fill(folder);
  BOOST_REQUIRE(::truncate(data_file(folder).c_str(), 0) == 0);
  const auto facts = storage::check_lmdb_file(data_file(folder));
  BOOST_REQUIRE(facts.ok());
  BOOST_TEST(facts.value().is_new);
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_is_never_served) {
  const Folder folder;
  fill(folder);
  const std::string whole = read_file(data_file(folder));
  const std::size_t used = storage::check_lmdb_file(data_file(folder)).value().used_bytes;
  std::map<int, int> verdicts;
  for (std::size_t at = 0; at < used; at += stride) {
    const auto flipped = static_cast<char>(whole[at] ^ (1 << (at / stride % 8)));
    put_byte(data_file(folder), at, flipped);
    const int verdict = verdict_on(folder);
    ++verdicts[verdict];
    const bool is_fine = verdict == all_right || verdict == refused || verdict == found;
    BOOST_TEST(is_fine, "byte " << at << ": verdict " << verdict);
    put_byte(data_file(folder), at, whole[at]);
    std::filesystem::remove(folder.path + "/damaged");
  }
  BOOST_TEST(verdicts[found] > 100);
  BOOST_TEST(verdicts[refused] > 0);
  for (const auto& [verdict, count] : verdicts) {
    BOOST_TEST_MESSAGE("verdict " << verdict << ": " << count);
  }
  BOOST_TEST(verdict_on(folder) == all_right);
}

/// Damage is what stops an image in the middle of a part for as long as a test likes.
BOOST_AUTO_TEST_CASE(a_read_does_not_wait_for_a_part_of_an_image) {
  const Folder folder;
  fill(folder);
  const std::string large(1000, 'l');
  const std::string whole = read_file(data_file(folder));
  for (std::size_t at = whole.find(large); at != std::string::npos;) {
    put_byte(data_file(folder), at, 'x');
    at = whole.find(large, whole.find_first_not_of('l', at));
  }
  const int verdict = in_child([&] {
    const Engine* engine = nullptr;
    storage::LmdbOptions options = options_for(folder);
    options.on_damage = [&engine](const Error&) {
      std::future<bool> read = std::async(
          std::launch::async, [&engine] { return engine->get(GroupId{1}, "key 1.7").has_value(); });
      const bool is_read = read.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
      ::_exit(is_read && read.get() ? found : wrong);
    };
    auto opened = storage::open_lmdb_engine(options);
    if (!opened.ok()) return static_cast<int>(other);
    engine = opened.value().get();
    while (!engine->snapshot(GroupId{2})->next().value().done) continue;
    return static_cast<int>(all_right);
  });
  BOOST_TEST(verdict == found);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_cut_while_it_is_read_ends_the_process_with_words) {
  const Folder folder;
  fill(folder);
  const int verdict = in_child([&] {
    storage::guard_lmdb_faults({folder.path, "", found});
    auto engine = storage::open_lmdb_engine(options_for(folder));
    (void)!::truncate(data_file(folder).c_str(), 8192);
    return static_cast<int>(read_all(*engine.value()));
  });
  BOOST_TEST(verdict == found);
  BOOST_TEST(std::filesystem::exists(folder.path + "/damaged"));
}

BOOST_AUTO_TEST_CASE(what_was_found_damaged_is_not_opened_again) {
  const Folder folder;
  fill(folder);
  const std::string whole = read_file(data_file(folder));
  const std::size_t at = whole.rfind("key 2.7");
  BOOST_REQUIRE(at != std::string::npos);
  put_byte(data_file(folder), at + 20, '!');
  BOOST_TEST(verdict_on(folder) == found);
  const auto again = storage::open_lmdb_engine(options_for(folder));
  BOOST_REQUIRE(!again.ok());
  BOOST_TEST((again.error().code == Code::corrupt));
  BOOST_TEST(again.error().detail.find("found before, see ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_snapshot_does_not_pass_damage_on) {
  const Folder folder;
  fill(folder);
  const std::string whole = read_file(data_file(folder));
  put_byte(data_file(folder), whole.rfind("key 2.7") + 20, '!');
  const int verdict = in_child([&] {
    storage::LmdbOptions options = options_for(folder);
    options.on_damage = [](const Error&) { ::_exit(found); };
    auto engine = storage::open_lmdb_engine(options);
    auto snapshot = engine.value()->snapshot(GroupId{2});
    return snapshot->next().ok() ? static_cast<int>(wrong) : static_cast<int>(other);
  });
  BOOST_TEST(verdict == found);
}

BOOST_AUTO_TEST_CASE(the_state_of_another_data_directory_is_refused) {
  const Folder folder;
  fill(folder);
  storage::LmdbOptions options = options_for(folder);
  options.data_id = 78;
  const auto opened = storage::open_lmdb_engine(options);
  BOOST_REQUIRE(!opened.ok());
  BOOST_TEST((opened.error().code == Code::refused_to_protect));
}

BOOST_AUTO_TEST_SUITE_END()
