// SPDX-License-Identifier: Apache-2.0
// Values are bytes of clients: whole records in them are no records, wherever they come to lie.
#include "storage/log_survey.hpp"
#include "storage/segment_log.hpp"
#include "tests/storage/faulty_disk.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace harka;
using storage::LogOptions;
using storage::RecordHead;
using storage::RecordKind;
using storage::RecordSeed;
using storage::SegmentLog;

namespace {

constexpr LogOptions options{
    .segment_bytes = 4096, .copy_forward_bytes_max = 0, .data_id = 0x1234567890abcdef};
constexpr RecordSeed known_to_clients(0);
constexpr RecordSeed secret(options.data_id);

/// Records from the first byte to the last, each right for where it lies when the value's first
/// byte lies at `place` of a segment.
std::string forged_value(std::size_t bytes, std::uint64_t place, storage::Lap lap) {
  std::string value;
  while (value.size() + sizeof(RecordHead) <= bytes) {
    RecordHead head;
    head.kind = RecordKind::entry;
    head.group = 1;
    head.lap = lap;
    head.flush = 1000;
    head.term = 1'000'000;
    head.index = 1;
    const std::size_t begin = value.size();
    storage::append_record(value, head, {});
    storage::finish_record(value, begin, place, true, known_to_clients);
  }
  return value;
}

void append_value(SegmentLog& log, LogIndex index, std::string value) {
  msg::AppendLog append;
  append.group = 1;
  append.entries.emplace_back();
  append.entries[0].index = index;
  append.entries[0].term = 1;
  append.entries[0].data = SharedBytes(std::move(value));
  if (index > 1) {
    append.has_start = true;
    append.start_index = index - 1;
    append.start_term = 1;
  }
  BOOST_REQUIRE(log.append(append).ok());
  BOOST_REQUIRE(log.flush().ok());
}

/// Writes such values until segments that hold them are used again.
void fill_with_forged(testing::FaultyDisk& disk, storage::Lap lap) {
  const auto log = SegmentLog::open(disk, options).value();
  const std::uint64_t header = storage::record_bytes(storage::header_payload_bytes);
  for (LogIndex index = 1; log->counters().recycled < 5; ++index) {
    // Behind the header and a roster of one group; the start goes into the segment before.
    const std::uint64_t place =
        header + storage::record_bytes(sizeof(storage::RosterLine)) + sizeof(RecordHead);
    append_value(*log, index, forged_value(3000, place, lap));
  }
  BOOST_REQUIRE(log->close().ok());  // names the floor: what lies below is used next
}

/// Of the file whose header has the highest lap.
std::string newest_file(testing::FaultyDisk& disk) {
  std::pair<storage::Lap, std::string> newest;
  const std::vector<std::string> names = disk.list().value();
  for (const std::string& name : names) {
    const storage::Lap lap = storage::survey_segment(disk.content(name), secret).lap;
    newest = std::max(newest, std::pair(lap, name));
  }
  return newest.second;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_forgery)

BOOST_AUTO_TEST_CASE(records_inside_values_are_none_when_their_segment_is_used_again) {
  for (const storage::Lap lap : {40U, storage::lap_max, 0xFFFFFFFFU}) {
    testing::FaultyDisk disk(1);
    fill_with_forged(disk, lap);
    // What lies in the tail of a segment that was begun again just before the end.
    SegmentLog::open(disk, options).value().reset();
    std::size_t seen = 0;
    const std::string content = disk.content(newest_file(disk));
    storage::for_each_record(
        content, 0, known_to_clients, [&](std::uint64_t, const RecordHead& head, std::string_view) {
          if (head.group == 1 && head.flush == 1000) ++seen;
        });
    BOOST_TEST((seen > 10 || lap > storage::lap_max));  // the test does what it says
    const auto log = SegmentLog::open(disk, options);
    BOOST_REQUIRE(log.ok());
    BOOST_TEST(!log.value()->is_damaged());
    BOOST_TEST(!log.value()->recover(GroupId{1}).value().tainted);
  }
}

BOOST_AUTO_TEST_CASE(a_record_seeded_with_its_offset_alone_is_none_behind_the_end) {
  for (const storage::Lap lap : {1U, 2U, storage::lap_max, 0xFFFFFFFFU}) {
    testing::FaultyDisk disk(1);
    append_value(*SegmentLog::open(disk, options).value(), 1, "value");
    const std::string name = disk.list().value().front();
    std::string content = disk.content(name);
    const std::string forged = forged_value(1000, 2048, lap);
    disk.replace(name, content.replace(2048, forged.size(), forged));
    const auto log = SegmentLog::open(disk, options);
    BOOST_REQUIRE(log.ok());
    BOOST_TEST(!log.value()->is_damaged());
    BOOST_TEST(log.value()->recover(GroupId{1}).value().entries.size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(a_log_whose_numbers_are_used_up_is_refused_and_none_wraps) {
  testing::FaultyDisk disk(1);
  append_value(*SegmentLog::open(disk, options).value(), 1, "value");
  const std::string name = disk.list().value().front();
  std::string content = disk.content(name);
  const storage::Survey survey = storage::survey_segment(content, secret);
  RecordHead mark;
  mark.kind = RecordKind::mark;
  mark.lap = storage::lap_max;
  mark.flush = 1;
  std::string bytes;
  storage::append_record(bytes, mark, {});
  storage::finish_record(bytes, 0, survey.end, true, secret);
  disk.replace(name, content.replace(survey.end, bytes.size(), bytes));
  const auto refused = SegmentLog::open(disk, options);
  BOOST_REQUIRE(!refused.ok());
  BOOST_TEST((refused.error().code == Code::corrupt));
}

BOOST_AUTO_TEST_CASE(a_record_beyond_the_last_number_is_none) {
  RecordHead head;
  head.lap = storage::lap_max + 1;
  std::string bytes;
  storage::append_record(bytes, head, {});
  storage::finish_record(bytes, 0, 64, true, secret);
  BOOST_TEST(!storage::read_record_at(bytes, 64, secret).has_value());
}

BOOST_AUTO_TEST_CASE(the_log_of_another_data_directory_is_refused) {
  testing::FaultyDisk disk(1);
  append_value(*SegmentLog::open(disk, options).value(), 1, "value");
  for (const std::uint64_t other : {std::uint64_t{0}, options.data_id + 1}) {
    LogOptions foreign = options;
    foreign.data_id = other;
    const auto refused = SegmentLog::open(disk, foreign);
    BOOST_REQUIRE(!refused.ok());
    BOOST_TEST((refused.error().code == Code::refused_to_protect));
  }
}

BOOST_AUTO_TEST_SUITE_END()
