// SPDX-License-Identifier: Apache-2.0
// The segment log against a simple model: what was acknowledged is there after any crash, and
// nothing that was never written ever is.
#include "storage/segment_log.hpp"

#include "storage/log_survey.hpp"
#include "tests/storage/faulty_disk.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <map>

using namespace harka;
using storage::LogOptions;
using storage::SegmentLog;

namespace {

constexpr LogOptions small{
    .segment_bytes = 4096, .copy_forward_bytes_max = 2048, .data_id = 0x1234567890abcdef};
constexpr storage::RecordSeed seed_of_small(small.data_id);

msg::Entry entry(LogIndex index, Term term, std::size_t size = 20) {
  msg::Entry made;
  made.index = index;
  made.term = term;
  made.type = msg::EntryType::command;
  made.data = SharedBytes(std::string(size, static_cast<char>('a' + (index + term) % 26)));
  return made;
}

msg::AppendLog entries(std::uint32_t group, LogIndex from, LogIndex to, Term term) {
  msg::AppendLog append;
  append.group = group;
  for (LogIndex index = from; index <= to; ++index) append.entries.push_back(entry(index, term));
  return append;
}

msg::AppendLog start_at(std::uint32_t group, LogIndex index, Term term, bool drops = false) {
  msg::AppendLog append;
  append.group = group;
  append.has_start = true;
  append.start_index = index;
  append.start_term = term;
  append.drops_suffix = drops;
  return append;
}

msg::AppendLog hard_state(std::uint32_t group, Term term, std::uint64_t vote) {
  msg::AppendLog append;
  append.group = group;
  append.has_hard_state = true;
  append.hard_state = msg::HardState{term, vote};
  return append;
}

std::unique_ptr<SegmentLog> open(storage::Disk& disk, LogOptions options = small) {
  auto log = SegmentLog::open(disk, options);
  BOOST_REQUIRE(log.ok());
  return std::move(log).value();
}

void commit(SegmentLog& log, const msg::AppendLog& append) {
  BOOST_REQUIRE(log.append(append).ok());
  BOOST_REQUIRE(log.flush().ok());
}

/// Flips a bit of what a later flush testifies to, in the only segment, which is returned.
std::string damage_an_acknowledged_flush(testing::FaultyDisk& disk) {
  auto log = open(disk);
  const std::string first = disk.list().value().front();
  commit(*log, entries(1, 1, 2, 1));
  commit(*log, entries(1, 3, 4, 1));
  log.reset();
  disk.flip_bit(first, 100);
  return first;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(segment_log)

BOOST_AUTO_TEST_CASE(flushed_entries_and_votes_survive_a_reopen) {
  testing::FaultyDisk disk(1);
  {
    auto log = open(disk);
    commit(*log, hard_state(7, 3, 42));
    commit(*log, entries(7, 1, 5, 3));
  }
  disk.crash();
  const auto recovered = open(disk)->recover(GroupId{7});
  BOOST_REQUIRE(recovered.ok());
  BOOST_TEST(recovered.value().hard_state.vote == 42U);
  BOOST_REQUIRE_EQUAL(recovered.value().entries.size(), 5U);
  BOOST_TEST((recovered.value().entries[4] == entry(5, 3)));
  BOOST_TEST(!recovered.value().tainted);
}

BOOST_AUTO_TEST_CASE(an_append_at_an_old_index_replaces_the_suffix) {
  testing::FaultyDisk disk(1);
  {
    auto log = open(disk);
    commit(*log, entries(1, 1, 9, 1));
    commit(*log, entries(1, 4, 5, 2));
  }
  const auto recovered = open(disk)->recover(GroupId{1}).value();
  BOOST_REQUIRE_EQUAL(recovered.entries.size(), 5U);
  BOOST_TEST(recovered.entries[2].term == 1U);
  BOOST_TEST(recovered.entries[3].term == 2U);
}

BOOST_AUTO_TEST_CASE(a_start_forgets_what_lies_before_it_and_keeps_the_rest) {
  testing::FaultyDisk disk(1);
  {
    auto log = open(disk);
    commit(*log, entries(1, 1, 9, 1));
    commit(*log, start_at(1, 6, 1));
  }
  const auto recovered = open(disk)->recover(GroupId{1}).value();
  BOOST_TEST(recovered.start_index == 6U);
  BOOST_REQUIRE_EQUAL(recovered.entries.size(), 3U);
  BOOST_TEST(recovered.entries[0].index == 7U);
}

BOOST_AUTO_TEST_CASE(a_start_that_drops_the_suffix_leaves_nothing) {
  testing::FaultyDisk disk(1);
  auto log = open(disk);
  commit(*log, entries(1, 1, 9, 1));
  commit(*log, start_at(1, 6, 5, true));
  BOOST_TEST(log->recover(GroupId{1}).value().entries.empty());
  commit(*log, entries(1, 7, 8, 5));
  BOOST_TEST(open(disk)->recover(GroupId{1}).value().entries.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_dropped_group_is_forgotten) {
  testing::FaultyDisk disk(1);
  {
    auto log = open(disk);
    commit(*log, entries(1, 1, 3, 1));
    BOOST_REQUIRE(log->drop(GroupId{1}).ok());
    BOOST_REQUIRE(log->flush().ok());
  }
  BOOST_TEST(open(disk)->recover(GroupId{1}).value().entries.empty());
}

BOOST_AUTO_TEST_CASE(segments_are_recycled_and_idle_groups_copied_forward) {
  testing::FaultyDisk disk(1);
  auto log = open(disk);
  commit(*log, hard_state(99, 4, 8));
  commit(*log, entries(99, 1, 3, 4));
  LogIndex index = 0;
  for (int round = 0; round < 200; ++round) {
    commit(*log, entries(1, index + 1, index + 10, 1));
    index += 10;
    commit(*log, start_at(1, index - 2, 1));
  }
  BOOST_TEST(log->counters().recycled > 5U);
  BOOST_TEST(disk.file_count() < 10U);
  const auto idle = open(disk)->recover(GroupId{99}).value();
  BOOST_TEST(idle.hard_state.vote == 8U);
  BOOST_REQUIRE_EQUAL(idle.entries.size(), 3U);
  BOOST_TEST((idle.entries[2] == entry(3, 4)));
}

BOOST_AUTO_TEST_CASE(damage_before_a_later_flush_taints) {
  testing::FaultyDisk disk(1);
  damage_an_acknowledged_flush(disk);
  auto log = open(disk);
  BOOST_TEST(log->is_damaged());
}

BOOST_AUTO_TEST_CASE(after_damage_every_group_is_in_a_term_above_all_and_has_no_entries) {
  testing::FaultyDisk disk(1);
  {
    auto log = open(disk);
    commit(*log, hard_state(2, 9, 3));
  }
  damage_an_acknowledged_flush(disk);
  for (int start = 0; start < 2; ++start) {
    const auto log = open(disk);
    for (const std::uint32_t group : {1U, 2U}) {
      const auto recovered = log->recover(GroupId{group}).value();
      BOOST_TEST(recovered.tainted);
      BOOST_TEST(recovered.term_floor == 9 + storage::term_leap);
      BOOST_TEST(recovered.hard_state.term == recovered.term_floor);
      BOOST_TEST(recovered.hard_state.vote == 0U);
      BOOST_TEST(recovered.entries.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_group_is_whole_with_the_first_entry_above_its_floor) {
  testing::FaultyDisk disk(1);
  damage_an_acknowledged_flush(disk);
  auto log = open(disk);
  const Term floor = log->recover(GroupId{1}).value().term_floor;
  commit(*log, hard_state(1, floor + 1, 2));
  commit(*log, entries(1, 1, 9, 1));
  log = open(disk);
  BOOST_TEST(log->recover(GroupId{1}).value().tainted);
  commit(*log, entries(1, 10, 10, floor + 1));
  log = open(disk);
  BOOST_TEST(!log->recover(GroupId{1}).value().tainted);
  BOOST_TEST(log->recover(GroupId{1}).value().hard_state.term == floor + 1);
  BOOST_TEST(log->recover(GroupId{1}).value().entries.size() == 10U);
}

BOOST_AUTO_TEST_CASE(a_damaged_group_is_whole_with_a_state_above_its_floor) {
  testing::FaultyDisk disk(1);
  damage_an_acknowledged_flush(disk);
  auto log = open(disk);
  const Term floor = log->recover(GroupId{1}).value().term_floor;
  commit(*log, start_at(1, 20, floor - 1, true));
  BOOST_TEST(log->recover(GroupId{1}).value().tainted);
  commit(*log, start_at(1, 21, floor, false));
  BOOST_TEST(!log->recover(GroupId{1}).value().tainted);
}

BOOST_AUTO_TEST_CASE(a_group_that_damage_made_the_log_forget_is_tainted_until_it_is_whole) {
  testing::FaultyDisk disk(1);
  damage_an_acknowledged_flush(disk);
  const GroupId forgotten{8};
  auto log = open(disk);
  const Term floor = log->recover(forgotten).value().term_floor;
  BOOST_TEST(floor >= storage::term_leap);
  BOOST_TEST(log->recover(forgotten).value().hard_state.term == floor);
  commit(*log, entries(8, 1, 3, 1));
  BOOST_TEST(log->recover(forgotten).value().tainted);
  log = open(disk);
  BOOST_TEST(log->recover(forgotten).value().tainted);
  BOOST_TEST(log->recover(forgotten).value().hard_state.term == floor);
  // Long after the record that says that groups were forgotten was copied on.
  for (LogIndex index = 1; index <= 400; ++index) {
    commit(*log, entries(1, index, index, 1));
    commit(*log, start_at(1, index, 1));
  }
  BOOST_TEST(log->counters().recycled > 3U);
  log = open(disk);
  BOOST_TEST(log->recover(forgotten).value().tainted);
  BOOST_TEST(log->recover(GroupId{9}).value().term_floor == floor);  // nothing of it came yet
  commit(*log, entries(8, 4, 4, floor));
  log = open(disk);
  BOOST_TEST(!log->recover(forgotten).value().tainted);
}

BOOST_AUTO_TEST_CASE(damage_that_a_whole_roster_follows_makes_the_log_forget_no_group) {
  testing::FaultyDisk disk(1);
  damage_an_acknowledged_flush(disk);
  const std::string first = disk.list().value().front();
  disk.flip_bit(first, 100);  // whole again
  open(disk).reset();         // a second segment, with its roster
  disk.flip_bit(first, 100);
  auto log = open(disk);
  BOOST_TEST(log->is_damaged());
  BOOST_TEST(log->recover(GroupId{1}).value().tainted);
  BOOST_TEST(!log->recover(GroupId{8}).value().tainted);
}

BOOST_AUTO_TEST_CASE(damage_after_damage_lifts_the_floor_again) {
  testing::FaultyDisk disk(1);
  damage_an_acknowledged_flush(disk);
  const Term first = open(disk)->recover(GroupId{1}).value().term_floor;
  {
    auto log = open(disk);
    commit(*log, hard_state(1, first + 5, 2));
    commit(*log, hard_state(2, 3, 2));
  }
  const std::vector<std::string> names = disk.list().value();
  for (const std::string& name : names) {
    std::string content = disk.content(name);
    const std::size_t end = storage::survey_segment(content, seed_of_small).end;
    if (end < 200) continue;
    content[end / 2] = static_cast<char>(content[end / 2] ^ 1);
    disk.replace(name, content);
  }
  auto log = open(disk);
  BOOST_REQUIRE(log->is_damaged());
  BOOST_TEST(log->recover(GroupId{1}).value().term_floor >= first + storage::term_leap);
}

BOOST_AUTO_TEST_CASE(damage_is_refused_where_nobody_could_repair_it_and_nothing_is_changed) {
  testing::FaultyDisk disk(1);
  const std::string first = damage_an_acknowledged_flush(disk);
  const std::string before = disk.content(first);
  LogOptions alone = small;
  alone.refuses_damage = true;
  for (int i = 0; i < 2; ++i) {
    const auto refused = SegmentLog::open(disk, alone);
    BOOST_REQUIRE(!refused.ok());
    BOOST_TEST((refused.error().code == Code::corrupt));
    BOOST_TEST(refused.error().detail.starts_with(first + " is damaged at byte "));
  }
  BOOST_TEST(disk.content(first) == before);
  disk.flip_bit(first, 100);
  BOOST_TEST(open(disk, alone)->recover(GroupId{1}).value().entries.size() == 4U);
}

BOOST_AUTO_TEST_CASE(a_lost_state_taints_what_the_log_knows_until_it_is_whole_again) {
  testing::FaultyDisk disk(1);
  {
    auto log = open(disk);
    commit(*log, entries(1, 1, 9, 1));
    commit(*log, start_at(1, 6, 1));
  }
  LogOptions lost = small;
  lost.is_state_lost = true;
  open(disk, lost);
  auto log = open(disk);  // the state was made anew, and then the process was killed
  BOOST_TEST(!log->is_damaged());
  BOOST_TEST(log->recover(GroupId{1}).value().tainted);
  BOOST_TEST(log->recover(GroupId{1}).value().high_water == 9U);
  commit(*log, start_at(1, 0, 0, true));
  BOOST_TEST(log->recover(GroupId{1}).value().tainted);
  commit(*log, start_at(1, 8, 1, true));
  log = open(disk);
  BOOST_TEST(log->recover(GroupId{1}).value().tainted);
  commit(*log, entries(1, 9, 9, 1));
  log = open(disk);
  BOOST_TEST(!log->recover(GroupId{1}).value().tainted);
}

BOOST_AUTO_TEST_CASE(a_lost_state_does_not_make_up_for_a_damaged_log) {
  testing::FaultyDisk disk(1);
  damage_an_acknowledged_flush(disk);
  commit(*open(disk), start_at(1, 20, 1, true));
  LogOptions lost = small;
  lost.is_state_lost = true;
  BOOST_TEST(open(disk, lost)->recover(GroupId{1}).value().term_floor >= storage::term_leap);
}

BOOST_AUTO_TEST_CASE(a_lost_state_does_not_taint_a_log_that_makes_it_again) {
  testing::FaultyDisk disk(1);
  commit(*open(disk), entries(1, 1, 9, 1));
  LogOptions lost = small;
  lost.is_state_lost = true;
  const auto log = open(disk, lost);
  BOOST_TEST(!log->is_damaged());
  BOOST_TEST(!log->recover(GroupId{1}).value().tainted);
  BOOST_TEST(log->recover(GroupId{1}).value().entries.size() == 9U);
}

BOOST_AUTO_TEST_CASE(a_first_log_has_lost_no_state) {
  testing::FaultyDisk disk(1);
  open(disk);
  LogOptions lost = small;
  lost.is_state_lost = true;
  auto log = open(disk, lost);
  BOOST_TEST(!log->is_damaged());
  BOOST_TEST(!log->recover(GroupId{1}).value().tainted);
}

BOOST_AUTO_TEST_CASE(a_torn_record_is_told_from_an_end) {
  testing::FaultyDisk disk(1);
  auto log = open(disk);
  const std::string first = disk.list().value().front();
  commit(*log, entries(1, 1, 2, 1));
  BOOST_TEST(!storage::survey_segment(disk.content(first), seed_of_small).is_torn);
  commit(*log, entries(1, 3, 3, 1));
  std::string cut = disk.content(first);
  cut[cut.find_last_not_of('\0')] = '\0';
  const storage::Survey survey = storage::survey_segment(cut, seed_of_small);
  BOOST_TEST(survey.is_torn);
  BOOST_TEST(!survey.is_damaged);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_reported_and_acknowledges_nothing) {
  testing::FaultyDisk disk(1);
  auto log = open(disk);
  commit(*log, entries(1, 1, 2, 1));
  disk.is_full = true;
  BOOST_REQUIRE(log->append(entries(1, 3, 3, 1)).ok());
  const auto flushed = log->flush();
  BOOST_REQUIRE(!flushed.ok());
  BOOST_TEST((flushed.error().code == Code::io_failed));
  disk.is_full = false;
  BOOST_TEST(!log->append(entries(1, 3, 3, 1)).ok());  // dead: nobody knows what was written
  BOOST_TEST(!log->flush().ok());
  log = open(disk);
  BOOST_TEST(!log->is_damaged());
  const auto entries_left = log->recover(GroupId{1}).value().entries.size();
  BOOST_TEST((entries_left == 2U || entries_left == 3U));  // the third was not acknowledged
}

BOOST_AUTO_TEST_CASE(a_disk_that_is_full_at_the_start_loses_nothing) {
  testing::FaultyDisk disk(1);
  {
    auto log = open(disk);
    commit(*log, entries(1, 1, 2, 1));
  }
  disk.is_full = true;
  const auto refused = SegmentLog::open(disk, small);
  BOOST_REQUIRE(!refused.ok());
  BOOST_TEST((refused.error().code == Code::io_failed));
  disk.is_full = false;
  BOOST_TEST(open(disk)->recover(GroupId{1}).value().entries.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_failed_sync_is_reported) {
  testing::FaultyDisk disk(1);
  auto log = open(disk);
  disk.is_sync_failing = true;
  BOOST_REQUIRE(log->append(entries(1, 1, 1, 1)).ok());
  BOOST_TEST(!log->flush().ok());
  disk.is_sync_failing = false;  // the page cache may have dropped it: a second sync proves nothing
  BOOST_TEST(!log->sync().ok());
  BOOST_TEST(!log->append(entries(1, 2, 2, 1)).ok());
}

// Random writes over several groups, a power failure at any moment, reopen, go on: what was flushed
// is there, what is there was written, and a torn tail is never called damage.
BOOST_DATA_TEST_CASE(
    acknowledged_entries_survive_power_failures, boost::unit_test::data::xrange(60), seed) {
  testing::FaultyDisk disk(static_cast<std::uint64_t>(seed) + 1);
  Random random(static_cast<std::uint64_t>(seed) + 1000);

  struct Model {
    std::map<LogIndex, Term> written;  // all that was ever appended, by newest term
    LogIndex last = 0;
    LogIndex flushed = 0;
    Term term = 1;
    LogIndex start = 0;
  };

  std::map<std::uint32_t, Model> models;
  auto log = open(disk);
  for (int step = 0; step < 300; ++step) {
    const auto group = static_cast<std::uint32_t>(random.below(4) + 1);
    Model& model = models[group];
    const LogIndex count = random.below(4) + 1;
    BOOST_REQUIRE(log->append(entries(group, model.last + 1, model.last + count, model.term)).ok());
    for (LogIndex i = 1; i <= count; ++i) model.written[model.last + i] = model.term;
    model.last += count;
    if (random.chance(0.5)) {
      BOOST_REQUIRE(log->flush().ok());
      for (auto& [id, each] : models) each.flushed = each.last;
    }
    if (random.chance(0.2) && model.flushed > model.start + 2) {
      model.start = model.flushed - 2;
      commit(*log, start_at(group, model.start, model.written[model.start]));
      for (auto& [id, each] : models) each.flushed = each.last;
    }
    if (!random.chance(0.05)) continue;
    log.reset();
    disk.crash();
    log = open(disk);
    BOOST_REQUIRE_MESSAGE(!log->is_damaged(), "seed " << seed << ": a torn tail was called damage");
    for (auto& [id, each] : models) {
      const auto recovered = log->recover(GroupId{id}).value();
      const LogIndex last = recovered.start_index + recovered.entries.size();
      BOOST_REQUIRE_MESSAGE(last >= each.flushed, "seed " << seed << ": acknowledged entries lost");
      BOOST_REQUIRE(last <= each.last);
      for (const msg::Entry& found : recovered.entries) {
        BOOST_REQUIRE((found == entry(found.index, each.written[found.index])));
      }
      each.last = last;
      each.flushed = last;
      ++each.term;
    }
  }
}

// What was behind the cut may have been acknowledged. A torn write never makes a file smaller.
BOOST_AUTO_TEST_CASE(a_segment_that_was_cut_is_damaged_wherever_the_cut_is) {
  for (const int where : {0, 1, 2, 3}) {
    testing::FaultyDisk disk(1);
    {
      const auto log = open(disk);
      commit(*log, entries(7, 1, 5, 3));
      commit(*log, entries(7, 6, 9, 3));
    }
    const std::string name = disk.list().value().front();
    const std::string content = disk.content(name);
    const std::uint64_t end = storage::survey_segment(content, seed_of_small).end;
    const std::uint64_t sizes[] = {0, end / 2 + 3, end, content.size() - 1};
    disk.replace(name, content.substr(0, sizes[where]));
    LogOptions alone = small;
    alone.refuses_damage = true;  // and changes nothing
    BOOST_TEST(!SegmentLog::open(disk, alone).ok(), "cut to " << sizes[where]);
    BOOST_TEST(open(disk)->is_damaged(), "cut to " << sizes[where]);
    BOOST_TEST(!open(disk)->is_damaged(), "cut to " << sizes[where] << ", the next start");
  }
}

BOOST_AUTO_TEST_CASE(a_segment_that_was_cut_behind_its_seal_lost_nothing) {
  testing::FaultyDisk disk(1);
  commit(*open(disk), entries(7, 1, 5, 3));
  const std::string name = disk.list().value().front();
  (void)open(disk);  // seals the segment and goes on in another one
  const std::string content = disk.content(name);
  disk.replace(name, content.substr(0, storage::survey_segment(content, seed_of_small).end));
  const auto log = open(disk);
  BOOST_TEST(!log->is_damaged());
  BOOST_TEST(log->recover(GroupId{7}).value().entries.size() == 5U);
}

BOOST_AUTO_TEST_CASE(a_log_of_another_version_is_refused_and_a_flipped_bit_in_its_name_is_damage) {
  testing::FaultyDisk disk(1);
  commit(*open(disk), entries(7, 1, 5, 3));
  const std::string name = disk.list().value().front();
  std::string other = disk.content(name);
  other[sizeof(storage::RecordHead) + storage::log_magic.size() - 1] = '9';
  disk.replace(name, other);
  BOOST_TEST(open(disk)->is_damaged());
  storage::finish_record(other, 0, 0, true, seed_of_small);
  disk.replace(name, other);
  const auto refused = SegmentLog::open(disk, small);
  BOOST_REQUIRE(!refused.ok());
  BOOST_TEST((refused.error().code == Code::refused_to_protect));
}

BOOST_AUTO_TEST_SUITE_END()
