// SPDX-License-Identifier: Apache-2.0
#include "actors/kv/session_table.hpp"

#include "base/limits.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace harka;
using kv::SessionTable;

namespace {

constexpr std::size_t large = 10U << 20;

msg::SessionRecord record_of(std::uint64_t sequence, std::size_t bytes) {
  msg::SessionRecord record;
  record.session = 5;
  record.sequence = sequence;
  record.index = sequence;
  record.replies = SharedBytes(std::string(bytes, 'r'));
  record.lengths = {static_cast<std::uint32_t>(bytes)};
  return record;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(session_table)

BOOST_AUTO_TEST_CASE(a_session_that_acknowledges_nothing_still_fits_into_a_chunk_of_a_snapshot) {
  SessionTable table;
  for (std::uint64_t sequence = 1; sequence <= 20; ++sequence) {
    table.add(record_of(sequence, large), 0);
  }
  const auto writes = table.take_writes();
  BOOST_REQUIRE(writes.size() == 1U);
  BOOST_TEST(writes[0].value.size() < limits::frame_bytes_max / 2);
}

BOOST_AUTO_TEST_CASE(what_was_emptied_counts_as_applied_and_the_newest_answers_stay) {
  SessionTable table;
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
    table.add(record_of(sequence, large), 0);
  }
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
    const msg::SessionRecord* known = table.find(5, sequence);
    BOOST_REQUIRE(known != nullptr);
    BOOST_TEST(known->lengths.empty() == (sequence <= 2));
    BOOST_TEST(known->replies.size() == (sequence <= 2 ? 0 : large));
  }
}

BOOST_AUTO_TEST_CASE(the_answer_that_came_last_stays_however_large_and_old_it_is) {
  SessionTable table;
  table.add(record_of(2, large), 0);
  table.add(record_of(1, SessionTable::answer_bytes_max + 1), 0);
  BOOST_TEST(!table.find(5, 1)->lengths.empty());
  BOOST_TEST(table.find(5, 2)->lengths.empty());
}

BOOST_AUTO_TEST_CASE(acknowledged_answers_make_room) {
  SessionTable table;
  for (std::uint64_t sequence = 1; sequence <= 50; ++sequence) {
    table.add(record_of(sequence, large), sequence - 1);
    BOOST_TEST(!table.find(5, sequence)->lengths.empty());
  }
  table.add(record_of(51, large), 49);
  BOOST_TEST(!table.find(5, 50)->lengths.empty());
}

BOOST_AUTO_TEST_CASE(no_session_that_may_be_in_use_is_forgotten) {
  SessionTable table;
  const auto add = [&table](std::uint64_t session, LogIndex index) {
    msg::SessionRecord record = record_of(1, 10);
    record.session = session;
    record.index = index;
    table.add(std::move(record), 0);
  };
  for (std::uint64_t session = 1; session <= 2 * SessionTable::sessions_kept; ++session) {
    add(session, session);
  }
  for (std::uint64_t session = 1; session <= 2 * SessionTable::sessions_kept; ++session) {
    BOOST_TEST(table.find(session, 1) != nullptr);
  }
  (void)table.take_writes();
  add(7777, SessionTable::silent_entries + 10);
  BOOST_TEST(table.find(10, 1) == nullptr);
  BOOST_TEST(table.find(11, 1) != nullptr);
  std::size_t removed = 0;
  for (const msg::StateWrite& write : table.take_writes()) removed += write.removed ? 1 : 0;
  BOOST_TEST(removed == 10U);
}

BOOST_AUTO_TEST_CASE(one_session_too_many_waits_until_another_is_silent) {
  SessionTable table;
  for (std::uint64_t session = 1; session <= SessionTable::sessions_max; ++session) {
    msg::SessionRecord record = record_of(1, 10);
    record.session = session;
    BOOST_REQUIRE(table.has_room_for(session, record.index));
    table.add(std::move(record), 0);
  }
  BOOST_TEST(table.has_room_for(1, 5));
  BOOST_TEST(!table.has_room_for(99'999, 5));
  BOOST_TEST(table.has_room_for(99'999, 1 + SessionTable::silent_entries));
}

BOOST_AUTO_TEST_SUITE_END()
