// SPDX-License-Identifier: Apache-2.0
// Creating a cluster exactly once, adopting maps, joining.
#include "actors/control/control.hpp"

#include "tests/support/turn_driver.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>

using namespace harka;

namespace {

Address control_of(std::uint64_t node) {
  return address_of(NodeId{node}, msg::ActorKind::control);
}

const Address admin = address_of(NodeId{1}, msg::ActorKind::client, 3);

msg::Member member(std::uint64_t node) {
  msg::Member made;
  made.node = node;
  made.name = "n" + std::to_string(node);
  made.region = "r" + std::to_string(node);
  made.state = msg::MemberState::alive;
  return made;
}

struct Node {
  std::unique_ptr<Control> control;
  std::unique_ptr<testing::TurnDriver> driver;
  NodeId self;

  explicit Node(std::uint64_t id, msg::ClusterMap stored = {}) : self(id) {
    ControlOptions options;
    options.self.node = id;
    options.self.name = "n" + std::to_string(id);
    options.stored_map = std::move(stored);
    options.shard_count = 8;
    control = std::make_unique<Control>(options);
    driver = std::make_unique<testing::TurnDriver>(*control, control_of(id));
    driver->start();
  }

  void see(std::vector<msg::Member> members) {
    driver->deliver(
        address_of(self, msg::ActorKind::membership), msg::MembershipChanged{std::move(members)});
  }

  void init(std::vector<std::string> arguments = {}) {
    driver->deliver(admin, msg::AdminRequest{"init", std::move(arguments), 0}, 77);
  }

  /// Acknowledges the flush that an adopted map waits for.
  void flush_done(const msg::FlushState& flush) {
    driver->deliver(
        address_of(NodeId{1}, msg::ActorKind::state_store),
        msg::StateFlushed{flush.group, flush.ticket, flush.applied_index});
  }
};

msg::ClusterMap map_of(std::uint64_t cluster, std::uint64_t version) {
  msg::ClusterMap map;
  map.cluster_id = cluster;
  map.version = version;
  map.meta_replicas = {1};
  return map;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(control)

BOOST_AUTO_TEST_CASE(init_asks_every_member_for_a_promise_first) {
  Node node(1);
  node.see({member(1), member(2), member(3)});
  node.init();
  BOOST_TEST(node.driver->sent<msg::PrepareInit>().size() == 3U);
}

BOOST_DATA_TEST_CASE(
    init_refuses_what_it_does_not_understand,
    boost::unit_test::data::make(
        {"node=3",
         "nodes=",
         "nodes=three",
         "nodes=-1",
         "nodes=99999999999",
         "nodes",
         "shards=0",
         "shards=1025",
         "replicas=0",
         "force"})) {
  Node node(1);
  node.see({member(1), member(2), member(3)});
  node.init({sample});
  const auto replies = node.driver->sent<msg::AdminReply>();
  BOOST_REQUIRE_EQUAL(replies.size(), 1U);
  BOOST_TEST(replies[0].second.exit_code == 2);
}

BOOST_AUTO_TEST_CASE(control_asks_at_its_start_who_is_alive) {
  Node node(1, map_of(5, 1));
  const auto asked = node.driver->sent<msg::MapRequest>();
  BOOST_REQUIRE_EQUAL(asked.size(), 1U);
  BOOST_TEST((asked[0].first == address_of(NodeId{1}, msg::ActorKind::membership)));
}

BOOST_AUTO_TEST_CASE(a_pulse_that_starts_again_gets_the_map_and_goes_on_draining) {
  Node node(1, map_of(5, 1));
  const Address pulse = address_of(NodeId{1}, msg::ActorKind::pulse);
  node.driver->deliver(admin, msg::AdminRequest{"drain", {}, 0});
  (void)node.driver->take_all();
  node.driver->deliver(pulse, msg::MapRequest{});
  const auto sends = node.driver->take<effect::Send>();
  BOOST_REQUIRE_EQUAL(sends.size(), 2U);
  for (const effect::Send& send : sends) BOOST_TEST((send.envelope->to == pulse));
  BOOST_TEST(std::holds_alternative<msg::DrainNode>(sends[0].envelope->body));
  BOOST_TEST(std::holds_alternative<msg::MapUpdate>(sends[1].envelope->body));
}

BOOST_AUTO_TEST_CASE(drains_that_are_never_over_are_bounded) {
  Node node(1);
  for (std::uint64_t i = 0; i < 101; ++i) {
    node.driver->deliver(admin, msg::AdminRequest{"drain", {}, i}, i);
  }
  const auto replies = node.driver->sent<msg::AdminReply>();
  BOOST_REQUIRE_EQUAL(replies.size(), 1U);
  BOOST_TEST(replies[0].second.exit_code == 7);
}

BOOST_AUTO_TEST_CASE(init_commits_only_when_all_promised) {
  Node node(1);
  node.see({member(1), member(2)});
  node.init();
  const auto prepare = node.driver->sent<msg::PrepareInit>().at(0).second;
  node.driver->deliver(control_of(1), msg::InitPromise{prepare.cluster_id, true, ""});
  BOOST_TEST(node.driver->sent<msg::CommitInit>().empty());
  node.driver->deliver(control_of(2), msg::InitPromise{prepare.cluster_id, true, ""});
  const auto commits = node.driver->sent<msg::CommitInit>();
  BOOST_REQUIRE_EQUAL(commits.size(), 2U);
  BOOST_TEST(commits[0].second.map.shards.size() == 8U);
}

BOOST_AUTO_TEST_CASE(members_that_do_not_answer_are_asked_again) {
  Node node(1);
  node.see({member(1), member(2)});
  node.init();
  const auto prepare = node.driver->sent<msg::PrepareInit>().at(0).second;
  node.driver->deliver(control_of(1), msg::InitPromise{prepare.cluster_id, true, ""});
  node.driver->advance(600ms);
  const auto again = node.driver->sent<msg::PrepareInit>();
  BOOST_REQUIRE_EQUAL(again.size(), 1U);
  BOOST_TEST((again[0].first == control_of(2)));
  BOOST_TEST(again[0].second.cluster_id == prepare.cluster_id);
  node.driver->deliver(control_of(2), msg::InitPromise{prepare.cluster_id, true, ""});
  node.driver->deliver(control_of(1), msg::InitDone{prepare.cluster_id});
  (void)node.driver->sent<msg::CommitInit>();
  node.driver->advance(600ms);
  const auto commits = node.driver->sent<msg::CommitInit>();
  BOOST_REQUIRE_EQUAL(commits.size(), 1U);
  BOOST_TEST((commits[0].first == control_of(2)));
}

BOOST_AUTO_TEST_CASE(a_commit_that_comes_twice_is_answered_twice) {
  Node node(2);
  node.driver->deliver(control_of(1), msg::PrepareInit{5, 1});
  node.driver->deliver(control_of(1), msg::CommitInit{map_of(5, 1)});
  node.flush_done(node.driver->sent<msg::FlushState>().at(0).second);
  BOOST_TEST(node.driver->sent<msg::InitDone>().size() == 1U);
  node.driver->deliver(control_of(1), msg::CommitInit{map_of(5, 1)});
  BOOST_TEST(node.driver->sent<msg::InitDone>().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_second_try_proposes_what_the_members_have_promised) {
  Node node(1);
  node.see({member(1), member(2)});
  node.init();
  const auto first = node.driver->sent<msg::PrepareInit>().at(0).second;
  node.driver->advance(11s);  // nobody answers
  (void)node.driver->sent<msg::PrepareInit>();
  node.init();
  BOOST_TEST(node.driver->sent<msg::PrepareInit>().at(0).second.cluster_id == first.cluster_id);
}

BOOST_AUTO_TEST_CASE(an_id_that_was_committed_is_never_proposed_again) {
  Node node(1);
  node.see({member(1)});
  node.init();
  const auto first = node.driver->sent<msg::PrepareInit>().at(0).second;
  node.driver->deliver(control_of(1), msg::InitPromise{first.cluster_id, true, ""});
  node.driver->advance(11s);  // its own adoption never comes
  (void)node.driver->sent<msg::PrepareInit>();
  node.init();
  BOOST_TEST(node.driver->sent<msg::PrepareInit>().at(0).second.cluster_id != first.cluster_id);
}

BOOST_AUTO_TEST_CASE(one_refusal_ends_init_and_creates_nothing) {
  Node node(1);
  node.see({member(1), member(2)});
  node.init();
  const auto prepare = node.driver->sent<msg::PrepareInit>().at(0).second;
  node.driver->deliver(control_of(1), msg::InitPromise{prepare.cluster_id, true, ""});
  node.driver->deliver(control_of(2), msg::InitPromise{prepare.cluster_id, false, "taken"});
  const auto replies = node.driver->sent<msg::AdminReply>();
  BOOST_REQUIRE_EQUAL(replies.size(), 1U);
  BOOST_TEST(replies[0].second.exit_code == 6);
}

BOOST_AUTO_TEST_CASE(a_promise_binds_against_a_second_init) {
  Node node(2);
  node.driver->deliver(control_of(1), msg::PrepareInit{10, 1});
  node.driver->deliver(control_of(3), msg::PrepareInit{20, 3});
  const auto promises = node.driver->sent<msg::InitPromise>();
  BOOST_REQUIRE_EQUAL(promises.size(), 2U);
  BOOST_TEST(promises[0].second.promised);
  BOOST_TEST(!promises[1].second.promised);
}

BOOST_AUTO_TEST_CASE(an_old_promise_expires) {
  Node node(2);
  node.driver->deliver(control_of(1), msg::PrepareInit{10, 1});
  node.driver->advance(31s);
  (void)node.driver->sent<msg::InitPromise>();
  node.driver->deliver(control_of(3), msg::PrepareInit{20, 3});
  BOOST_TEST(node.driver->sent<msg::InitPromise>().at(0).second.promised);
}

BOOST_AUTO_TEST_CASE(too_few_members_refuse_init) {
  Node node(1);
  node.see({member(1), member(2)});
  node.init({"nodes=3"});
  BOOST_TEST(node.driver->sent<msg::AdminReply>().at(0).second.exit_code == 3);
}

BOOST_AUTO_TEST_CASE(a_node_of_a_cluster_refuses_init_and_promises) {
  Node node(1, map_of(5, 1));
  node.init();
  BOOST_TEST(node.driver->sent<msg::AdminReply>().at(0).second.exit_code == 6);
  node.driver->deliver(control_of(2), msg::PrepareInit{9, 2});
  BOOST_TEST(!node.driver->sent<msg::InitPromise>().at(0).second.promised);
}

BOOST_AUTO_TEST_CASE(a_map_is_announced_only_once_it_is_durable) {
  Node node(1);
  node.driver->deliver(control_of(2), msg::MapUpdate{map_of(5, 3)});
  const auto flushes = node.driver->sent<msg::FlushState>();
  BOOST_REQUIRE_EQUAL(flushes.size(), 1U);
  node.flush_done(flushes[0].second);
  BOOST_TEST(!node.driver->sent<msg::MapUpdate>().empty());
}

BOOST_AUTO_TEST_CASE(the_map_of_another_cluster_is_ignored) {
  Node node(1, map_of(5, 1));
  node.driver->deliver(control_of(2), msg::MapUpdate{map_of(6, 9)});
  BOOST_TEST(node.driver->sent<msg::FlushState>().empty());
}

msg::ClusterMap map_of_two(std::uint64_t version) {
  msg::ClusterMap map = map_of(5, version);
  map.shard_count = 2;
  for (std::uint32_t shard = 0; shard < 2; ++shard) {
    msg::ShardRecord record;
    record.shard = shard;
    record.epoch = 3;
    record.replicas = {1, 2};
    map.shards.push_back(record);
  }
  for (const std::uint64_t node : {1U, 2U}) {
    msg::NodeRecord record;
    record.node = node;
    map.nodes.push_back(record);
  }
  return map;
}

BOOST_AUTO_TEST_CASE(a_map_that_cannot_be_is_ignored) {
  const auto is_taken = [](const std::function<void(msg::ClusterMap&)>& change) {
    Node node(1, map_of_two(1));
    msg::ClusterMap map = map_of_two(2);
    change(map);
    node.driver->deliver(control_of(2), msg::MapUpdate{map});
    return !node.driver->sent<msg::FlushState>().empty();
  };
  BOOST_TEST(is_taken([](msg::ClusterMap&) {}));
  BOOST_TEST(!is_taken([](msg::ClusterMap& map) { map.shard_count = 3; }));
  BOOST_TEST(!is_taken([](msg::ClusterMap& map) { map.meta_replicas.clear(); }));
  BOOST_TEST(!is_taken([](msg::ClusterMap& map) { map.shards[1].replicas.clear(); }));
  BOOST_TEST(!is_taken([](msg::ClusterMap& map) { std::swap(map.shards[0], map.shards[1]); }));
  BOOST_TEST(!is_taken([](msg::ClusterMap& map) { map.shards[1].epoch = 2; }));
}

BOOST_AUTO_TEST_CASE(only_what_the_map_allows_is_believed_about_leaders) {
  const auto passed_on = [](std::uint64_t from, std::uint32_t group, std::uint64_t leader) {
    Node node(1, map_of_two(1));
    (void)node.driver->sent<msg::LeaderHints>();
    msg::LeaderHints hints;
    hints.hints.push_back(msg::LeaderHint{group, 7, leader});
    node.driver->deliver(address_of(NodeId{from}, msg::ActorKind::pulse), hints);
    return node.driver->sent<msg::LeaderHints>().at(0).second.hints.size();
  };
  BOOST_TEST(passed_on(2, 1, 2) == 1U);
  BOOST_TEST(passed_on(2, 2, 1) == 1U);
  BOOST_TEST(passed_on(2, 2, 0) == 1U);
  BOOST_TEST(passed_on(2, 3, 2) == 0U, "there is no such group");
  BOOST_TEST(passed_on(2, 1, 9) == 0U, "there is no such node");
  BOOST_TEST(passed_on(9, 1, 9) == 0U);
}

BOOST_AUTO_TEST_CASE(an_older_map_is_ignored) {
  Node node(1, map_of(5, 4));
  node.driver->deliver(control_of(2), msg::MapUpdate{map_of(5, 4)});
  BOOST_TEST(node.driver->sent<msg::FlushState>().empty());
}

BOOST_AUTO_TEST_CASE(a_node_that_the_map_does_not_name_asks_to_join) {
  Node node(7, map_of(5, 1));
  node.driver->advance(1s);
  BOOST_TEST(!node.driver->sent<msg::ProposeMap>().empty());
}

BOOST_AUTO_TEST_CASE(commit_without_a_promise_is_ignored) {
  Node node(2);
  node.driver->deliver(control_of(1), msg::CommitInit{map_of(5, 1)});
  BOOST_TEST(node.driver->sent<msg::FlushState>().empty());
}

BOOST_AUTO_TEST_CASE(status_says_when_there_is_no_cluster) {
  Node node(1);
  node.driver->deliver(admin, msg::AdminRequest{"status", {}, 1}, 4);
  const auto reply = node.driver->sent<msg::AdminReply>().at(0).second;
  BOOST_TEST(reply.exit_code == 1);
  BOOST_TEST(reply.json.view().find("harka init") != std::string_view::npos);
}

// A node that was never heard of since this one started is in no member list.
BOOST_AUTO_TEST_CASE(status_names_the_nodes_of_the_map_that_are_down) {
  msg::ClusterMap map = map_of(5, 1);
  for (const std::uint64_t id : {1, 2, 3}) {
    msg::NodeRecord record;
    record.node = id;
    record.name = "n" + std::to_string(id);
    map.nodes.push_back(record);
  }
  map.shards.clear();
  Node node(1, map);
  msg::MembershipChanged change;
  msg::Member member;
  member.node = 2;
  member.name = "n2";
  change.members.push_back(member);
  node.driver->deliver(admin, change);
  node.driver->deliver(admin, msg::AdminRequest{"status", {}, 1}, 4);
  const auto reply = node.driver->sent<msg::AdminReply>().at(0).second;
  BOOST_TEST(reply.exit_code == 1);
  BOOST_TEST(reply.json.view().find("1 of 3 nodes down (n3)") != std::string_view::npos);
  BOOST_TEST(reply.json.view().find(R"("name":"n3")") != std::string_view::npos);
}

BOOST_AUTO_TEST_SUITE_END()
