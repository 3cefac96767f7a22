// SPDX-License-Identifier: Apache-2.0
// The parts under the replica: log, quorum arithmetic, in-flight window, configuration history.
#include "cluster/raft/log.hpp"

#include "base/assert.hpp"
#include "cluster/raft/progress.hpp"
#include "cluster/raft/quorum.hpp"
#include "lab.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;
using namespace harka::raft;

namespace {

Log five() {
  return Log(10, 2, {entry(11, 2), entry(12, 3), entry(13, 3), entry(14, 5), entry(15, 5)});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(parts)

BOOST_AUTO_TEST_CASE(log_knows_terms_from_its_start_to_its_end) {
  const Log log = five();
  BOOST_TEST(!log.term_at(9).has_value());
  BOOST_TEST(*log.term_at(10) == 2U);
  BOOST_TEST(*log.term_at(15) == 5U);
  BOOST_TEST(!log.term_at(16).has_value());
}

BOOST_AUTO_TEST_CASE(log_refuses_gaps) {
  Log log = five();
  BOOST_CHECK_THROW(log.append(entry(17, 5)), Bug);
  BOOST_CHECK_THROW(log.append(entry(16, 4)), Bug);
}

BOOST_AUTO_TEST_CASE(log_stays_whole_while_its_head_is_dropped) {
  Log log(0, 0, {});
  for (LogIndex index = 1; index <= 1000; ++index) {
    log.append(entry(index, 1));
    if (index > 5) {
      log.drop_through(index - 5);
      BOOST_REQUIRE(log.start_index() == index - 5);
      BOOST_REQUIRE(log.at(index - 4).index == index - 4);
      BOOST_REQUIRE(log.last_index() == index);
    }
  }
}

BOOST_AUTO_TEST_CASE(slice_gives_one_entry_even_if_it_is_too_large) {
  BOOST_TEST(five().slice(12, 15, 1).size() == 1U);
  BOOST_TEST(five().slice(12, 15, 70).size() == 2U);
  BOOST_TEST(five().slice(12, 15, 10'000).size() == 4U);
  BOOST_TEST(five().slice(16, 99, 10'000).empty());
}

BOOST_AUTO_TEST_CASE(last_entry_not_after_a_term) {
  BOOST_TEST(five().last_not_after(15, 4) == 13U);
  BOOST_TEST(five().last_not_after(12, 9) == 12U);
  BOOST_TEST(five().last_not_after(15, 1) == 10U);
}

BOOST_AUTO_TEST_CASE(majority_of_any_size) {
  const auto value = [](NodeId node) { return node.value * 10; };
  msg::GroupConfig config;
  for (std::uint64_t size = 1; size <= 12; ++size) {
    config.voters.push_back(size);
    // The largest value that size / 2 + 1 voters reach.
    BOOST_TEST(quorum_value(config, value) == (size - size / 2) * 10);
  }
}

BOOST_AUTO_TEST_CASE(window_counts_what_is_unanswered) {
  InFlight window;
  window.add(5, 100);
  window.add(9, 200);
  window.acknowledge(7);
  BOOST_TEST(window.count() == 1U);
  BOOST_TEST(window.bytes() == 200U);
}

BOOST_AUTO_TEST_CASE(history_answers_for_every_index) {
  ConfigHistory history(4, {{1}, {}, {}});
  history.append(7, {{1, 2}, {}, {}});
  history.append(9, {{1, 2, 3}, {}, {}});
  BOOST_TEST(history.at(6).voters.size() == 1U);
  BOOST_TEST(history.at(8).voters.size() == 2U);
  history.drop_through(8);
  BOOST_TEST(history.at(8).voters.size() == 2U);
  BOOST_TEST(history.truncate_from(9));
  BOOST_TEST(history.newest_index() == 7U);
}

BOOST_AUTO_TEST_CASE(idle_replica_is_small) {
  BOOST_TEST(sizeof(Raft) + 2 * sizeof(Progress) < 1400U);
}

BOOST_AUTO_TEST_SUITE_END()
