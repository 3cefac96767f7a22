// SPDX-License-Identifier: Apache-2.0
#include "actors/membership/membership.hpp"

#include "runtime/net/seed.hpp"
#include "tests/support/turn_driver.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace harka {
namespace {

constexpr NodeId own{1};
constexpr NodeId other{2};
const Address own_address = address_of(own, msg::ActorKind::membership);
const Address other_address = address_of(other, msg::ActorKind::membership);
const Address subscriber = address_of(own, msg::ActorKind::control);

msg::Member other_member() {
  msg::Member member;
  member.node = other.value;
  member.name = "two";
  member.epoch = 1;
  member.incarnation = 1;
  return member;
}

struct Fixture {
  static MembershipOptions options() {
    MembershipOptions options;
    options.self.node = own.value;
    options.self.name = "one";
    options.self.link_address = "one:7000";
    options.self.epoch = 1;
    options.seeds = {"one:7000", "two:7000"};
    options.subscribers = {subscriber};
    return options;
  }

  template <typename T>
  std::vector<std::pair<Envelope, T>> sent() {
    std::vector<std::pair<Envelope, T>> found;
    for (const effect::Send& send : recorder.take<effect::Send>()) {
      if (const T* message = std::get_if<T>(&send.envelope->body)) {
        found.emplace_back(*send.envelope, *message);
      }
    }
    return found;
  }

  Membership machine{options()};
  testing::TurnDriver recorder{machine, own_address};
};

BOOST_FIXTURE_TEST_CASE(it_knocks_at_foreign_seeds_until_one_answers, Fixture) {
  recorder.start();
  const auto first = sent<msg::JoinRequest>();
  BOOST_REQUIRE(first.size() == 1U);
  const std::uint64_t alias = net::seed_alias("two:7000").value;
  BOOST_TEST(first[0].first.to.node == alias);
  BOOST_TEST(first[0].first.correlation == alias);
  recorder.advance(5s);
  BOOST_TEST(sent<msg::JoinRequest>().size() >= 3U);

  recorder.deliver(other_address, msg::MemberList{{other_member()}}, alias);
  (void)recorder.take_all();
  recorder.advance(3s);
  BOOST_TEST(sent<msg::JoinRequest>().empty());
}

BOOST_FIXTURE_TEST_CASE(subscribers_get_the_view_before_messages_to_the_newcomer, Fixture) {
  recorder.start();
  (void)recorder.take_all();
  recorder.deliver(other_address, msg::JoinRequest{other_member()}, 9);
  const auto sends = recorder.take<effect::Send>();
  BOOST_REQUIRE(sends.size() == 2U);
  BOOST_TEST((sends[0].envelope->to == subscriber));
  const auto* changed = std::get_if<msg::MembershipChanged>(&sends[0].envelope->body);
  BOOST_REQUIRE(changed != nullptr);
  BOOST_TEST(changed->members.size() == 2U);
  BOOST_TEST((sends[1].envelope->to == other_address));
  BOOST_TEST(sends[1].envelope->correlation == 9U);
}

BOOST_FIXTURE_TEST_CASE(the_first_view_is_announced, Fixture) {
  recorder.start();
  BOOST_TEST(sent<msg::MembershipChanged>().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(an_actor_that_starts_again_is_told_the_view_when_it_asks, Fixture) {
  recorder.start();
  recorder.deliver(other_address, msg::JoinRequest{other_member()});
  (void)recorder.take_all();
  recorder.deliver(subscriber, msg::MapRequest{});
  const auto views = sent<msg::MembershipChanged>();
  BOOST_REQUIRE(views.size() == 1U);
  BOOST_TEST((views[0].first.to == subscriber));
  BOOST_TEST(views[0].second.members.size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_lost_link_is_probed_at_once, Fixture) {
  recorder.start();
  recorder.deliver(other_address, msg::JoinRequest{other_member()});
  (void)recorder.take_all();
  recorder.deliver({}, msg::LinkDown{.node = other.value, .epoch = 1, .reason = "reset"});
  recorder.advance(300ms);
  const auto probes = sent<msg::Probe>();
  BOOST_TEST(
      std::ranges::any_of(probes, [](const auto& probe) { return probe.second.sequence != 0; }));
  BOOST_TEST(machine.describe().starts_with("2 alive, 0 suspect, 0 dead"));
}

BOOST_FIXTURE_TEST_CASE(it_learns_its_cluster_from_the_map, Fixture) {
  recorder.start();
  (void)recorder.take_all();
  msg::MapUpdate update;
  update.map.cluster_id = 77;
  recorder.deliver(subscriber, update);
  const auto changes = sent<msg::MembershipChanged>();
  BOOST_REQUIRE(changes.size() == 1U);
  BOOST_TEST(changes[0].second.members[0].cluster_id == 77U);
}

BOOST_FIXTURE_TEST_CASE(a_refusal_is_described, Fixture) {
  recorder.start();
  recorder.deliver(other_address, msg::JoinRefused{"the name 'one' belongs to somebody else"});
  BOOST_TEST(machine.describe().find("cannot join: the name 'one'") != std::string::npos);
}

}  // namespace
}  // namespace harka
