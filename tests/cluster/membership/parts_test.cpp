// SPDX-License-Identifier: Apache-2.0
// The rules of claims, the suspicion timer and the gossip queue.
#include "cluster/membership/gossip.hpp"
#include "cluster/membership/member_table.hpp"
#include "cluster/membership/suspicion.hpp"

#include <boost/test/unit_test.hpp>

namespace harka::membership {
namespace {

using msg::MemberState;

msg::Member claim(std::uint64_t epoch, std::uint64_t incarnation, MemberState state) {
  msg::Member member;
  member.node = 7;
  member.epoch = epoch;
  member.incarnation = incarnation;
  member.state = state;
  return member;
}

BOOST_AUTO_TEST_CASE(a_new_process_beats_every_claim_about_the_old_one) {
  BOOST_TEST(supersedes(claim(2, 1, MemberState::alive), claim(1, 9, MemberState::dead)));
  BOOST_TEST(!supersedes(claim(1, 9, MemberState::dead), claim(2, 1, MemberState::alive)));
}

BOOST_AUTO_TEST_CASE(a_refutation_beats_suspicion_and_death) {
  BOOST_TEST(supersedes(claim(1, 2, MemberState::alive), claim(1, 1, MemberState::suspect)));
  BOOST_TEST(supersedes(claim(1, 2, MemberState::alive), claim(1, 1, MemberState::dead)));
}

BOOST_AUTO_TEST_CASE(of_one_incarnation_the_worse_news_wins) {
  BOOST_TEST(supersedes(claim(1, 1, MemberState::suspect), claim(1, 1, MemberState::alive)));
  BOOST_TEST(supersedes(claim(1, 1, MemberState::dead), claim(1, 1, MemberState::suspect)));
  BOOST_TEST(!supersedes(claim(1, 1, MemberState::alive), claim(1, 1, MemberState::suspect)));
  BOOST_TEST(!supersedes(claim(1, 1, MemberState::alive), claim(1, 1, MemberState::alive)));
}

BOOST_AUTO_TEST_CASE(confirmations_shorten_a_suspicion_as_lifeguard_says) {
  Options options;
  options.probe_interval = 1s;
  options.suspicion_multiplier = 4;
  const Instant now(100s);
  Suspicion suspicion(options, 10, now, 1);
  BOOST_TEST((suspicion.deadline() == now + 24s));
  BOOST_TEST(!suspicion.confirm(1));
  BOOST_TEST(suspicion.confirm(2));
  // 24 - 20 × ln 2 / ln 3 = 11.38 s
  BOOST_TEST((suspicion.deadline() > now + 11300ms));
  BOOST_TEST((suspicion.deadline() < now + 11500ms));
  BOOST_TEST(suspicion.confirm(3));
  BOOST_TEST((suspicion.deadline() == now + 4s));
  BOOST_TEST(!suspicion.confirm(4));
}

BOOST_AUTO_TEST_CASE(a_suspicion_that_nobody_can_confirm_is_short) {
  Options options;
  const Instant now(100s);
  BOOST_TEST((Suspicion(options, 3, now, 1).deadline() == now + 4s));
}

BOOST_AUTO_TEST_CASE(news_are_told_least_told_first_and_end) {
  GossipQueue queue;
  queue.add(1);
  BOOST_TEST(queue.take(1, 2).front() == 1U);
  queue.add(2);
  BOOST_TEST(queue.take(1, 2).front() == 2U);
  BOOST_TEST(queue.take(5, 2).size() == 2U);
  BOOST_TEST(queue.empty());
  BOOST_TEST(GossipQueue::limit_for(9, 4) == 4U);
  BOOST_TEST(GossipQueue::limit_for(50, 4) == 8U);
}

}  // namespace
}  // namespace harka::membership
