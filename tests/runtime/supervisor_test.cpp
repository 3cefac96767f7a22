// SPDX-License-Identifier: Apache-2.0
#include "runtime/supervisor.hpp"

#include "runtime/address_name.hpp"
#include "tests/support/turn_driver.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

namespace harka {
namespace {

constexpr NodeId node{1};

Address child_address(std::uint32_t index) {
  return address_of(node, msg::ActorKind::replica, index);
}

ChildSpec child_spec(std::uint32_t index, RestartType restart = RestartType::permanent) {
  ChildSpec spec;
  spec.address = child_address(index);
  spec.restart = restart;
  return spec;
}

ChildSpec tree(RestartStrategy strategy, std::uint32_t child_count) {
  ChildSpec spec;
  spec.address = address_of(node, msg::ActorKind::supervisor);
  spec.policy.strategy = strategy;
  for (std::uint32_t index = 1; index <= child_count; ++index) {
    spec.children.push_back(child_spec(index));
  }
  return spec;
}

struct Fixture {
  explicit Fixture(const ChildSpec& spec) : supervisor(spec), recorder(machine, spec.address) {
    recorder.act([&](Turn& turn) { supervisor.start(turn); });
  }

  struct Around final : Machine {
    explicit Around(Supervisor& inner) : supervisor(inner) {}

    void receive(const Envelope& envelope, Turn& turn) override {
      BOOST_TEST(supervisor.receive(envelope, turn));
    }

    void on_timer(TimerId timer, Turn& turn) override {
      BOOST_TEST(supervisor.on_timer(timer, turn));
    }

    Supervisor& supervisor;
  };

  /// What it did since the last call: "start 1#4" (child 1, instance 4), "stop 2", "kill 2".
  std::string done() {
    std::string text;
    for (const Effect& effect : recorder.take_all()) {
      if (const auto* spawn = std::get_if<effect::Spawn>(&effect)) {
        instances[spawn->spec.address.index] = spawn->instance;
        text += "start " + std::to_string(spawn->spec.address.index) + "#" +
                std::to_string(spawn->instance) + " ";
      } else if (const auto* send = std::get_if<effect::Send>(&effect)) {
        BOOST_TEST(std::holds_alternative<msg::StopChild>(send->envelope->body));
        text += "stop " + std::to_string(send->envelope->to.index) + " ";
      } else if (const auto* kill = std::get_if<effect::Kill>(&effect)) {
        text += "kill " + std::to_string(kill->child.index) + " ";
      }
    }
    if (!text.empty()) text.pop_back();
    return text;
  }

  void exits(std::uint32_t index, bool is_normal = false, const std::string& reason = "broken") {
    msg::ChildExited exited;
    exited.child = child_address(index);
    exited.instance = instances[index];
    exited.normal = is_normal;
    exited.reason = reason;
    recorder.deliver(exited.child, exited);
  }

  Supervisor supervisor;
  Around machine{supervisor};
  testing::TurnDriver recorder;
  std::map<std::uint32_t, std::uint64_t> instances;
};

BOOST_AUTO_TEST_CASE(starts_children_in_order) {
  Fixture fixture(tree(RestartStrategy::one_for_one, 3));
  BOOST_TEST(fixture.done() == "start 1#1 start 2#2 start 3#3");
}

BOOST_AUTO_TEST_CASE(one_for_one_restarts_the_failed_child_after_backoff) {
  Fixture fixture(tree(RestartStrategy::one_for_one, 3));
  (void)fixture.done();
  fixture.exits(2);
  BOOST_TEST(fixture.done() == "");
  fixture.recorder.advance(20ms);
  BOOST_TEST(fixture.done() == "start 2#4");
}

BOOST_AUTO_TEST_CASE(one_for_all_stops_in_reverse_one_by_one_then_starts_all) {
  Fixture fixture(tree(RestartStrategy::one_for_all, 3));
  (void)fixture.done();
  fixture.exits(2);
  BOOST_TEST(fixture.done() == "stop 3");
  fixture.exits(3, true);
  BOOST_TEST(fixture.done() == "stop 1");
  fixture.recorder.advance(1s);
  BOOST_TEST(fixture.done() == "");
  fixture.exits(1, true);
  BOOST_TEST(fixture.done() == "start 1#4 start 2#5 start 3#6");
}

BOOST_AUTO_TEST_CASE(rest_for_one_leaves_earlier_children_alone) {
  Fixture fixture(tree(RestartStrategy::rest_for_one, 3));
  (void)fixture.done();
  fixture.exits(2);
  BOOST_TEST(fixture.done() == "stop 3");
  fixture.exits(3, true);
  fixture.recorder.advance(20ms);
  BOOST_TEST(fixture.done() == "start 2#4 start 3#5");
}

BOOST_AUTO_TEST_CASE(a_group_starts_together_after_the_backoff) {
  ChildSpec spec = tree(RestartStrategy::one_for_all, 2);
  spec.policy.backoff_min = 1s;
  Fixture fixture(spec);
  (void)fixture.done();
  fixture.exits(1);
  fixture.exits(2, true);
  BOOST_TEST(fixture.done() == "stop 2");
  fixture.recorder.advance(700ms);
  BOOST_TEST(fixture.done() == "");
  fixture.recorder.advance(600ms);
  BOOST_TEST(fixture.done() == "start 1#3 start 2#4");
}

BOOST_AUTO_TEST_CASE(a_temporary_child_is_not_started_again_by_a_siblings_restart) {
  ChildSpec spec = tree(RestartStrategy::one_for_all, 2);
  spec.children[1].restart = RestartType::temporary;
  Fixture fixture(spec);
  (void)fixture.done();
  fixture.exits(1);
  BOOST_TEST(fixture.done() == "stop 2");
  fixture.exits(2, true);
  fixture.recorder.advance(20ms);
  BOOST_TEST(fixture.done() == "start 1#3");
}

BOOST_AUTO_TEST_CASE(an_exit_of_an_older_incarnation_is_ignored) {
  Fixture fixture(tree(RestartStrategy::one_for_one, 1));
  (void)fixture.done();
  fixture.instances[1] = 99;
  fixture.exits(1);
  fixture.recorder.advance(10s);
  BOOST_TEST(fixture.done() == "");
}

BOOST_AUTO_TEST_CASE(too_many_restarts_stop_the_children_and_fail_the_supervisor) {
  ChildSpec spec = tree(RestartStrategy::one_for_one, 2);
  spec.policy.intensity = 1;
  Fixture fixture(spec);
  (void)fixture.done();
  fixture.exits(2);
  fixture.recorder.advance(20ms);
  (void)fixture.done();
  fixture.exits(2, false, "disk on fire");
  BOOST_TEST(fixture.done() == "stop 1");
  BOOST_TEST(!fixture.recorder.stop_reason().has_value());
  fixture.exits(1, true);
  BOOST_TEST(
      fixture.recorder.stop_reason().value() ==
      "restart intensity exceeded: replica/2: disk on fire");
}

BOOST_AUTO_TEST_CASE(shutdown_is_in_reverse_and_kills_after_the_budget) {
  ChildSpec spec = tree(RestartStrategy::one_for_one, 2);
  spec.children[1].shutdown_budget = 2s;
  Fixture fixture(spec);
  (void)fixture.done();
  fixture.recorder.deliver({}, msg::StopChild{});
  BOOST_TEST(fixture.done() == "stop 2");
  fixture.recorder.advance(1900ms);
  BOOST_TEST(fixture.done() == "");
  fixture.recorder.advance(200ms);
  BOOST_TEST(fixture.done() == "kill 2");
  fixture.exits(2);
  BOOST_TEST(fixture.done() == "stop 1");
  fixture.exits(1, true);
  BOOST_TEST(fixture.recorder.stop_reason().value() == "");
}

BOOST_AUTO_TEST_CASE(a_child_supervisor_is_never_killed) {
  ChildSpec spec = tree(RestartStrategy::one_for_one, 1);
  spec.children[0].children.push_back(child_spec(7));
  Fixture fixture(spec);
  (void)fixture.done();
  fixture.recorder.deliver({}, msg::StopChild{});
  fixture.recorder.advance(60s);
  BOOST_TEST(fixture.done() == "stop 1");
}

BOOST_AUTO_TEST_CASE(dynamic_children_stop_at_once_and_before_the_fixed) {
  Fixture fixture(tree(RestartStrategy::one_for_one, 1));
  fixture.recorder.act([&](Turn& turn) {
    BOOST_TEST(fixture.supervisor.add_child(child_spec(10), turn));
    BOOST_TEST(fixture.supervisor.add_child(child_spec(11), turn));
    BOOST_TEST(!fixture.supervisor.add_child(child_spec(11), turn));
  });
  BOOST_TEST(fixture.done() == "start 1#1 start 10#2 start 11#3");
  fixture.recorder.deliver({}, msg::StopChild{});
  BOOST_TEST(fixture.done() == "stop 11 stop 10");
  fixture.exits(10, true);
  BOOST_TEST(fixture.done() == "");
  fixture.exits(11, true);
  BOOST_TEST(fixture.done() == "stop 1");
}

BOOST_AUTO_TEST_CASE(a_removed_child_is_stopped_and_forgotten) {
  Fixture fixture(tree(RestartStrategy::one_for_one, 2));
  (void)fixture.done();
  fixture.recorder.act(
      [&](Turn& turn) { fixture.supervisor.remove_child(child_address(1), turn); });
  BOOST_TEST(fixture.done() == "stop 1");
  BOOST_TEST(!fixture.supervisor.has_child(child_address(1)));
  fixture.exits(1);
  fixture.recorder.advance(10s);
  BOOST_TEST(fixture.done() == "");
}

BOOST_AUTO_TEST_CASE(a_child_added_again_while_stopping_starts_after_its_exit) {
  Fixture fixture(tree(RestartStrategy::one_for_one, 1));
  (void)fixture.done();
  fixture.recorder.act([&](Turn& turn) {
    fixture.supervisor.remove_child(child_address(1), turn);
    BOOST_TEST(fixture.supervisor.add_child(child_spec(1), turn));
  });
  BOOST_TEST(fixture.done() == "stop 1");
  fixture.exits(1, true);
  BOOST_TEST(fixture.done() == "start 1#2");
}

BOOST_AUTO_TEST_CASE(a_temporary_child_that_is_wanted_again_starts_again) {
  Fixture fixture(tree(RestartStrategy::one_for_one, 0));
  const ChildSpec spec = child_spec(1, RestartType::temporary);
  fixture.recorder.act([&](Turn& turn) { (void)fixture.supervisor.add_child(spec, turn); });
  BOOST_TEST(fixture.done() == "start 1#1");
  fixture.recorder.act([&](Turn& turn) {
    fixture.supervisor.remove_child(child_address(1), turn);
    BOOST_TEST(fixture.supervisor.add_child(spec, turn));
  });
  fixture.exits(1, true);
  BOOST_TEST(fixture.done() == "stop 1 start 1#2");
  fixture.recorder.deliver({}, msg::RestartChild{child_address(1)});
  fixture.exits(1, true);
  BOOST_TEST(fixture.done() == "stop 1 start 1#3");
  fixture.exits(1, true);
  BOOST_TEST(!fixture.supervisor.has_child(child_address(1)));
}

BOOST_AUTO_TEST_CASE(restart_child_restarts_on_demand_without_spending_the_budget) {
  ChildSpec spec = tree(RestartStrategy::one_for_one, 1);
  spec.policy.intensity = 0;
  Fixture fixture(spec);
  (void)fixture.done();
  fixture.recorder.deliver({}, msg::RestartChild{child_address(1)});
  BOOST_TEST(fixture.done() == "stop 1");
  fixture.exits(1, true);
  BOOST_TEST(fixture.done() == "start 1#2");
  BOOST_TEST(!fixture.recorder.stop_reason().has_value());
}

/// Whatever children do, what was started and did not exit is what the supervisor believes.
BOOST_AUTO_TEST_CASE(random_exits_never_lose_or_double_a_child) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      Random random(seed);
      ChildSpec spec = tree(static_cast<RestartStrategy>(random.below(3)), 5);
      spec.policy.intensity = 1000;
      Fixture fixture(spec);
      std::map<std::uint32_t, bool> alive;
      const auto follow = [&] {
        for (const Effect& effect : fixture.recorder.take_all()) {
          if (const auto* spawn = std::get_if<effect::Spawn>(&effect)) {
            BOOST_TEST(!alive[spawn->spec.address.index]);
            alive[spawn->spec.address.index] = true;
            fixture.instances[spawn->spec.address.index] = spawn->instance;
          }
        }
      };
      follow();
      for (int step = 0; step < 200; ++step) {
        const auto index = static_cast<std::uint32_t>(random.below(5) + 1);
        if (random.chance(0.2)) {
          fixture.recorder.deliver({}, msg::RestartChild{child_address(index)});
        } else if (alive[index]) {
          alive[index] = false;
          fixture.exits(index, random.chance(0.5));
        }
        follow();
        fixture.recorder.advance(random.between(0ms, 100ms));
        follow();
      }
      // Let everything that is stopping exit: then all must run again.
      for (int round = 0; round < 20; ++round) {
        for (std::uint32_t index = 1; index <= 5; ++index) {
          if (alive[index] && !fixture.supervisor.is_running(child_address(index))) {
            alive[index] = false;
            fixture.exits(index, true);
            follow();
          }
        }
        fixture.recorder.advance(3s);
        follow();
      }
      for (std::uint32_t index = 1; index <= 5; ++index) {
        BOOST_TEST(alive[index], "child " << index << " is lost");
      }
    }
  }
}

}  // namespace
}  // namespace harka
