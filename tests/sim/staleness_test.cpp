// SPDX-License-Identifier: Apache-2.0
// The oracle of reads after READONLY, by hand-made histories.
#include "sim/checkers/staleness.hpp"

#include "actors/kv/command.hpp"
#include "actors/kv/record.hpp"
#include "actors/kv/session_table.hpp"
#include "sim/memory_engine.hpp"

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

/// A durable state as of index 2, where `k` was set twice, by batches 1 and 2 of a session.
struct Restarted : Fixture {
  Restarted() {
    commit(1s, "one", 1);
    commit(2s, "two", 2);
  }

  std::string judged_start(LogIndex index, const std::string& value, std::uint64_t batches) {
    kv::SessionTable sessions;
    for (std::uint64_t sequence = 1; sequence <= batches; ++sequence) {
      msg::SessionRecord record;
      record.session = 9;
      record.sequence = sequence;
      record.index = sequence;
      sessions.add(record, 0);
    }
    msg::FlushState flush;
    flush.group = group.value;
    flush.applied_index = index;
    flush.applied_term = 1;
    flush.writes = sessions.take_writes();
    std::string stored(kv::expiry_bytes, '\0');
    stored += value;
    flush.writes.push_back({SharedBytes(kv::stored_key("k")), SharedBytes(stored), false});
    MemoryEngine engine(1024);
    BOOST_REQUIRE(engine.write({{&flush}, {}, {}}).ok());
    try {
      oracle.recovered(group, engine);
    } catch (const Violation& violation) {
      return violation.what();
    }
    return {};
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

BOOST_FIXTURE_TEST_CASE(a_start_with_what_its_index_says_is_right, Restarted) {
  BOOST_TEST(judged_start(2, "two", 2) == "");
  BOOST_TEST(judged_start(1, "one", 1) == "");
}

BOOST_FIXTURE_TEST_CASE(a_start_with_the_value_of_another_index_is_noticed, Restarted) {
  BOOST_TEST(contains(judged_start(2, "one", 2), "as of index 2 has 'one' in k, not 'two'"));
  BOOST_TEST(contains(judged_start(1, "two", 1), "as of index 1 has 'two' in k, not 'one'"));
}

BOOST_FIXTURE_TEST_CASE(a_start_without_an_answer_that_is_still_owed_is_noticed, Restarted) {
  BOOST_TEST(contains(judged_start(2, "two", 1), "has forgotten batch 2 of session 9"));
  commit(3s, "three", 3, 2);  // acknowledges batches 1 and 2: they may go
  BOOST_TEST(judged_start(2, "two", 0) == "");
}

BOOST_AUTO_TEST_SUITE_END()
