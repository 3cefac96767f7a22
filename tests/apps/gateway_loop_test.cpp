// SPDX-License-Identifier: Apache-2.0
// A gateway's loop with its real router and no cluster behind it.
#include "apps/gateway_loop.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <mutex>

using namespace harka;

namespace {

// Five shards, and no record of any: control never sends that.
EnvelopePtr broken_map(const Address& router) {
  msg::MapUpdate broken;
  broken.map.version = 1;
  broken.map.shard_count = 5;
  return std::make_shared<const Envelope>(Envelope{router, router, 0, std::move(broken)});
}

struct Fixture {
  NodeContext context = [] {
    NodeContext made;
    made.node = NodeId{1};
    return made;
  }();
  Directory directory{context.node};
  Registry registry;
  Catalogue catalogue{context};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_loop, Fixture)

BOOST_AUTO_TEST_CASE(a_router_that_fails_is_told_and_not_left_for_dead) {
  std::promise<std::string> failure;
  std::once_flag first;
  const apps::GatewayLoop::Parts parts{
      directory, catalogue, registry, context, [&](const std::string& what) {
        std::call_once(first, [&] { failure.set_value(what); });
      }};
  const auto loop = apps::GatewayLoop::start(0, parts, gateway::Options{});
  BOOST_REQUIRE(loop.ok());
  const Address router = address_of(context.node, msg::ActorKind::router, 0);
  BOOST_REQUIRE(directory.post(broken_map(router)));
  std::future<std::string> what = failure.get_future();
  BOOST_REQUIRE((what.wait_for(10s) == std::future_status::ready));
  BOOST_TEST(what.get().starts_with("the router failed"));
}

BOOST_AUTO_TEST_CASE(what_waits_for_a_busy_router_has_a_bound) {
  std::promise<void> is_busy;
  std::promise<void> may_go_on;
  std::once_flag first;
  const apps::GatewayLoop::Parts parts{
      directory, catalogue, registry, context, [&](const std::string&) {
        std::call_once(first, [&] {
          is_busy.set_value();
          may_go_on.get_future().wait();
        });
      }};
  const auto loop = apps::GatewayLoop::start(0, parts, gateway::Options{});
  BOOST_REQUIRE(loop.ok());
  const Address router = address_of(context.node, msg::ActorKind::router, 0);
  BOOST_REQUIRE(directory.post(broken_map(router)));
  is_busy.get_future().wait();
  const Address other = address_of(NodeId{2}, msg::ActorKind::replica, 1);
  const auto message =
      std::make_shared<const Envelope>(Envelope{other, router, 0, msg::ShardReply{}});
  std::size_t taken = 0;
  for (std::size_t i = 0; i < apps::GatewayLoop::router_inbox_max + 10; ++i) {
    taken += directory.post(message) ? 1 : 0;
  }
  may_go_on.set_value();
  BOOST_TEST(taken == apps::GatewayLoop::router_inbox_max);
}

BOOST_AUTO_TEST_SUITE_END()
