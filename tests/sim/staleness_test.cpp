// SPDX-License-Identifier: Apache-2.0
// The oracle of reads after READONLY, by hand-made histories.
#include "sim/checkers/staleness.hpp"

#include "actors/kv/command.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;
using namespace harka::sim;

namespace {

constexpr GroupId group{1};

struct Fixture {
  StalenessOracle oracle{1s};
  LogIndex last = 0;

  static Instant at(Duration time) { return Instant(time); }

  void commit(
      Duration time,
      const std::string& value,
      std::uint64_t sequence = 0,
      std::uint64_t acknowledged = 0) {
    std::string commands;
    const std::string_view arguments[] = {"k", value};
    kv::CommandWriter(commands).add(kv::CommandId::set, kv::encoded_flag::may_write, arguments, 2);
    kv::EntryHeader header;
    header.session = sequence == 0 ? 0 : 9;
    header.sequence = sequence;
    header.acknowledged = acknowledged;
    header.count = 1;
    msg::Entry entry;
    entry.index = ++last;
    entry.type = msg::EntryType::command;
    entry.data = SharedBytes(kv::encode_entry(header, commands));
    oracle.committed(group, entry, at(time));
  }

  /// What is broken; empty: nothing.
  std::string judged(
      std::optional<std::string> value, LogIndex index, Duration began, LogIndex min_index = 0) {
    StalenessOracle::Read read;
    read.group = group;
    read.key = "k";
    read.value = std::move(value);
    read.index = index;
    read.min_index = min_index;
    read.began = at(began);
    try {
      oracle.check(read);
    } catch (const Violation& violation) {
      return violation.what();
    }
    return {};
  }
};

struct Written : Fixture {
  Written() {
    commit(1s, "one");
    commit(2s, "two");
  }
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(staleness)

BOOST_FIXTURE_TEST_CASE(a_value_of_its_index_within_the_bound_is_right, Written) {
  BOOST_TEST(judged("two", 2, 9s) == "");
  BOOST_TEST(judged("one", 1, 3s) == "");  // the next one is a second old
  BOOST_TEST(judged(std::nullopt, 0, 1500ms) == "");
}

BOOST_FIXTURE_TEST_CASE(an_index_beyond_the_bound_is_noticed_whatever_it_holds, Written) {
  BOOST_TEST(contains(judged("one", 1, 3001ms), "had been committed for 1001 ms"));
}

BOOST_FIXTURE_TEST_CASE(a_session_that_goes_back_is_noticed, Written) {
  BOOST_TEST(contains(judged("one", 1, 2s, 2), "its session had seen 2"));
}

BOOST_FIXTURE_TEST_CASE(a_value_of_another_index_is_noticed, Written) {
  BOOST_TEST(contains(judged("one", 2, 2s), "gives 'one', not 'two'"));
  BOOST_TEST(contains(judged("two", 1, 2s), "gives 'two', not 'one'"));
  BOOST_TEST(contains(judged(std::nullopt, 2, 2s), "gives nothing, not 'two'"));
}

BOOST_FIXTURE_TEST_CASE(an_index_that_is_not_committed_is_noticed, Written) {
  BOOST_TEST(contains(judged("two", 3, 2s), "not committed"));
}

BOOST_FIXTURE_TEST_CASE(a_repeated_batch_counts_once, Fixture) {
  commit(1s, "one", 1);
  commit(1s, "two", 2);
  commit(1s, "one", 1);
  BOOST_TEST(judged("two", 3, 1s) == "");
}

BOOST_FIXTURE_TEST_CASE(a_batch_that_was_acknowledged_before_it_came_has_no_effect, Fixture) {
  commit(1s, "two", 2, 1);
  commit(1s, "one", 1);
  BOOST_TEST(judged("two", 2, 1s) == "");
}

BOOST_AUTO_TEST_SUITE_END()
