// SPDX-License-Identifier: Apache-2.0
#include "runtime/machine_host.hpp"

#include <boost/test/unit_test.hpp>

namespace harka {
namespace {

constexpr NodeId node{1};

struct Inbox final : Port {
  bool post(EnvelopePtr envelope) override {
    received.push_back(std::move(envelope));
    return true;
  }

  std::vector<EnvelopePtr> received;
};

/// Sends a probe on every message; throws after sending on LeaveCluster; stops on StopChild; after
/// LinkDown it cannot be described.
struct Sample final : Machine {
  explicit Sample(std::vector<TimerId>& log) : fired(log) {}

  void start(Turn& turn) override {
    turn.set_timer(1, 10ms);
    turn.set_timer(2, 20ms);
  }

  void receive(const Envelope& envelope, Turn& turn) override { dispatch(*this, envelope, turn); }

  void on_timer(TimerId timer, Turn& turn) override {
    fired.push_back(timer);
    if (timer == 2) turn.set_timer(2, 0ms);
  }

  void on(const msg::Probe& probe, const Envelope&, Turn& turn) {
    turn.send(address_of(node, msg::ActorKind::admin), probe);
    if (probe.sequence == 1) turn.set_timer(1, 1s);
    if (probe.sequence == 2) turn.cancel_timer(1);
  }

  [[nodiscard]] std::string describe() const override {
    if (is_speechless) throw Bug("no words");
    return "fine";
  }

  void on(const msg::LinkDown&, const Envelope&, Turn&) { is_speechless = true; }

  void on(const msg::LeaveCluster&, const Envelope&, Turn& turn) {
    turn.send(address_of(node, msg::ActorKind::admin), msg::Probe{});
    throw Bug("disk on fire");
  }

  std::vector<TimerId>& fired;
  bool is_speechless = false;
};

struct Fixture {
  Fixture() {
    directory.bind(address_of(node, msg::ActorKind::admin), inbox);
    host.start(at(0ms));
  }

  static HostTime at(Duration since_start) { return {Instant(1s + since_start), 0}; }

  void deliver(msg::Message body) { host.deliver(Envelope{{}, self, 0, std::move(body)}, at(1ms)); }

  Address self = address_of(node, msg::ActorKind::router);
  Directory directory{node};
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  std::vector<TimerId> fired;
  std::shared_ptr<ActorRecord> record =
      std::make_shared<ActorRecord>(self, Address{}, 10U, ThreadUse::shared);
  MachineHost host{
      std::make_unique<Sample>(fired),
      directory,
      {.self = self, .seed = 1, .children = nullptr, .record = record}};
};

BOOST_FIXTURE_TEST_CASE(sends_go_to_the_directory, Fixture) {
  deliver(msg::Probe{.sequence = 7, .gossip = {}});
  BOOST_REQUIRE(inbox->received.size() == 1U);
  BOOST_TEST((inbox->received[0]->from == self));
}

BOOST_FIXTURE_TEST_CASE(timers_fire_in_order_of_their_due_times, Fixture) {
  host.fire_timers(at(15ms));
  host.fire_timers(at(30ms));
  const std::vector<TimerId> expected{1, 2};
  BOOST_TEST(fired == expected, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_timer_without_delay_does_not_spin, Fixture) {
  host.fire_timers(at(30ms));
  BOOST_TEST(fired.size() <= 3U);
  BOOST_TEST((host.next_due() == at(30ms).now));
}

BOOST_FIXTURE_TEST_CASE(a_timer_set_again_is_replaced, Fixture) {
  deliver(msg::Probe{.sequence = 1, .gossip = {}});
  host.fire_timers(at(15ms));
  BOOST_TEST(fired.empty());
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_timer_does_not_fire, Fixture) {
  deliver(msg::Probe{.sequence = 2, .gossip = {}});
  host.fire_timers(at(15ms));
  BOOST_TEST(fired.empty());
}

BOOST_FIXTURE_TEST_CASE(a_turn_that_throws_has_no_effects_and_keeps_its_text, Fixture) {
  deliver(msg::LeaveCluster{});
  BOOST_TEST(inbox->received.empty());
  BOOST_REQUIRE(host.ending().has_value());
  BOOST_TEST(!host.ending()->is_normal);
  BOOST_TEST(host.ending()->reason == "disk on fire");
}

/// It would leave the host by the way that nobody watches, and its supervisor would never know.
BOOST_FIXTURE_TEST_CASE(a_description_that_throws_ends_the_machine, Fixture) {
  deliver(msg::LinkDown{});
  host.refresh_description();
  BOOST_REQUIRE(host.ending().has_value());
  BOOST_TEST(!host.ending()->is_normal);
  BOOST_TEST(host.ending()->reason == "no words");
  host.refresh_description();
}

BOOST_FIXTURE_TEST_CASE(stop_child_without_a_handler_stops_normally, Fixture) {
  deliver(msg::StopChild{});
  BOOST_REQUIRE(host.ending().has_value());
  BOOST_TEST(host.ending()->is_normal);
  deliver(msg::Probe{});
  BOOST_TEST(inbox->received.empty());
}

BOOST_FIXTURE_TEST_CASE(inject_crashes_a_machine, Fixture) {
  deliver(msg::Inject{"crash"});
  BOOST_REQUIRE(host.ending().has_value());
  BOOST_TEST(host.ending()->reason == "injected fault: crash");
}

}  // namespace
}  // namespace harka
