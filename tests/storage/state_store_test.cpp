// SPDX-License-Identifier: Apache-2.0
// The state store between its callers and an engine: what it answers, and in which order it acts.
#include "storage/state_store.hpp"

#include "tests/storage/engine_fixture.hpp"

#include <future>

using namespace harka;
using testing::flush_of;
using testing::Folder;
using testing::open_engine;
using testing::part_of;
using testing::value_of;

namespace {

const Address replica = replica_address(NodeId{1}, GroupId{7});
const Address store = address_of(NodeId{1}, msg::ActorKind::state_store);

EnvelopePtr ask(msg::Message body) {
  return std::make_shared<const Envelope>(Envelope{replica, store, 0, std::move(body)});
}

struct Fixture {
  Folder folder;
  std::unique_ptr<storage::Engine> engine = open_engine(folder);
  storage::StateStoreCore core{*engine};

  void ask_all(std::vector<msg::Message> bodies) {
    for (msg::Message& body : bodies) core.enqueue(ask(std::move(body)));
    const auto answers = core.commit();
    BOOST_REQUIRE(answers.ok());
    BOOST_TEST(answers.value().size() == bodies.size());
  }
};

class RefusingEngine final : public storage::Engine {
 public:
  std::optional<SharedBytes> get(GroupId, std::string_view) const override { return {}; }

  bool look(GroupId, std::string_view, const storage::Look&) const override { return false; }

  bool contains(GroupId, std::string_view) const override { return false; }

  void scan(GroupId, std::string_view, const storage::Visitor&) const override {}

  std::uint64_t count(GroupId) const override { return 0; }

  storage::AppliedState applied(GroupId) const override { return {}; }

  std::unique_ptr<storage::SnapshotReader> snapshot(GroupId) const override { return nullptr; }

  Result<void> write(const storage::WriteBatch&) override {
    return Error{Code::io_failed, "the disk is full"};
  }
};

class CountingPort final : public Port {
 public:
  bool post(EnvelopePtr) override { return ++count > 0; }

  std::atomic<int> count = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(state_store)

BOOST_FIXTURE_TEST_CASE(a_flush_behind_a_snapshot_is_not_undone_by_it, Fixture) {
  ask_all({part_of(7, 0, {{"k", "of the snapshot"}}, true), flush_of(7, 11, {{"k", "newer"}})});
  BOOST_TEST(value_of(*engine, 7, "k") == "newer");
  BOOST_TEST(engine->applied(GroupId{7}).index == 11U);
}

BOOST_FIXTURE_TEST_CASE(a_group_that_came_back_keeps_what_it_wrote_since, Fixture) {
  ask_all({flush_of(7, 3, {{"old", "x"}}), msg::DropGroup{7, 1}, flush_of(7, 1, {{"new", "y"}})});
  BOOST_TEST(value_of(*engine, 7, "old") == "(absent)");
  BOOST_TEST(value_of(*engine, 7, "new") == "y");
  BOOST_TEST(engine->applied(GroupId{7}).index == 1U);
}

BOOST_FIXTURE_TEST_CASE(each_answer_repeats_its_ticket, Fixture) {
  msg::FlushState flush = flush_of(7, 3, {{"k", "v"}});
  flush.ticket = 41;
  core.enqueue(ask(flush));
  core.enqueue(ask(msg::RecoverGroup{7, 42}));
  const auto answers = core.commit();
  BOOST_REQUIRE(answers.ok());
  BOOST_REQUIRE_EQUAL(answers.value().size(), 2U);
  BOOST_TEST(std::get<msg::StateFlushed>(answers.value()[0]->body).ticket == 41U);
  BOOST_TEST(std::get<msg::StateFlushed>(answers.value()[0]->body).applied_index == 3U);
  BOOST_TEST(std::get<msg::GroupRecovered>(answers.value()[1]->body).ticket == 42U);
  BOOST_TEST((answers.value()[1]->to == replica));
}

BOOST_AUTO_TEST_CASE(a_failed_write_is_reported_and_never_answered) {
  Directory directory(NodeId{1});
  const auto asker = std::make_shared<CountingPort>();
  directory.bind(replica, asker);
  RefusingEngine engine;
  std::promise<Error> failed;
  storage::StateStoreThread thread(
      engine, directory, [&](const Error& error) { failed.set_value(error); });
  BOOST_TEST(thread.post(ask(flush_of(7, 1, {{"k", "v"}}))));
  BOOST_TEST(failed.get_future().get().detail == "the disk is full");
  thread.stop();
  BOOST_TEST(asker->count == 0);
}

BOOST_AUTO_TEST_SUITE_END()
