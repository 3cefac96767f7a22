// SPDX-License-Identifier: Apache-2.0
// The real shells in virtual time: what happens in which order, for any seed.
#include "runtime/caf/seeded_host.hpp"

#include "tests/runtime/caf/sample_tree.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace harka {
namespace {

using testing::post;
using testing::supervisor_spec;
using testing::worker_address;
using testing::worker_spec;

struct Fixture {
  explicit Fixture(const ChildSpec& root, std::uint64_t seed = 1)
      : host(seed, directory, factory, registry) {
    host.start_root(root);
    host.run_for(1ms);
  }

  [[nodiscard]] std::vector<std::string> lines() const { return factory.journal.lines(); }

  [[nodiscard]] std::string last_failure(const std::string& name) const {
    for (const ActorInfo& info : registry.snapshot()) {
      if (info.name == name) return info.last_failure;
    }
    return "not listed";
  }

  Directory directory{testing::sample_node};
  Registry registry;
  testing::SampleFactory factory;
  SeededHost host;
};

ChildSpec two_workers() {
  return supervisor_spec(0, {worker_spec(1), worker_spec(2)});
}

const auto seeds = boost::unit_test::data::xrange(1, 21);

BOOST_DATA_TEST_CASE(a_crashed_child_comes_back_and_its_text_is_kept, seeds, seed) {
  Fixture fixture(two_workers(), static_cast<std::uint64_t>(seed));
  BOOST_TEST(post(fixture.directory, worker_address(1), msg::Inject{"crash"}));
  fixture.host.run_for(1s);
  BOOST_TEST(fixture.factory.journal.count("start replica/1") == 2U);
  BOOST_TEST(fixture.factory.journal.count("start replica/2") == 1U);
  BOOST_TEST(fixture.last_failure("replica/1") == "injected fault: crash");
  BOOST_TEST(post(fixture.directory, worker_address(1), msg::Probe{.sequence = 5, .gossip = {}}));
  fixture.host.run_for(1ms);
  BOOST_TEST(fixture.factory.journal.count("probe 5 replica/1") == 1U);
}

BOOST_DATA_TEST_CASE(shutdown_is_ordered, seeds, seed) {
  Fixture fixture(
      supervisor_spec(
          0,
          {worker_spec(1), supervisor_spec(1, {worker_spec(2), worker_spec(3)}), worker_spec(4)}),
      static_cast<std::uint64_t>(seed));
  BOOST_TEST(fixture.host.stop(1s));
  auto lines = fixture.lines();
  lines.erase(lines.begin(), lines.begin() + 4);
  const std::vector<std::string> expected{
      "stop replica/4", "stop replica/3", "stop replica/2", "stop replica/1"};
  BOOST_TEST(lines == expected, boost::test_tools::per_element());
  BOOST_TEST(fixture.host.root_ending().value() == "");
  BOOST_TEST(fixture.registry.snapshot().empty());
  BOOST_TEST(!post(fixture.directory, worker_address(1), msg::Probe{}));
}

BOOST_AUTO_TEST_CASE(a_child_that_does_not_stop_is_killed_after_its_budget) {
  Fixture fixture(supervisor_spec(0, {worker_spec(1), worker_spec(100)}));
  BOOST_TEST(!fixture.host.stop(99ms));
  BOOST_TEST(fixture.factory.journal.count("stop replica/1") == 0U);
  fixture.host.run_for(10ms);
  BOOST_TEST(fixture.factory.journal.count("stop replica/1") == 1U);
  BOOST_TEST(fixture.host.root_ending().has_value());
}

BOOST_DATA_TEST_CASE(escalation_reaches_the_root_after_all_children_ended, seeds, seed) {
  ChildSpec inner = supervisor_spec(1, {worker_spec(2), worker_spec(200)});
  ChildSpec root = supervisor_spec(0, {worker_spec(1), inner});
  root.policy.intensity = 1;
  Fixture fixture(root, static_cast<std::uint64_t>(seed));
  fixture.host.run_for(10s);
  BOOST_REQUIRE(fixture.host.root_ending().has_value());
  BOOST_TEST(
      *fixture.host.root_ending() ==
      "restart intensity exceeded: supervisor/1: restart intensity exceeded: replica/200: "
      "cannot be made");
  // Each incarnation of the inner supervisor started and stopped its healthy worker.
  BOOST_TEST(fixture.factory.journal.count("start replica/2") == 2U);
  BOOST_TEST(fixture.factory.journal.count("stop replica/2") == 2U);
  BOOST_TEST(fixture.factory.journal.count("stop replica/1") == 1U);
}

BOOST_AUTO_TEST_CASE(a_supervisor_that_crashes_takes_its_children_with_it) {
  Fixture fixture(supervisor_spec(0, {supervisor_spec(1, {worker_spec(2)})}));
  BOOST_TEST(post(fixture.directory, testing::supervisor_address(1), msg::Inject{"crash"}));
  fixture.host.run_for(1s);
  BOOST_TEST(fixture.factory.journal.count("start replica/2") == 2U);
  BOOST_TEST(fixture.last_failure("replica/2") == "killed");
  BOOST_TEST(fixture.last_failure("supervisor/1") == "injected fault: crash");
}

BOOST_AUTO_TEST_CASE(a_timer_set_again_fires_once_and_later) {
  Fixture fixture(two_workers());
  (void)post(fixture.directory, worker_address(1), msg::LinkUp{.node = 7, .epoch = 0});
  fixture.host.run_for(6ms);
  (void)post(fixture.directory, worker_address(1), msg::LinkUp{.node = 7, .epoch = 0});
  fixture.host.run_for(100ms);
  BOOST_TEST(fixture.factory.journal.count("timer 7 replica/1 10ms") == 1U);
}

BOOST_AUTO_TEST_CASE(a_cancelled_timer_does_not_fire) {
  Fixture fixture(two_workers());
  (void)post(fixture.directory, worker_address(1), msg::LinkUp{.node = 7, .epoch = 0});
  fixture.host.run_for(6ms);
  (void)post(
      fixture.directory, worker_address(1), msg::LinkDown{.node = 7, .epoch = 0, .reason = {}});
  fixture.host.run_for(100ms);
  BOOST_TEST(fixture.factory.journal.count("timer 7 replica/1 10ms") == 0U);
}

/// Each time the near one has fired, the far one is the earliest again; it is on its way already.
BOOST_AUTO_TEST_CASE(a_far_timer_wakes_once_however_often_a_near_one_fires) {
  Fixture fixture(two_workers());
  (void)post(fixture.directory, worker_address(1), msg::LinkUp{.node = 7, .epoch = 1000});
  for (int round = 0; round < 40; ++round) {
    (void)post(fixture.directory, worker_address(1), msg::LinkUp{.node = 8, .epoch = 0});
    fixture.host.run_for(20ms);
  }
  const std::uint64_t before = fixture.host.steps();
  fixture.host.run_for(1s);
  BOOST_TEST(fixture.host.steps() - before == 1U);
}

BOOST_AUTO_TEST_CASE(a_full_mailbox_refuses_but_still_stops) {
  ChildSpec worker = worker_spec(1);
  worker.mailbox_max = 3;
  Fixture fixture(supervisor_spec(0, {worker}));
  for (int sent = 0; sent < 3; ++sent) {
    BOOST_TEST(post(fixture.directory, worker_address(1), msg::Probe{}));
  }
  BOOST_TEST(!post(fixture.directory, worker_address(1), msg::Probe{}));
  BOOST_TEST(post(fixture.directory, worker_address(1), msg::StopChild{}));
  fixture.host.run_for(1ms);
  BOOST_TEST(fixture.factory.journal.count("stop replica/1") == 1U);
}

BOOST_AUTO_TEST_CASE(descriptions_are_fresh_at_the_second_look) {
  Fixture fixture(two_workers());
  (void)post(fixture.directory, worker_address(1), msg::Probe{});
  fixture.host.run_for(1ms);
  (void)fixture.registry.snapshot();
  fixture.host.run_for(1ms);
  const auto all = fixture.registry.snapshot();
  const auto described = std::ranges::find(all, "replica/1", &ActorInfo::name);
  BOOST_REQUIRE(described != all.end());
  BOOST_TEST(described->description == "1 probes");
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_run) {
  const auto run = [](std::uint64_t seed) {
    Fixture fixture(two_workers(), seed);
    for (int round = 0; round < 20; ++round) {
      for (std::uint32_t index = 1; index <= 2; ++index) {
        (void)post(
            fixture.directory, worker_address(index), msg::Probe{.sequence = 1, .gossip = {}});
        if (round % 5 == 0)
          (void)post(fixture.directory, worker_address(index), msg::Inject{"crash"});
      }
      fixture.host.run_for(300ms);
    }
    return std::pair(fixture.lines(), fixture.host.steps());
  };
  BOOST_TEST((run(3) == run(3)));
  BOOST_TEST((run(3) != run(4)));
}

}  // namespace
}  // namespace harka
