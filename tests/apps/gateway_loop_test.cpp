// SPDX-License-Identifier: Apache-2.0
// A gateway's loop with its real router and no cluster behind it.
#include "apps/gateway_loop.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <mutex>

using namespace harka;

BOOST_AUTO_TEST_SUITE(gateway_loop)

BOOST_AUTO_TEST_CASE(a_router_that_fails_is_told_and_not_left_for_dead) {
  NodeContext context;
  context.node = NodeId{1};
  Directory directory(context.node);
  Registry registry;
  Catalogue catalogue(context);
  std::promise<std::string> failure;
  std::once_flag first;
  const apps::GatewayLoop::Parts parts{
      directory, catalogue, registry, context, [&](const std::string& what) {
        std::call_once(first, [&] { failure.set_value(what); });
      }};
  const auto loop = apps::GatewayLoop::start(0, parts, gateway::Options{});
  BOOST_REQUIRE(loop.ok());
  const Address router = address_of(context.node, msg::ActorKind::router, 0);
  msg::MapUpdate broken;  // five shards, and no record of any: control never sends that
  broken.map.version = 1;
  broken.map.shard_count = 5;
  BOOST_REQUIRE(directory.post(
      std::make_shared<const Envelope>(Envelope{router, router, 0, std::move(broken)})));
  std::future<std::string> what = failure.get_future();
  BOOST_REQUIRE((what.wait_for(10s) == std::future_status::ready));
  BOOST_TEST(what.get().starts_with("the router failed"));
}

BOOST_AUTO_TEST_SUITE_END()
