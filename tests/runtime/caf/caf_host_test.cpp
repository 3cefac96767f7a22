// SPDX-License-Identifier: Apache-2.0
// The shells on real threads. Waits poll a condition with a bound; nothing asserts on real time.
#include "runtime/caf/caf_host.hpp"

#include "tests/runtime/caf/sample_tree.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace harka {
namespace {

using testing::post;
using testing::supervisor_spec;
using testing::worker_address;
using testing::worker_spec;

struct Fixture {
  explicit Fixture(const ChildSpec& root, CafHost::Options options = {.worker_threads = 2})
      : host(std::move(options), directory, factory, registry) {
    host.start_root(root);
  }

  Directory directory{testing::sample_node};
  Registry registry;
  testing::SampleFactory factory;
  CafHost host;
};

ChildSpec with_mailbox(std::size_t mailbox_max) {
  ChildSpec worker = worker_spec(1);
  worker.mailbox_max = mailbox_max;
  return supervisor_spec(0, {worker});
}

/// Worker 1 takes a turn that ends once `let_return(true)`.
void make_busy(Fixture& fixture) {
  auto& journal = fixture.factory.journal;
  BOOST_TEST_REQUIRE(journal.wait_for("start replica/1"));
  testing::Worker::let_return(false);
  BOOST_TEST(post(fixture.directory, worker_address(1), msg::LeaveCluster{}));
  BOOST_TEST_REQUIRE(journal.wait_for("busy replica/1"));
}

ChildSpec two_workers() {
  return supervisor_spec(0, {worker_spec(1), worker_spec(2)});
}

BOOST_AUTO_TEST_CASE(a_crash_is_restarted_and_its_text_is_kept) {
  Fixture fixture(two_workers());
  auto& journal = fixture.factory.journal;
  BOOST_TEST_REQUIRE(journal.wait_for("start replica/1"));
  BOOST_TEST(post(fixture.directory, worker_address(1), msg::Inject{"crash"}));
  BOOST_TEST(journal.wait_for("start replica/1", 2));
  bool is_listed = false;
  for (const ActorInfo& info : fixture.registry.snapshot()) {
    if (info.name != "replica/1") continue;
    is_listed = true;
    BOOST_TEST(info.last_failure == "injected fault: crash");
    BOOST_TEST(info.restart_count == 1U);
  }
  BOOST_TEST(is_listed);
  BOOST_TEST(fixture.host.stop(5s));
}

BOOST_AUTO_TEST_CASE(shutdown_is_ordered_and_leaves_nothing) {
  Fixture fixture(two_workers());
  auto& journal = fixture.factory.journal;
  BOOST_TEST_REQUIRE(journal.wait_for("start replica/2"));
  BOOST_TEST(fixture.host.stop(5s));
  const auto lines = journal.lines();
  BOOST_REQUIRE(lines.size() == 4U);
  BOOST_TEST(lines[2] == "stop replica/2");
  BOOST_TEST(lines[3] == "stop replica/1");
  BOOST_TEST(fixture.registry.snapshot().empty());
}

BOOST_AUTO_TEST_CASE(stop_kills_what_exceeds_the_overall_budget) {
  ChildSpec stubborn = worker_spec(100);
  stubborn.shutdown_budget = 60s;
  Fixture fixture(supervisor_spec(0, {stubborn}));
  BOOST_TEST_REQUIRE(fixture.factory.journal.wait_for("start replica/100"));
  BOOST_TEST(fixture.host.stop(50ms));
  BOOST_TEST(fixture.factory.journal.count("stop replica/100") == 1U);
}

BOOST_AUTO_TEST_CASE(a_mailbox_fills_while_its_actor_is_busy) {
  Fixture fixture(with_mailbox(5));
  make_busy(fixture);
  for (int sent = 0; sent < 5; ++sent) {
    BOOST_TEST(post(fixture.directory, worker_address(1), msg::Probe{}));
  }
  BOOST_TEST(!post(fixture.directory, worker_address(1), msg::Probe{}));
  testing::Worker::let_return(true);
  BOOST_TEST(fixture.host.stop(5s));
}

// A store answers once: if a full mailbox refused it, the asker would wait for ever.
BOOST_AUTO_TEST_CASE(an_owed_answer_enters_a_full_mailbox) {
  Fixture fixture(with_mailbox(1));
  make_busy(fixture);
  BOOST_TEST(post(fixture.directory, worker_address(1), msg::Probe{}));
  BOOST_TEST(!post(fixture.directory, worker_address(1), msg::Probe{}));
  BOOST_TEST(fixture.directory.post_owed(std::make_shared<const Envelope>(
      Envelope{worker_address(1), worker_address(1), 0, msg::Probe{.sequence = 7}})));
  testing::Worker::let_return(true);
  BOOST_TEST(fixture.factory.journal.wait_for("probe 7 replica/1"));
  BOOST_TEST(fixture.host.stop(5s));
}

BOOST_AUTO_TEST_CASE(an_actor_with_its_own_thread_runs_while_all_workers_are_busy) {
  ChildSpec own = worker_spec(2);
  own.thread = ThreadUse::own;
  Fixture fixture(supervisor_spec(0, {worker_spec(1), own}), {.worker_threads = 1});
  auto& journal = fixture.factory.journal;
  BOOST_TEST_REQUIRE(journal.wait_for("start replica/2"));
  make_busy(fixture);
  BOOST_TEST(post(fixture.directory, worker_address(2), msg::Probe{.sequence = 7}));
  BOOST_TEST(journal.wait_for("probe 7 replica/2"));
  testing::Worker::let_return(true);
  for (const ActorInfo& info : fixture.registry.snapshot()) {
    BOOST_TEST(name_of(info.thread) == (info.name == "replica/2" ? "own" : "shared"));
  }
  BOOST_TEST(fixture.host.stop(5s));
}

BOOST_AUTO_TEST_CASE(an_actor_with_its_own_thread_is_restarted_and_stopped_like_others) {
  ChildSpec own = worker_spec(1);
  own.thread = ThreadUse::own;
  Fixture fixture(supervisor_spec(0, {own}));
  auto& journal = fixture.factory.journal;
  BOOST_TEST_REQUIRE(journal.wait_for("start replica/1"));
  BOOST_TEST(post(fixture.directory, worker_address(1), msg::Inject{"crash"}));
  BOOST_TEST(journal.wait_for("start replica/1", 2));
  BOOST_TEST(fixture.host.stop(5s));
  BOOST_TEST(journal.count("stop replica/1") == 1U);
  BOOST_TEST(fixture.registry.snapshot().empty());
}

BOOST_AUTO_TEST_CASE(escalation_tells_the_application) {
  testing::Journal ended;
  ChildSpec root = supervisor_spec(0, {worker_spec(1), worker_spec(200)});
  root.policy.intensity = 2;
  Fixture fixture(
      root, {.worker_threads = 2, .seed = 1, .root_failed = [&](const std::string& reason) {
               ended.add(reason);
             }});
  BOOST_TEST(ended.wait_for("restart intensity exceeded: replica/200: cannot be made"));
  BOOST_TEST(fixture.host.stop(1s));
}

BOOST_AUTO_TEST_CASE(real_timers_fire) {
  Fixture fixture(two_workers());
  auto& journal = fixture.factory.journal;
  BOOST_TEST_REQUIRE(journal.wait_for("start replica/1"));
  (void)post(fixture.directory, worker_address(1), msg::LinkUp{.node = 7, .epoch = 0});
  const auto has_fired = [&] {
    return std::ranges::any_of(
        journal.lines(), [](const std::string& line) { return line.starts_with("timer 7"); });
  };
  for (int waited = 0; waited < 1000 && !has_fired(); ++waited) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  BOOST_TEST(has_fired());
  BOOST_TEST(fixture.host.stop(5s));
}

/// Four threads post while the actors crash and restart: nothing is lost but what a crash drops,
/// and the host still stops.
BOOST_AUTO_TEST_CASE(posting_survives_crashes) {
  ChildSpec root = two_workers();
  root.policy.intensity = 100'000;
  root.policy.backoff_min = 1ms;
  root.policy.backoff_max = 2ms;
  Fixture fixture(root);
  BOOST_TEST_REQUIRE(fixture.factory.journal.wait_for("start replica/2"));
  std::vector<std::thread> senders;
  for (std::uint32_t sender = 0; sender < 4; ++sender) {
    senders.emplace_back([&fixture, sender] {
      for (int sent = 0; sent < 20'000; ++sent) {
        const Address to = worker_address(1 + (sender + static_cast<std::uint32_t>(sent)) % 2);
        (void)post(fixture.directory, to, msg::Probe{});
        if (sent % 1000 == 0) (void)post(fixture.directory, to, msg::Inject{"crash"});
        if (sent % 2000 == 0) (void)fixture.registry.snapshot();
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  BOOST_TEST(fixture.factory.journal.wait_for("start replica/1", 2));
  BOOST_TEST(fixture.host.stop(5s));
}

}  // namespace
}  // namespace harka
