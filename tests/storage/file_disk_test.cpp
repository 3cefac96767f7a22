// SPDX-License-Identifier: Apache-2.0
// The log on a real folder, written around the page cache and through it.
#include "storage/file_disk.hpp"

#include "base/log.hpp"
#include "storage/segment_log.hpp"
#include "tests/support/folder.hpp"

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace harka;
using testing::Folder;

namespace {

constexpr storage::LogOptions options{
    .segment_bytes = 16384, .copy_forward_bytes_max = 1024, .data_id = 77};

std::unique_ptr<storage::Disk> open_disk(const Folder& folder) {
  auto disk = storage::open_file_disk(folder.path);
  BOOST_REQUIRE(disk.ok());
  return std::move(disk).value();
}

/// The probe cannot make its file.
void forbid_direct_writes(const Folder& folder) {
  std::filesystem::create_directory(folder.path + "/direct.probe");
}

std::size_t direct_descriptors(const Folder& folder) {
  std::size_t count = 0;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code is_gone;
    const std::string target = std::filesystem::read_symlink(each.path(), is_gone).string();
    const int flags = ::fcntl(std::stoi(each.path().filename().string()), F_GETFL);
    const bool is_direct = flags >= 0 && (flags & O_DIRECT) != 0;
    if (target.starts_with(folder.path + "/") && is_direct) ++count;
  }
  return count;
}

bool can_write_directly(const Folder& folder) {
  const std::string path = folder.path + "/try";
  const int descriptor = ::open(path.c_str(), O_CREAT | O_WRONLY | O_DIRECT | O_CLOEXEC, 0600);
  ::unlink(path.c_str());
  if (descriptor >= 0) ::close(descriptor);
  return descriptor >= 0;
}

/// Appends the entries `from` to `to` of group 1, whose sizes end at many places of a block.
void append(const Folder& folder, LogIndex from, LogIndex to) {
  const auto disk = open_disk(folder);
  auto log = storage::SegmentLog::open(*disk, options);
  BOOST_REQUIRE(log.ok());
  for (LogIndex index = from; index <= to; ++index) {
    msg::AppendLog request;
    request.group = 1;
    request.entries.resize(1);
    request.entries[0].index = index;
    request.entries[0].term = 1;
    request.entries[0].data = SharedBytes(std::string(index * 509 % 5000, 'v'));
    BOOST_REQUIRE(log.value()->append(request).ok());
    BOOST_REQUIRE(log.value()->flush().ok());
  }
}

void check_entries(const Folder& folder, LogIndex last) {
  const auto disk = open_disk(folder);
  const auto log = storage::SegmentLog::open(*disk, options);
  BOOST_REQUIRE(log.ok());
  BOOST_TEST(!log.value()->is_damaged());
  const auto recovered = log.value()->recover(GroupId{1});
  BOOST_REQUIRE(recovered.ok());
  BOOST_REQUIRE_EQUAL(recovered.value().entries.size(), last);
  for (const msg::Entry& entry : recovered.value().entries) {
    BOOST_TEST((entry.data.view() == std::string(entry.index * 509 % 5000, 'v')));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(file_disk)

BOOST_AUTO_TEST_CASE(a_log_goes_around_the_page_cache_where_the_file_system_can_do_that) {
  const Folder folder;
  const auto disk = open_disk(folder);
  const auto file = disk->create("1.seg", 8192);
  BOOST_REQUIRE(file.ok());
  BOOST_TEST(direct_descriptors(folder) == (can_write_directly(folder) ? 1U : 0U));
  BOOST_TEST(!std::filesystem::exists(folder.path + "/direct.probe"));
}

BOOST_AUTO_TEST_CASE(a_log_goes_through_the_page_cache_where_it_must_and_says_so_once) {
  const Folder folder;
  forbid_direct_writes(folder);
  const Folder lines;
  BOOST_REQUIRE(log::configure({log::Level::info, lines.path + "/log", ""}).ok());
  {
    const auto disk = open_disk(folder);
    const auto first = disk->create("1.seg", 8192);
    const auto second = disk->create("2.seg", 8192);
    BOOST_REQUIRE(second.ok());
    BOOST_TEST(direct_descriptors(folder) == 0U);
  }
  BOOST_REQUIRE(log::configure({log::Level::warning, "", ""}).ok());
  std::ifstream stream(lines.path + "/log");
  const std::string text((std::istreambuf_iterator<char>(stream)), {});
  const std::size_t at = text.find("no direct writes in ");
  BOOST_REQUIRE(at != std::string::npos);
  BOOST_TEST(text.find("no direct writes in ", at + 1) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_was_written_either_way_is_read_and_continued_the_other_way) {
  const Folder folder;
  append(folder, 1, 40);
  check_entries(folder, 40);
  forbid_direct_writes(folder);
  check_entries(folder, 40);
  append(folder, 41, 80);
  std::filesystem::remove(folder.path + "/direct.probe");
  append(folder, 81, 120);
  check_entries(folder, 120);
}

BOOST_AUTO_TEST_CASE(a_file_is_made_of_whole_blocks_and_an_older_one_does_not_grow) {
  const Folder folder;
  const auto disk = open_disk(folder);
  const auto made = disk->create("1.seg", 5000);
  BOOST_REQUIRE(made.ok());
  BOOST_TEST(made.value()->size() == 8192U);
  std::filesystem::resize_file(folder.path + "/1.seg", 5000);
  const auto older = disk->open("1.seg");
  BOOST_REQUIRE(older.ok());
  BOOST_REQUIRE(older.value()->write(4990, "0123456789").ok());
  BOOST_TEST(std::filesystem::file_size(folder.path + "/1.seg") == 5000U);
  BOOST_TEST(older.value()->read(4990, 10).value() == "0123456789");
}

BOOST_AUTO_TEST_SUITE_END()
