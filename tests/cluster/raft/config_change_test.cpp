// SPDX-License-Identifier: Apache-2.0
// Membership changes and leadership transfer, with the accidents that other systems had.
#include "cluster/raft/quorum.hpp"
#include "lab.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;
using namespace harka::raft;

namespace {

using Ids = std::vector<std::uint64_t>;

std::vector<NodeId> nodes(const Ids& ids) {
  std::vector<NodeId> result;
  for (const std::uint64_t id : ids) {
    result.emplace_back(id);
  }
  return result;
}

bool change(Lab& lab, std::uint64_t leader, const Ids& voters, const Ids& learners = {}) {
  const bool is_begun = lab(leader).change_config(nodes(voters), nodes(learners), lab.now()).ok();
  lab.pump(leader);
  return is_begun;
}

Lab::Setup five_nodes(const Ids& voters) {
  Lab::Setup setup;
  setup.nodes = 5;
  setup.voters = voters;
  return setup;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(config_change)

BOOST_AUTO_TEST_CASE(voters_are_replaced_by_joint_consensus) {
  Lab lab(five_nodes({1, 2, 3}));
  lab.lead(1);
  BOOST_TEST(change(lab, 1, {1, 4, 5}));
  lab.run(2s);
  BOOST_TEST(lab(1).config().voters == (Ids{1, 4, 5}), boost::test_tools::per_element());
  BOOST_TEST(!is_joint(lab(1).config()));
  BOOST_TEST(!lab(1).is_change_pending());
}

BOOST_AUTO_TEST_CASE(new_voter_first_catches_up_as_a_learner) {
  Lab lab(five_nodes({1, 2, 3}));
  lab.lead(1);
  lab.isolate(4);
  BOOST_TEST(change(lab, 1, {1, 2, 3, 4}));
  lab.run(1s);
  BOOST_TEST(contains(lab(1).config().learners, NodeId{4}));
  BOOST_TEST(!is_voter(lab(1).config(), NodeId{4}));
  lab.mend();
  lab.run(1s);
  BOOST_TEST(is_voter(lab(1).config(), NodeId{4}));
}

BOOST_AUTO_TEST_CASE(new_voter_that_never_catches_up_stays_a_learner) {
  Lab::Setup setup = five_nodes({1, 2, 3});
  setup.options.promotion_timeout = 2s;
  Lab lab(setup);
  lab.lead(1);
  lab.isolate(4);
  change(lab, 1, {1, 2, 3, 4});
  lab.run(3s);
  BOOST_TEST(!lab(1).is_change_pending());
  lab.mend();
  lab.run(1s);
  BOOST_TEST(!is_voter(lab(1).config(), NodeId{4}));
}

BOOST_AUTO_TEST_CASE(learner_does_not_count) {
  Lab lab(five_nodes({1, 2, 3}));
  lab.lead(1);
  change(lab, 1, {1, 2, 3}, {4, 5});
  lab.run(500ms);
  lab.isolate(2);
  lab.isolate(3);
  const LogIndex commit = lab(1).commit_index();
  lab.put(1, "x");
  BOOST_TEST(lab(1).commit_index() == commit);
}

BOOST_AUTO_TEST_CASE(learner_gets_the_log) {
  Lab lab(five_nodes({1, 2, 3}));
  lab.lead(1);
  lab.put(1, "a");
  change(lab, 1, {1, 2, 3}, {4});
  lab.run(500ms);
  lab.put(1, "b");
  BOOST_TEST(lab.applied(4).size() == 2U);
  BOOST_TEST(lab(4).is_learner());
}

BOOST_AUTO_TEST_CASE(voter_becomes_a_learner) {
  Lab lab;
  lab.lead(1);
  change(lab, 1, {1, 2}, {3});
  lab.run(1s);
  BOOST_TEST(lab(3).is_learner());
}

BOOST_AUTO_TEST_CASE(joint_configuration_needs_both_majorities) {
  const msg::GroupConfig joint{{1, 2, 3}, {3, 4, 5}, {}};
  const auto value = [](NodeId node) -> std::uint64_t { return node.value <= 3 ? 9 : 2; };
  BOOST_TEST(quorum_value(joint, value) == 2U);
}

BOOST_AUTO_TEST_CASE(change_of_voters_goes_through_a_joint_configuration) {
  Lab lab;
  lab.lead(1);
  lab.isolate(1);
  change(lab, 1, {1, 2});
  BOOST_TEST(lab(1).config().voters == (Ids{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(lab(1).config().voters_outgoing == (Ids{1, 2, 3}), boost::test_tools::per_element());
  lab.run(400ms);
  BOOST_TEST(is_joint(lab(1).config()));  // and is not left before it is committed
}

BOOST_AUTO_TEST_CASE(second_change_is_refused_while_one_is_pending) {
  Lab lab(five_nodes({1, 2, 3}));
  lab.lead(1);
  BOOST_TEST(change(lab, 1, {1, 2, 3, 4}));
  BOOST_TEST(!change(lab, 1, {1, 2, 3, 5}));
}

BOOST_AUTO_TEST_CASE(same_change_may_be_asked_again) {
  Lab lab(five_nodes({1, 2, 3}));
  lab.lead(1);
  BOOST_TEST(change(lab, 1, {1, 2, 3, 4}));
  BOOST_TEST(change(lab, 1, {1, 2, 3, 4}));
  lab.run(2s);
  BOOST_TEST(change(lab, 1, {1, 2, 3, 4}));
}

// The bug of 2015: a new leader that changes before it committed in its term can lose entries.
BOOST_AUTO_TEST_CASE(change_waits_for_a_commit_of_the_own_term) {
  Solo solo(1, {entry(1, 1)});
  solo.win();
  BOOST_TEST(
      (solo.raft->change_config(nodes({1, 2}), {}, solo.now).error().code == Code::retry_later));
}

BOOST_AUTO_TEST_CASE(senseless_targets_are_refused) {
  Lab lab;
  lab.lead(1);
  BOOST_TEST(!change(lab, 1, {}));
  BOOST_TEST(!change(lab, 1, {1, 2}, {2}));
}

BOOST_AUTO_TEST_CASE(configuration_counts_from_its_own_index_in_a_batch) {
  Solo solo;
  msg::GroupConfig next;
  next.voters = {1, 2};
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1), config_entry(2, 1, next), entry(3, 1)}));
  BOOST_TEST(solo.raft->config_index() == 2U);
  BOOST_TEST(solo.raft->config_at(1).voters.size() == 3U);
}

BOOST_AUTO_TEST_CASE(truncated_configuration_is_undone) {
  Solo solo;
  msg::GroupConfig next;
  next.voters = {1, 2};
  (void)solo.step(2, solo.append(1, 0, 0, {entry(1, 1), config_entry(2, 1, next)}));
  (void)solo.step(3, solo.append(2, 1, 1, {entry(2, 2)}));
  BOOST_TEST(solo.raft->config().voters.size() == 3U);
}

BOOST_AUTO_TEST_CASE(configuration_survives_encoding) {
  const msg::GroupConfig config{{1, 2, 3}, {4}, {5, 0xffffffffffffffff}};
  BOOST_TEST((decode_config(encode_config(config)).value() == config));
  BOOST_TEST(!decode_config(bytes("short")).ok());
}

// Dissertation, 4.2.2: the current leader is removed.
BOOST_AUTO_TEST_CASE(leader_that_removes_itself_steps_down_after_the_commit) {
  Lab lab;
  lab.lead(1);
  change(lab, 1, {2, 3});
  lab.run(500ms);
  BOOST_TEST(!lab(1).is_leader());
  BOOST_REQUIRE(lab.leaders().size() == 1U);
  lab.put(lab.leaders()[0], "x");
  BOOST_TEST(lab.applied(2).size() == 1U);
}

BOOST_AUTO_TEST_CASE(leader_that_removes_itself_leaves_a_lone_voter_electable) {
  Lab lab({2, {1, 2}, {}});
  lab.lead(1);
  change(lab, 1, {2});
  lab.run(3s);
  BOOST_TEST(lab(2).is_leader());
}

// Only the leader that goes has the final configuration when it restarts: it must stand once more,
// or nobody can ever win.
BOOST_AUTO_TEST_CASE(restarted_leader_on_its_way_out_finishes_its_removal) {
  Lab lab({2, {1, 2}, {}});
  lab.lead(1);
  change(lab, 1, {2});
  lab.cut(1, 2);  // the joint configuration was not sent yet; let it through, then cut
  lab.mend();
  lab.settle();
  lab.crash(1);
  lab.restart(1);
  lab.crash(2);
  lab.restart(2);
  lab.run(5s);
  BOOST_TEST(lab(2).is_leader());
  BOOST_TEST(lab(2).config().voters == (Ids{2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(next_leader_finishes_a_joint_change) {
  Lab lab(five_nodes({1, 2, 3}));
  lab.lead(1);
  change(lab, 1, {1, 2, 3}, {4, 5});
  lab.run(500ms);
  change(lab, 1, {3, 4, 5}, {});
  lab.isolate(1);  // after the joint entry went out at most to some
  lab.run(3s);
  lab.mend();
  lab.run(3s);
  BOOST_REQUIRE(lab.leaders().size() == 1U);
  BOOST_TEST(!is_joint(lab(lab.leaders()[0]).config()));
}

// Dissertation, 4.2.3: a removed server does not hear of its removal and must not disturb.
BOOST_AUTO_TEST_CASE(removed_server_does_not_disturb) {
  Lab lab;
  lab.lead(1);
  lab.isolate(3);
  change(lab, 1, {1, 2});
  lab.run(2s);
  const Term term = lab(1).term();
  lab.mend();
  lab.run(5s);
  BOOST_TEST(lab(1).is_leader());
  BOOST_TEST(lab(1).term() == term);
}

BOOST_AUTO_TEST_CASE(server_that_leaves_learns_of_it) {
  Lab lab;
  lab.lead(1);
  change(lab, 1, {1, 2});
  lab.run(1s);
  BOOST_TEST(lab(3).config().voters == (Ids{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(group_shrinks_to_one_and_grows_again) {
  Lab lab;
  lab.lead(1);
  change(lab, 1, {1});
  lab.run(1s);
  lab.put(1, "alone");
  change(lab, 1, {1, 2, 3});
  lab.run(2s);
  BOOST_TEST(lab.applied(3).size() == 1U);
  BOOST_TEST(lab(1).config().voters.size() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(transfer)

BOOST_AUTO_TEST_CASE(leadership_moves_to_the_target) {
  Lab lab;
  lab.lead(1);
  BOOST_TEST(lab(1).transfer(NodeId{3}, lab.now()).ok());
  lab.pump(1);
  lab.settle();
  BOOST_TEST(lab(3).is_leader());
}

BOOST_AUTO_TEST_CASE(without_a_target_somebody_gets_it) {
  Lab lab;
  lab.lead(1);
  BOOST_TEST(lab(1).transfer(NodeId{}, lab.now()).ok());
  lab.pump(1);
  lab.settle();
  BOOST_TEST(lab.leaders().size() == 1U);
  BOOST_TEST(!lab(1).is_leader());
}

BOOST_AUTO_TEST_CASE(target_catches_up_first) {
  Lab lab;
  lab.lead(1);
  lab.cut(1, 3);
  lab.put(1, "a");
  lab.mend();
  BOOST_TEST(lab(1).transfer(NodeId{3}, lab.now()).ok());
  lab.pump(1);
  lab.settle();
  BOOST_TEST(lab(1).is_leader());
  lab.run(400ms);
  BOOST_TEST(lab(3).is_leader());
}

BOOST_AUTO_TEST_CASE(proposals_are_refused_meanwhile) {
  Lab lab;
  lab.lead(1);
  lab.cut(1, 3);
  BOOST_TEST(lab(1).transfer(NodeId{3}, lab.now()).ok());
  BOOST_TEST((lab(1).propose(bytes("x"), lab.now()).error().code == Code::retry_later));
}

BOOST_AUTO_TEST_CASE(transfer_to_a_dead_node_is_given_up) {
  Lab lab;
  lab.lead(1);
  lab.crash(3);
  BOOST_TEST(lab(1).transfer(NodeId{3}, lab.now()).ok());
  lab.pump(1);
  lab.run(1s);
  BOOST_TEST(!lab(1).is_transfer_pending());
  BOOST_TEST(lab.put(1, "x") != 0U);
}

BOOST_AUTO_TEST_CASE(learner_cannot_be_the_target) {
  Lab lab(five_nodes({1, 2, 3}));
  lab.lead(1);
  change(lab, 1, {1, 2, 3}, {4});
  lab.run(500ms);
  BOOST_TEST(!lab(1).transfer(NodeId{4}, lab.now()).ok());
}

BOOST_AUTO_TEST_CASE(order_of_an_older_term_is_ignored) {
  Solo solo(5);
  BOOST_TEST(solo.step(2, msg::TimeoutNow{7, 4}).appends.empty());
}

BOOST_AUTO_TEST_SUITE_END()
