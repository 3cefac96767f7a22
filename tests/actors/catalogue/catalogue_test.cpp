// SPDX-License-Identifier: Apache-2.0
// The tree that a node starts with, and that every kind in it has a machine.
#include "actors/catalogue.hpp"

#include "actors/control/control.hpp"
#include "schemas/codec.hpp"
#include "tests/actors/replica/hosted_replica.hpp"

#include <set>

using namespace harka;

namespace {

struct Fixture {
  testing::EngineFolder folder;
  NodeContext context;

  Fixture() {
    context.node = NodeId{1};
    context.epoch = Epoch{3};
    context.name = "n1";
    context.engine = &folder.engine();
  }

  /// A map with one shard of which this node has a replica, as control stores it.
  void store_map() {
    msg::ClusterMap map;
    map.cluster_id = 7;
    map.version = 1;
    map.shard_count = 1;
    map.shards.resize(1);
    map.shards[0].replicas = {1, 2, 3};
    map.meta_replicas = {1};
    msg::FlushState flush;
    flush.group = node_group.value;
    flush.applied_index = 1;
    msg::StateWrite write;
    write.key = SharedBytes::copy_of(stored_map_key);
    write.value = msg::encode_struct(map);
    flush.writes.push_back(write);
    storage::WriteBatch batch;
    batch.flushes = {&flush};
    BOOST_REQUIRE(folder.engine().write(batch).ok());
  }
};

std::string names_of(const std::vector<ChildSpec>& children) {
  std::string names;
  for (const ChildSpec& child : children) {
    names += std::string(msg::name_of(child.address.kind)) + " ";
  }
  return names;
}

const ChildSpec& child(const ChildSpec& root, msg::ActorKind kind) {
  for (const ChildSpec& spec : root.children) {
    if (spec.address.kind == kind) return spec;
  }
  throw Bug("no such child");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(catalogue)

BOOST_FIXTURE_TEST_CASE(the_tree_is_the_one_that_is_documented, Fixture) {
  const ChildSpec root = node_tree(context);
  BOOST_TEST((root.address.kind == msg::ActorKind::supervisor));
  BOOST_TEST(names_of(root.children) == "pulse membership control region ");
  BOOST_TEST(names_of(child(root, msg::ActorKind::region).children) == "cache ");
}

BOOST_FIXTURE_TEST_CASE(membership_alone_has_its_own_thread, Fixture) {
  const ChildSpec root = node_tree(context);
  for (const ChildSpec& spec : root.children) {
    const bool is_membership = spec.address.kind == msg::ActorKind::membership;
    BOOST_TEST(name_of(spec.thread) == (is_membership ? "own" : "shared"));
    BOOST_TEST(spec.mailbox_max == 100'000U);
  }
}

BOOST_FIXTURE_TEST_CASE(every_kind_in_the_tree_has_a_machine, Fixture) {
  store_map();
  Catalogue made(context);
  ChildSpec root = node_tree(context);
  root.children.push_back(child(root, msg::ActorKind::region).children.front());
  root.children.push_back(root);
  ChildSpec router;
  router.address = address_of(context.node, msg::ActorKind::router);
  root.children.push_back(router);
  for (const ChildSpec& spec : root.children) {
    BOOST_TEST((made.make(spec) != nullptr), msg::name_of(spec.address.kind));
  }
}

BOOST_FIXTURE_TEST_CASE(neighbours_that_do_io_are_not_machines, Fixture) {
  Catalogue made(context);
  ChildSpec spec;
  spec.address = address_of(context.node, msg::ActorKind::log_store);
  BOOST_CHECK_THROW((void)made.make(spec), Bug);
}

BOOST_FIXTURE_TEST_CASE(replicas_host_what_their_group_replicates, Fixture) {
  store_map();
  Catalogue made(context);
  const auto host = [&](GroupId group) {
    ChildSpec spec;
    spec.address = replica_address(context.node, group);
    return made.make(spec);
  };
  const MachinePtr meta = host(meta_group);
  const MachinePtr shard = host(group_of(ShardId{0}));
  BOOST_TEST((dynamic_cast<const MetaState*>(&dynamic_cast<Replica&>(*meta).state()) != nullptr));
  BOOST_TEST((dynamic_cast<const Shard*>(&dynamic_cast<Replica&>(*shard).state()) != nullptr));
}

BOOST_FIXTURE_TEST_CASE(a_node_without_a_map_has_none_stored, Fixture) {
  BOOST_TEST(load_stored_map(folder.engine()).cluster_id == 0U);
  store_map();
  BOOST_TEST(load_stored_map(folder.engine()).cluster_id == 7U);
}

BOOST_AUTO_TEST_CASE(router_sessions_are_never_used_twice) {
  std::set<std::uint64_t> sessions;
  for (std::uint64_t node = 1; node <= 5; ++node) {
    for (std::uint64_t epoch = 1; epoch <= 5; ++epoch) {
      for (std::uint32_t loop = 0; loop < 4; ++loop) {
        sessions.insert(router_session(NodeId{node}, Epoch{epoch}, loop));
      }
    }
  }
  BOOST_TEST(sessions.size() == 100U);
  BOOST_TEST(!sessions.contains(0));
}

BOOST_AUTO_TEST_SUITE_END()
