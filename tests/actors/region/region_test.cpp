// SPDX-License-Identifier: Apache-2.0
// Which replicas run on a node follows from the map; what fails is started again.
#include "actors/region/region.hpp"

#include "tests/support/turn_driver.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <set>

using namespace harka;

namespace {

constexpr NodeId here{1};
const Address own = address_of(here, msg::ActorKind::region);
const Address control = address_of(here, msg::ActorKind::control);

using Groups = std::set<std::uint32_t>;

msg::ClusterMap map_of(
    std::uint64_t version,
    const std::vector<std::vector<std::uint64_t>>& shards,
    std::vector<std::uint64_t> meta) {
  msg::ClusterMap map;
  map.cluster_id = 7;
  map.version = version;
  map.shard_count = static_cast<std::uint32_t>(shards.size());
  for (const auto& replicas : shards) {
    msg::ShardRecord record;
    record.shard = static_cast<std::uint32_t>(map.shards.size());
    record.replicas = replicas;
    map.shards.push_back(record);
  }
  map.meta_replicas = std::move(meta);
  return map;
}

ChildSpec region_spec() {
  ChildSpec spec;
  spec.address = own;
  ChildSpec cache;
  cache.address = address_of(here, msg::ActorKind::cache);
  spec.children.push_back(cache);
  return spec;
}

struct Fixture {
  explicit Fixture(msg::ClusterMap map = {})
      : region(region_spec(), std::move(map)), driver(region, own) {
    driver.start();
  }

  Region region;
  testing::TurnDriver driver;
  std::map<std::uint32_t, std::uint64_t> instances;  // by group
  bool has_spawned_cache = false;

  Groups started() {
    Groups groups;
    for (const effect::Spawn& spawn : driver.take<effect::Spawn>()) {
      if (spawn.spec.address.kind == msg::ActorKind::cache) {
        has_spawned_cache = true;
        continue;
      }
      BOOST_TEST((spawn.spec.address.kind == msg::ActorKind::replica));
      groups.insert(spawn.spec.address.index);
      instances[spawn.spec.address.index] = spawn.instance;
    }
    return groups;
  }

  Groups stopped() {
    Groups groups;
    for (const auto& [to, stop] : driver.sent<msg::StopChild>()) groups.insert(to.index);
    return groups;
  }

  void exits(std::uint32_t group, bool is_normal) {
    msg::ChildExited exited;
    exited.child = replica_address(here, GroupId{group});
    exited.instance = instances[group];
    exited.normal = is_normal;
    exited.reason = is_normal ? "" : "broken";
    driver.deliver(exited.child, exited);
  }
};

struct PlacedFixture : Fixture {
  // Group 0 is the map's, shard n is group n + 1.
  PlacedFixture() : Fixture(map_of(3, {{1, 2}, {2, 3}, {3, 1}}, {1, 2})) {}
};

}  // namespace

BOOST_AUTO_TEST_SUITE(region)

BOOST_FIXTURE_TEST_CASE(the_stored_map_is_enough_to_start, PlacedFixture) {
  BOOST_TEST((started() == Groups{0, 1, 3}));
  BOOST_TEST(has_spawned_cache);
}

BOOST_AUTO_TEST_CASE(without_a_map_only_the_cache_runs) {
  Fixture fixture;
  BOOST_TEST(fixture.started().empty());
  BOOST_TEST(fixture.has_spawned_cache);
}

BOOST_FIXTURE_TEST_CASE(a_new_map_starts_what_is_new_here, PlacedFixture) {
  (void)started();
  driver.deliver(control, msg::MapUpdate{map_of(4, {{1, 2}, {2, 1}, {3, 1}}, {1, 2})});
  BOOST_TEST((started() == Groups{2}));
}

BOOST_FIXTURE_TEST_CASE(a_new_map_stops_what_is_here_no_more, PlacedFixture) {
  (void)started();
  driver.deliver(control, msg::MapUpdate{map_of(4, {{1, 2}, {2, 3}, {3, 2}}, {2, 3})});
  BOOST_TEST((stopped() == Groups{0, 3}));
}

BOOST_FIXTURE_TEST_CASE(an_older_map_changes_nothing, PlacedFixture) {
  (void)started();
  driver.deliver(control, msg::MapUpdate{map_of(2, {{1}, {1}, {2}}, {2})});
  BOOST_TEST(driver.take_all().empty());
}

BOOST_FIXTURE_TEST_CASE(a_replica_that_fails_is_started_again, PlacedFixture) {
  (void)started();
  exits(3, false);
  driver.advance(100ms);
  BOOST_TEST((started() == Groups{3}));
}

BOOST_FIXTURE_TEST_CASE(a_replica_that_left_and_comes_back_starts_after_its_exit, PlacedFixture) {
  (void)started();
  driver.deliver(control, msg::MapUpdate{map_of(4, {{1, 2}, {2, 3}, {3, 2}}, {1, 2})});
  driver.deliver(control, msg::MapUpdate{map_of(5, {{1, 2}, {2, 3}, {3, 1}}, {1, 2})});
  BOOST_TEST(started().empty());  // never two of one address
  exits(3, true);
  BOOST_TEST((started() == Groups{3}));
}

BOOST_FIXTURE_TEST_CASE(while_it_stops_a_map_starts_nothing, PlacedFixture) {
  (void)started();
  driver.deliver(control, msg::StopChild{});
  (void)driver.take_all();
  driver.deliver(control, msg::MapUpdate{map_of(4, {{1}, {1}, {1}}, {1})});
  BOOST_TEST(started().empty());
}

BOOST_AUTO_TEST_SUITE_END()
