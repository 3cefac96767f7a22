// SPDX-License-Identifier: Apache-2.0
#include "runtime/registry.hpp"

#include <boost/test/unit_test.hpp>

namespace harka {
namespace {

const Address replica = address_of(NodeId{1}, msg::ActorKind::replica, 17);
const Address region = address_of(NodeId{1}, msg::ActorKind::region);

BOOST_AUTO_TEST_CASE(a_mailbox_refuses_beyond_its_bound) {
  Registry registry;
  const auto record = registry.spawned(replica, region, 2, 0);
  BOOST_TEST(record->enter_mailbox());
  BOOST_TEST(record->enter_mailbox());
  BOOST_TEST(!record->enter_mailbox());
  record->leave_mailbox();
  BOOST_TEST(record->enter_mailbox());
  const auto all = registry.snapshot();
  BOOST_REQUIRE(all.size() == 1U);
  BOOST_TEST(all[0].name == "replica/17");
  BOOST_TEST(all[0].mailbox_length == 2U);
  BOOST_TEST(all[0].mailbox_peak == 2U);
  BOOST_TEST(all[0].mailbox_refused == 1U);
}

BOOST_AUTO_TEST_CASE(a_failure_is_kept_until_and_after_the_restart) {
  Registry registry;
  const auto first = registry.spawned(replica, region, 2, 0);
  registry.exited(*first, false, "disk on fire");
  BOOST_TEST(!registry.snapshot().at(0).is_alive);
  const auto second = registry.spawned(replica, region, 2, 0);
  const auto info = registry.snapshot().at(0);
  BOOST_TEST(info.is_alive);
  BOOST_TEST(info.restart_count == 1U);
  BOOST_TEST(info.last_failure == "disk on fire");
}

BOOST_AUTO_TEST_CASE(a_normal_exit_disappears) {
  Registry registry;
  const auto record = registry.spawned(replica, region, 2, 0);
  registry.exited(*record, true, "");
  BOOST_TEST(registry.snapshot().empty());
}

BOOST_AUTO_TEST_CASE(a_stale_description_is_refreshed_on_demand) {
  Registry registry;
  const auto record = registry.spawned(replica, region, 2, 0);
  int asked = 0;
  record->set_refresh([&asked] { ++asked; });
  record->count_turn();
  (void)registry.snapshot();
  BOOST_TEST(asked == 1);
  record->set_description("leader of term 3");
  BOOST_TEST(registry.snapshot().at(0).description == "leader of term 3");
  BOOST_TEST(asked == 1);
}

}  // namespace
}  // namespace harka
