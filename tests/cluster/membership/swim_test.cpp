// SPDX-License-Identifier: Apache-2.0
// Whole clusters in virtual time: they form, notice deaths, survive loss, heal and come back.
#include "cluster/membership/swim.hpp"

#include "tests/cluster/membership/network.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace harka {
namespace {

using msg::MemberState;
using testing::SwimNetwork;

const auto sizes = boost::unit_test::data::make({3, 10, 50});

SwimNetwork cluster_of(int size, std::uint64_t seed = 1, double loss = 0) {
  SwimNetwork network({.seed = seed, .loss = loss});
  for (int id = 1; id <= size; ++id) network.start(static_cast<std::uint64_t>(id));
  return network;
}

std::function<bool()> converged(const SwimNetwork& network) {
  return [&network] { return network.has_converged(); };
}

BOOST_DATA_TEST_CASE(a_cluster_forms_from_one_seed, sizes, size) {
  auto network = cluster_of(size);
  BOOST_TEST((network.time_until(converged(network), 5s) < 5s));
}

BOOST_AUTO_TEST_CASE(nodes_that_start_before_their_seed_join_when_it_comes) {
  SwimNetwork network({.seed = 4});
  network.start(2);
  network.start(3);
  network.advance(60s);
  network.start(1);
  BOOST_TEST((network.time_until(converged(network), 5s) < 5s));
}

BOOST_DATA_TEST_CASE(a_death_is_noticed_by_all, sizes, size) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      auto network = cluster_of(size, seed);
      (void)network.time_until(converged(network), 10s);
      network.crash(2);
      const auto all_know = [&] { return network.all_see(2, MemberState::dead); };
      // A full pass of probes, a suspicion of at most 6 × 3 × interval, and the news' way.
      BOOST_TEST((network.time_until(all_know, 10s) < 6s));
      BOOST_TEST(network.take_false_deaths() == 0U);
    }
  }
}

BOOST_DATA_TEST_CASE(loss_of_a_tenth_kills_nobody, sizes, size) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      auto network = cluster_of(size, seed, 0.1);
      (void)network.time_until(converged(network), 20s);
      (void)network.take_false_deaths();
      network.advance(30s);
      BOOST_TEST(network.take_false_deaths() == 0U);
    }
  }
}

BOOST_DATA_TEST_CASE(a_partition_is_noticed_and_heals_by_itself, sizes, size) {
  auto network = cluster_of(size);
  (void)network.time_until(converged(network), 10s);
  std::set<std::uint64_t> side;
  for (int id = 1; id <= size / 3; ++id) side.insert(static_cast<std::uint64_t>(id));
  network.partition(side);
  const auto last = static_cast<std::uint64_t>(size);
  const auto is_split = [&] {
    return network.state_at(1, last) == MemberState::dead &&
           network.state_at(last, 1) == MemberState::dead;
  };
  BOOST_TEST((network.time_until(is_split, 60s) < 60s));
  network.advance(60s);
  network.partition({});
  BOOST_TEST((network.time_until(converged(network), 30s) < 30s));
}

BOOST_DATA_TEST_CASE(a_restarted_node_comes_back_by_itself, sizes, size) {
  auto network = cluster_of(size);
  (void)network.time_until(converged(network), 10s);
  for (const std::uint64_t id : {2U, 1U}) {  // a member, and the seed itself, which has no seed
    BOOST_TEST_CONTEXT("node " << id) {
      network.crash(id);
      network.advance(20s);
      network.start(id);
      BOOST_TEST((network.time_until(converged(network), 10s) < 10s));
      network.crash(id);
      network.advance(50ms);
      network.start(id);  // before anybody noticed
      BOOST_TEST((network.time_until(converged(network), 10s) < 10s));
    }
  }
}

BOOST_DATA_TEST_CASE(random_faults_end_in_one_view, boost::unit_test::data::xrange(1, 41), seed) {
  auto network = cluster_of(7, static_cast<std::uint64_t>(seed), 0.05);
  Random random(static_cast<std::uint64_t>(seed));
  std::set<std::uint64_t> down;
  for (int step = 0; step < 20; ++step) {
    const std::uint64_t id = random.below(7) + 1;
    if (down.erase(id) > 0) {
      network.start(id);
    } else if (random.chance(0.5)) {
      network.crash(id);
      down.insert(id);
    } else if (random.chance(0.5)) {
      network.partition({id, id % 7 + 1});
    } else {
      network.partition({});
    }
    network.advance(random.between(100ms, 5s));
  }
  network.partition({});
  network.set_loss(0);
  for (const std::uint64_t id : down) network.start(id);
  BOOST_TEST((network.time_until(converged(network), 60s) < 60s));
}

BOOST_AUTO_TEST_CASE(a_node_that_leaves_is_not_called_dead) {
  auto network = cluster_of(10);
  (void)network.time_until(converged(network), 10s);
  network.run(3, [&](membership::Step& step) { network.node(3).leave(step); });
  network.advance(1s);
  network.crash(3);
  network.advance(20s);
  BOOST_TEST(network.all_see(3, MemberState::left));
}

BOOST_AUTO_TEST_CASE(a_second_node_of_the_same_name_is_refused_with_the_reason) {
  SwimNetwork network({.seed = 2});
  network.start(1);
  network.start(2, 22);
  (void)network.time_until(converged(network), 5s);
  network.crash(2);
  network.start(2, 33);
  network.advance(2s);
  BOOST_TEST(
      network.node(2).refusal().find("belongs to another data directory") != std::string::npos);
  for (const msg::Member& member : network.node(1).members()) {
    BOOST_TEST(member.data_id != 33U);
  }
}

BOOST_AUTO_TEST_CASE(a_node_of_another_cluster_is_refused) {
  SwimNetwork network({.seed = 2});
  network.start(1, 0, 111);
  network.start(2, 0, 222);
  network.advance(5s);
  BOOST_TEST(network.node(2).refusal().find("another cluster") != std::string::npos);
  BOOST_TEST(network.node(1).members().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_lost_connection_starts_a_probe_but_condemns_nobody) {
  auto network = cluster_of(10);
  (void)network.time_until(converged(network), 10s);
  for (int times = 0; times < 20; ++times) {
    network.run(
        1, [&](membership::Step& step) { network.node(1).link_changed(NodeId{5}, false, step); });
    network.advance(100ms);
  }
  BOOST_TEST((network.state_at(1, 5) == MemberState::alive));
}

BOOST_AUTO_TEST_CASE(an_idle_cluster_is_quiet) {
  auto network = cluster_of(10);
  (void)network.time_until(converged(network), 10s);
  network.advance(10s);
  const std::uint64_t before = network.sent_count();
  network.advance(60s);
  // A probe and its answer a round and node, and an exchange of three messages every ten seconds.
  BOOST_TEST(network.sent_count() - before < 10U * (60 * 5 * 2 + 6 * 4) * 11 / 10);
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_run) {
  const auto run = [](std::uint64_t seed) {
    auto network = cluster_of(10, seed, 0.2);
    network.advance(20s);
    return network.sent_count();
  };
  BOOST_TEST(run(5) == run(5));
}

}  // namespace
}  // namespace harka
