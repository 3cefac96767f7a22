// SPDX-License-Identifier: Apache-2.0
// The cluster map as a replicated state: what it refuses, and who is told.
#include "actors/meta/meta_state.hpp"
#include "schemas/codec.hpp"
#include "tests/actors/replica/hosted_replica.hpp"

#include <set>

using namespace harka;
using testing::here;
using testing::HostedReplica;
using testing::there;

namespace {

const Address asker = address_of(NodeId{3}, msg::ActorKind::control);

msg::ClusterMap initial_map() {
  msg::ClusterMap map;
  map.cluster_id = 77;
  map.version = 1;
  map.shard_count = 1;
  map.shards.resize(1);
  map.shards[0].epoch = 4;
  map.shards[0].replicas = {1, 2, 3};
  for (std::uint64_t node : {1, 2}) {
    msg::NodeRecord record;
    record.node = node;
    record.name = "n" + std::to_string(node);
    record.data_id = node * 10;
    map.nodes.push_back(record);
  }
  return map;
}

msg::MapCommand join(std::uint64_t node, std::uint64_t data_id) {
  msg::MapCommand command;
  command.kind = msg::MapCommandKind::join_node;
  command.node.node = node;
  command.node.name = "n" + std::to_string(node);
  command.node.data_id = data_id;
  return command;
}

msg::MapCommand place(std::uint32_t shard, std::uint64_t epoch, std::vector<std::uint64_t> nodes) {
  msg::MapCommand command;
  command.kind = msg::MapCommandKind::set_replicas;
  command.shard.shard = shard;
  command.shard.replicas = std::move(nodes);
  command.expected_epoch = epoch;
  return command;
}

/// As the catalogue reads it: what was flushed, or else what the cluster was created with.
msg::ClusterMap load(const storage::Engine& engine) {
  const auto stored = engine.get(testing::hosted_group, meta_map_key);
  return stored ? msg::decode_struct<msg::ClusterMap>(*stored).value() : initial_map();
}

struct Fixture {
  explicit Fixture(std::vector<std::uint64_t> voters = {1})
      : host(std::move(voters), [](const storage::Engine& engine) {
          return std::make_unique<MetaState>([&engine] { return load(engine); });
        }) {}

  HostedReplica host;

  void propose(const msg::MapCommand& command) { host.deliver(asker, msg::ProposeMap{command}, 5); }

  msg::ProposeMapReply reply() {
    const auto sent = host.sent<msg::ProposeMapReply>();
    BOOST_REQUIRE_EQUAL(sent.size(), 1U);
    BOOST_TEST((sent[0].first == asker));
    return sent[0].second;
  }

  [[nodiscard]] const msg::ClusterMap& map() {
    return dynamic_cast<const MetaState&>(host.replica().state()).map();
  }
};

struct LeaderFixture : Fixture {
  LeaderFixture() { host.lead(); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(meta)

BOOST_AUTO_TEST_CASE(a_new_node_joins_and_the_version_grows) {
  msg::ClusterMap map = initial_map();
  BOOST_TEST(apply_map_command(join(3, 30), map) == "");
  BOOST_TEST(map.version == 2U);
  BOOST_REQUIRE_EQUAL(map.nodes.size(), 3U);
  BOOST_TEST(map.nodes[2].name == "n3");
}

BOOST_AUTO_TEST_CASE(a_node_that_comes_back_is_updated) {
  msg::ClusterMap map = initial_map();
  msg::MapCommand again = join(2, 20);
  again.node.link_address = "10.0.0.9:7400";
  BOOST_TEST(apply_map_command(again, map) == "");
  BOOST_TEST(map.nodes.size() == 2U);
  BOOST_TEST(map.nodes[1].link_address == "10.0.0.9:7400");
}

BOOST_AUTO_TEST_CASE(a_name_with_another_data_directory_is_refused) {
  msg::ClusterMap map = initial_map();
  BOOST_TEST(!apply_map_command(join(2, 99), map).empty());
  BOOST_TEST((map == initial_map()));
}

BOOST_AUTO_TEST_CASE(replicas_are_set_only_at_the_expected_epoch) {
  msg::ClusterMap map = initial_map();
  BOOST_TEST(!apply_map_command(place(0, 3, {1}), map).empty());
  BOOST_TEST((map == initial_map()));
  BOOST_TEST(apply_map_command(place(0, 4, {2, 1}), map) == "");
  BOOST_TEST(map.shards[0].epoch == 5U);
  BOOST_TEST((map.shards[0].replicas == std::vector<std::uint64_t>{2, 1}));
  BOOST_TEST(map.version == 2U);
}

BOOST_AUTO_TEST_CASE(a_shard_without_replicas_or_that_does_not_exist_is_refused) {
  msg::ClusterMap map = initial_map();
  BOOST_TEST(!apply_map_command(place(0, 4, {}), map).empty());
  BOOST_TEST(!apply_map_command(place(1, 4, {1}), map).empty());
  BOOST_TEST((map == initial_map()));
}

BOOST_FIXTURE_TEST_CASE(a_change_is_answered_and_every_node_is_told, LeaderFixture) {
  propose(join(3, 30));
  const msg::ProposeMapReply got = reply();
  BOOST_TEST(got.accepted);
  BOOST_TEST(got.version == 2U);
  std::set<std::uint64_t> told;
  for (const auto& [to, update] : host.sent<msg::MapUpdate>()) {
    BOOST_TEST((to.kind == msg::ActorKind::control));
    BOOST_TEST(update.map.version == 2U);
    told.insert(to.node);
  }
  BOOST_TEST((told == std::set<std::uint64_t>{1, 2, 3}));
}

BOOST_FIXTURE_TEST_CASE(a_refusal_has_a_reason_and_other_nodes_are_not_told, LeaderFixture) {
  propose(join(2, 99));
  const msg::ProposeMapReply got = reply();
  BOOST_TEST(!got.accepted);
  BOOST_TEST(!got.reason.empty());
  for (const auto& [to, update] : host.sent<msg::MapUpdate>()) BOOST_TEST(to.node == here.value);
}

BOOST_FIXTURE_TEST_CASE(the_map_survives_a_restart_with_and_without_a_flush, LeaderFixture) {
  propose(join(3, 30));
  for (const bool is_flushed : {false, true}) {
    if (is_flushed) host.pass(3s);
    host.start();
    host.lead();
    BOOST_TEST(map().version == 2U);
    BOOST_TEST(map().nodes.size() == 3U);
  }
}

BOOST_AUTO_TEST_CASE(a_follower_names_the_leader) {
  Fixture fixture({1, 2, 3});
  fixture.host.follow(1);
  fixture.propose(join(3, 30));
  const msg::ProposeMapReply got = fixture.reply();
  BOOST_TEST(!got.accepted);
  BOOST_TEST(got.leader == there);
}

BOOST_AUTO_TEST_CASE(a_leader_that_is_deposed_lets_ask_again) {
  Fixture fixture({1, 2, 3});
  fixture.host.lead();
  fixture.propose(join(3, 30));
  BOOST_TEST(fixture.host.sent<msg::ProposeMapReply>().empty());
  fixture.host.deliver_from(there, msg::AppendEntries{testing::hosted_group.value, 9, 0, 0, 0, {}});
  BOOST_TEST(!fixture.reply().accepted);
}

BOOST_AUTO_TEST_SUITE_END()
