// SPDX-License-Identifier: Apache-2.0
// Writes in whole blocks against a file below that insists on them, at the edges of blocks and
// segments.
#include "storage/block_file.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace harka;
using storage::BlockFile;

namespace {

constexpr std::size_t block = 4096;
constexpr std::size_t file_bytes = 8 * block;

/// What is below, which outlives its file.
struct Below {
  std::string content = std::string(file_bytes, 'o');  // of an earlier use
  std::size_t reads = 0;
  std::vector<std::size_t> writes;  // bytes of each
  bool is_failing = false;
};

class StrictFile final : public storage::DiskFile {
 public:
  explicit StrictFile(Below& below) : below_(below) {}

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    if (below_.is_failing) return Error{Code::io_failed, "Input/output error"};
    BOOST_REQUIRE(offset % block == 0);
    BOOST_REQUIRE(bytes.size() % block == 0);
    BOOST_REQUIRE(reinterpret_cast<std::uintptr_t>(bytes.data()) % block == 0);  // an address
    BOOST_REQUIRE(offset + bytes.size() <= below_.content.size());
    below_.content.replace(offset, bytes.size(), bytes);
    below_.writes.push_back(bytes.size());
    return {};
  }

  Result<void> sync() override { return {}; }

  Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
    ++below_.reads;
    return below_.content.substr(offset, length);
  }

  [[nodiscard]] std::uint64_t size() const override { return below_.content.size(); }

 private:
  Below& below_;
};

BlockFile open(Below& below, std::uint64_t blank_from = ~0ULL) {
  return BlockFile(std::make_unique<StrictFile>(below), block, blank_from);
}

std::string zeros(std::size_t count) {
  std::string made;
  made.resize(count);
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(block_file)

// Where the first write ends, and where the one behind it does.
constexpr std::size_t ends[] = {8, block - 8, block, block + 8, 2 * block, 3 * block - 8};

BOOST_DATA_TEST_CASE(
    a_write_goes_on_behind_the_one_before_and_leaves_later_blocks_alone,
    boost::unit_test::data::make(ends) * boost::unit_test::data::make(ends) *
        boost::unit_test::data::make({false, true}),
    first,
    second,
    is_reopened) {
  Below below;
  const std::size_t end = first + second;
  BlockFile file = open(below);
  BOOST_REQUIRE(file.write(0, std::string(first, 'a')).ok());
  if (is_reopened) {
    BlockFile again = open(below);
    BOOST_REQUIRE(again.write(first, std::string(second, 'b')).ok());
    BOOST_TEST(below.reads == (first % block == 0 ? 0U : 1U));
  } else {
    BOOST_REQUIRE(file.write(first, std::string(second, 'b')).ok());
    BOOST_TEST(below.reads == 0U);
  }
  const std::size_t padded = (end + block - 1) / block * block;
  const std::string expected = std::string(first, 'a') + std::string(second, 'b') +
                               zeros(padded - end) + std::string(file_bytes - padded, 'o');
  BOOST_TEST((below.content == expected));
}

BOOST_AUTO_TEST_CASE(a_file_is_written_to_its_last_byte_and_then_again_from_its_first) {
  Below below;
  BlockFile file = open(below);
  BOOST_REQUIRE(file.write(0, std::string(file_bytes - 40, 'a')).ok());
  BOOST_REQUIRE(file.write(file_bytes - 40, std::string(40, 's')).ok());
  BOOST_TEST((below.content == std::string(file_bytes - 40, 'a') + std::string(40, 's')));
  BOOST_REQUIRE(file.write(0, std::string(100, 'b')).ok());
  BOOST_TEST(
      (below.content.substr(0, 2 * block) ==
       std::string(100, 'b') + zeros(block - 100) + std::string(block, 'a')));
  BOOST_TEST(below.reads == 0U);
}

BOOST_AUTO_TEST_CASE(blocks_that_were_never_written_are_prepared_many_at_a_time) {
  Below below;
  below.content = zeros(3 * BlockFile::blank_bytes);
  BlockFile file = open(below, 0);
  std::size_t offset = 0;
  while (offset < below.content.size()) {
    BOOST_REQUIRE(file.write(offset, std::string(block, 'a')).ok());
    offset += block;
  }
  BOOST_TEST(below.writes.front() == block + BlockFile::blank_bytes);
  const auto large = std::ranges::count_if(below.writes, [](auto each) { return each > block; });
  BOOST_TEST(large == 3);
  BOOST_TEST((below.content == std::string(below.content.size(), 'a')));
}

BOOST_AUTO_TEST_CASE(a_write_larger_than_the_buffer_is_whole) {
  Below below;
  below.content = std::string(4 * BlockFile::write_bytes_max, 'o');
  std::string bytes(2 * BlockFile::write_bytes_max + 5, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i % 251);
  BlockFile file = open(below);
  BOOST_REQUIRE(file.write(0, "front").ok());
  BOOST_REQUIRE(file.write(5, bytes).ok());
  BOOST_TEST((below.content.substr(0, 5 + bytes.size()) == "front" + bytes));
  BOOST_TEST(std::ranges::max(below.writes) == BlockFile::write_bytes_max);
}

BOOST_AUTO_TEST_CASE(a_failed_write_is_reported) {
  Below below;
  BlockFile file = open(below);
  below.is_failing = true;
  const Result<void> written = file.write(0, "bytes");
  BOOST_REQUIRE(!written.ok());
  BOOST_TEST((written.error().code == Code::io_failed));
}

BOOST_AUTO_TEST_SUITE_END()
