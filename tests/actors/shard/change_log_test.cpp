// SPDX-License-Identifier: Apache-2.0
// What a shard tells its caches: exactly the changes behind an index, or that it does not know.
#include "actors/shard/change_log.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;

namespace {

constexpr Instant later{std::chrono::seconds(50)};

std::string listed(const ChangeLog& log, LogIndex since) {
  const auto keys = log.since(since);
  if (!keys) return "all";
  std::string text;
  for (const SharedBytes& key : *keys) text += std::string(key.view()) + " ";
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(change_log)

BOOST_AUTO_TEST_CASE(changes_behind_an_index_are_listed_once_each) {
  ChangeLog log;
  log.want(later, 5);
  log.add(6, "a");
  log.add(7, "b");
  log.add(7, "a");
  log.add(9, "c");
  BOOST_TEST(listed(log, 5) == "a b c ");
  BOOST_TEST(listed(log, 6) == "b a c ");
  BOOST_TEST(listed(log, 7) == "c ");
  BOOST_TEST(listed(log, 9) == "");
}

BOOST_AUTO_TEST_CASE(before_somebody_wanted_them_changes_are_not_known) {
  ChangeLog log;
  BOOST_TEST(listed(log, 5) == "all");
  log.want(later, 5);
  BOOST_TEST(listed(log, 4) == "all");
  BOOST_TEST(listed(log, 5) == "");
}

BOOST_AUTO_TEST_CASE(nobody_wants_them_after_a_while) {
  ChangeLog log;
  log.want(later, 5);
  log.add(6, "a");
  BOOST_TEST(log.is_wanted(later - 1ms));
  BOOST_TEST(!log.is_wanted(later));
  BOOST_TEST(log.count() == 0U);
  log.want(later + 1s, 8);  // 7 was not kept
  BOOST_TEST(listed(log, 6) == "all");
}

BOOST_AUTO_TEST_CASE(wanting_them_again_does_not_forget_them) {
  ChangeLog log;
  log.want(later, 5);
  log.add(6, "a");
  log.want(later + 1s, 6);
  BOOST_TEST(listed(log, 5) == "a ");
}

BOOST_AUTO_TEST_CASE(the_oldest_go_when_there_are_too_many_or_too_large_ones) {
  ChangeLog log;
  log.want(later, 0);
  for (std::size_t i = 1; i <= limits::changes_kept + 3; ++i) log.add(i, "k");
  BOOST_TEST(log.count() == limits::changes_kept);
  BOOST_TEST(listed(log, 2) == "all");
  BOOST_TEST(listed(log, 3) == "k ");
  const std::string large(limits::changes_kept_bytes / 2 + 1, 'l');
  log.add(100'000, large);
  log.add(100'001, large);
  BOOST_TEST(log.count() == 1U);
  BOOST_TEST(listed(log, 99'999) == "all");
  BOOST_TEST(listed(log, 100'000) == large + " ");
}

BOOST_AUTO_TEST_CASE(an_index_of_which_a_part_was_dropped_is_not_known) {
  ChangeLog log;
  log.want(later, 0);
  log.add(1, "a");
  for (std::size_t i = 0; i < limits::changes_kept; ++i) log.add(1, "k" + std::to_string(i));
  BOOST_TEST(listed(log, 0) == "all");
}

BOOST_AUTO_TEST_SUITE_END()
