// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/links.hpp"

#include "runtime/net/seed.hpp"
#include "tests/runtime/net/link_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;
using namespace harka::net;
using namespace harka::net::test;

namespace {

std::uint64_t sequence_of(const EnvelopePtr& envelope) {
  const auto* probe = std::get_if<msg::Probe>(&envelope->body);
  return probe == nullptr ? 0 : probe->sequence;
}

msg::AppendEntries append_of(std::size_t bytes, char fill) {
  msg::AppendEntries append;
  append.group = 7;
  msg::Entry entry;
  entry.index = 1;
  entry.data = SharedBytes(std::string(bytes, fill));
  append.entries.push_back(entry);
  return append;
}

template <typename State>
std::size_t count_of(Collector& collector) {
  std::size_t count = 0;
  for (const auto& envelope : collector.all())
    count += std::holds_alternative<State>(envelope->body);
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(links)

BOOST_AUTO_TEST_CASE(messages_arrive_in_order_with_their_envelope) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  TestNode b(options_of("b", ca));
  BOOST_REQUIRE(link_up(a, b));
  for (std::uint64_t i = 1; i <= 1000; ++i) BOOST_REQUIRE(a.probe(b.self(), i));
  BOOST_REQUIRE(b.inbox->wait_count(1000));
  const auto all = b.inbox->all();
  for (std::uint64_t i = 1; i <= 1000; ++i) BOOST_REQUIRE(sequence_of(all[i - 1]) == i);
  BOOST_TEST(all[0]->from.node == a.self().value);
  BOOST_TEST((all[0]->from.kind == msg::ActorKind::membership));
  BOOST_TEST(all[0]->to.node == b.self().value);
  BOOST_TEST(all[0]->correlation == 42U);
  BOOST_TEST(b.probe(a.self(), 5));
  BOOST_TEST(a.inbox->wait_count(1));
}

BOOST_AUTO_TEST_CASE(a_node_that_left_makes_room_for_another) {
  TestCa ca;
  LinkOptions options = options_of("a", ca);
  options.peers_max = 1;
  TestNode a(options);
  TestNode b(options_of("b", ca));
  TestNode c(options_of("c", ca));
  BOOST_REQUIRE(link_up(a, b));
  a.links->set_peers({c.info()});
  BOOST_TEST(a.links->status().size() == 1U);
  BOOST_TEST(!a.probe(c.self(), 1));
  PeerInfo gone = b.info();
  gone.has_left = true;
  b.links->set_blocked(a.self(), true);  // as it has left
  a.links->set_peers({gone});
  BOOST_REQUIRE(eventually([&] { return !a.is_linked(b.self()); }));
  BOOST_REQUIRE(link_up(a, c));
  BOOST_TEST(a.probe(c.self(), 1));
  BOOST_TEST(c.inbox->wait_count(1));
  BOOST_TEST(!a.probe(b.self(), 1));
}

BOOST_AUTO_TEST_CASE(a_message_larger_than_a_frame_is_counted) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  TestNode b(options_of("b", ca));
  BOOST_REQUIRE(link_up(a, b));
  msg::AppendEntries append;
  msg::Entry entry;
  entry.data = SharedBytes(std::string(limits::frame_bytes_max, 'x'));
  append.entries.push_back(entry);
  BOOST_TEST(!a.send(b.self(), msg::ActorKind::replica, 7, append));
  BOOST_TEST(eventually([&] { return a.status_of(b.self()).messages_too_large == 1; }));
}

BOOST_AUTO_TEST_CASE(subscribers_hear_of_links_that_come_and_go) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  {
    TestNode b(options_of("b", ca));
    BOOST_REQUIRE(link_up(a, b));
    BOOST_TEST(a.states->wait_count(1));
    BOOST_TEST(count_of<msg::LinkUp>(*a.states) == 1U);
  }
  BOOST_TEST(a.states->wait_count(2));
  BOOST_TEST(count_of<msg::LinkDown>(*a.states) == 1U);
}

BOOST_AUTO_TEST_CASE(large_messages_arrive_whole_and_do_not_delay_small_ones) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  TestNode b(options_of("b", ca));
  BOOST_REQUIRE(link_up(a, b));
  const std::size_t bytes = 16 * 1024 * 1024;
  BOOST_REQUIRE(a.send(b.self(), msg::ActorKind::replica, 7, append_of(bytes, 'x')));
  BOOST_REQUIRE(a.send(b.self(), msg::ActorKind::replica, 7, append_of(3, 'y')));
  BOOST_REQUIRE(a.probe(b.self(), 1));
  BOOST_REQUIRE(b.inbox->wait_count(1));
  BOOST_REQUIRE(b.replica->wait_count(2));
  const auto all = b.replica->all();
  const auto& first = std::get<msg::AppendEntries>(all[0]->body);
  BOOST_TEST((first.entries.at(0).data.view() == std::string(bytes, 'x')));
  BOOST_TEST((std::get<msg::AppendEntries>(all[1]->body).entries.at(0).data.view() == "yyy"));
}

BOOST_AUTO_TEST_CASE(more_than_the_credit_window_flows_both_ways) {
  TestCa ca;
  LinkOptions small = options_of("a", ca);
  small.credit_bytes = 64 * 1024;
  TestNode a(small);
  small = options_of("b", ca);
  small.credit_bytes = 64 * 1024;
  TestNode b(small);
  BOOST_REQUIRE(link_up(a, b));
  for (int i = 0; i < 500; ++i) {
    BOOST_REQUIRE(a.send(b.self(), msg::ActorKind::replica, 7, append_of(10'000, 'a')));
    BOOST_REQUIRE(b.send(a.self(), msg::ActorKind::replica, 7, append_of(10'000, 'b')));
  }
  BOOST_TEST(a.replica->wait_count(500));
  BOOST_TEST(b.replica->wait_count(500));
}

BOOST_AUTO_TEST_CASE(a_seed_is_found_by_address_and_gets_what_waited_for_it) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  TestNode b(options_of("b", ca));
  const NodeId alias = b.links->connect_seed(a.address());
  BOOST_TEST((alias == seed_alias(a.address())));
  msg::JoinRequest join;
  join.member.name = "b";
  BOOST_TEST(b.send(alias, msg::ActorKind::membership, 0, join));
  BOOST_REQUIRE(a.inbox->wait_count(1));
  const auto arrived = a.inbox->all()[0];
  BOOST_TEST(std::get<msg::JoinRequest>(arrived->body).member.name == "b");
  BOOST_TEST(arrived->to.node == a.self().value);
  BOOST_TEST(a.send(NodeId{arrived->from.node}, msg::ActorKind::membership, 0, msg::MemberList{}));
  BOOST_TEST(b.inbox->wait_count(1));
  BOOST_REQUIRE(b.wait_linked(a));
  BOOST_TEST(b.send(alias, msg::ActorKind::membership, 0, join));
  BOOST_TEST(a.inbox->wait_count(2));
}

BOOST_AUTO_TEST_CASE(send_to_address_reaches_whoever_answers_there) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  TestNode b(options_of("b", ca));
  Envelope join{
      address_of(b.self(), msg::ActorKind::membership),
      address_of(NodeId{}, msg::ActorKind::membership),
      0,
      msg::JoinRequest{}};
  BOOST_TEST(b.links->send_to_address(a.address(), join));
  BOOST_TEST(a.inbox->wait_count(1));
}

BOOST_AUTO_TEST_CASE(both_dial_at_once_and_one_link_stays) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  TestNode b(options_of("b", ca));
  a.links->connect_seed(b.address());
  b.links->connect_seed(a.address());
  BOOST_REQUIRE(link_up(a, b));
  BOOST_TEST(eventually([&] {
    return a.probe(b.self(), 1) && b.probe(a.self(), 1) && !a.inbox->all().empty() &&
           !b.inbox->all().empty();
  }));
}

BOOST_AUTO_TEST_CASE(a_restarted_peer_with_a_newer_epoch_replaces_the_old_one) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  LinkOptions again = options_of("b", ca);
  auto b = std::make_unique<TestNode>(again);
  BOOST_REQUIRE(link_up(a, *b));
  again.own.epoch = 2;
  TestNode newer(again);
  newer.links->set_peers({a.info()});
  BOOST_REQUIRE(newer.wait_linked(a));
  BOOST_TEST(eventually([&] {
    const PeerStatus status = a.status_of(newer.self());
    return status.is_up && status.epoch == 2;
  }));
  BOOST_TEST(a.probe(newer.self(), 1));
  BOOST_TEST(newer.inbox->wait_count(1));
  BOOST_TEST(b->inbox->all().empty());
  BOOST_TEST(eventually([&] { return !b->status_of(a.self()).is_up; }));
}

BOOST_AUTO_TEST_CASE(a_stale_epoch_is_refused_with_a_reason) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  LinkOptions newer = options_of("b", ca);
  newer.own.epoch = 5;
  {
    TestNode b(newer);
    BOOST_REQUIRE(link_up(a, b));
  }
  newer.own.epoch = 4;
  TestNode stale(newer);
  stale.links->set_peers({a.info()});
  BOOST_TEST(eventually(
      [&] { return stale.status_of(a.self()).last_error.find("epoch 4") != std::string::npos; }));
  BOOST_TEST(!a.is_linked(stale.self()));
}

BOOST_AUTO_TEST_CASE(a_second_node_with_the_same_name_is_refused_and_told_why) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  TestNode b(options_of("b", ca));
  BOOST_REQUIRE(link_up(a, b));
  LinkOptions twin_options = options_of("b", ca);
  twin_options.own.data_id = 99;
  twin_options.own.epoch = 9;
  TestNode twin(twin_options);
  twin.links->set_peers({a.info()});
  BOOST_TEST(eventually([&] {
    return twin.status_of(a.self()).last_error.find("the name 'b' belongs to the node at") !=
           std::string::npos;
  }));
  BOOST_TEST(a.is_linked(b.self()));
}

BOOST_AUTO_TEST_CASE(another_cluster_is_refused_and_told_why) {
  TestCa ca;
  LinkOptions options = options_of("a", ca);
  options.own.cluster_id = 1;
  TestNode a(options);
  options = options_of("b", ca);
  options.own.cluster_id = 2;
  TestNode b(options);
  b.links->connect_seed(a.address());
  b.links->set_peers({a.info()});
  BOOST_TEST(eventually([&] {
    return b.status_of(a.self()).last_error.find("belongs to cluster") != std::string::npos;
  }));
}

BOOST_AUTO_TEST_CASE(a_cut_peer_is_lost_at_once_and_comes_back_when_healed) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  TestNode b(options_of("b", ca));
  TestNode c(options_of("c", ca));
  BOOST_REQUIRE(link_up(a, b));
  BOOST_REQUIRE(link_up(a, c));
  a.links->set_blocked(b.self(), true);
  BOOST_TEST(eventually([&] { return !a.is_linked(b.self()) && !b.is_linked(a.self()); }));
  BOOST_TEST(!a.probe(b.self(), 1));
  BOOST_TEST(a.probe(c.self(), 1));
  BOOST_TEST(c.inbox->wait_count(1));
  a.links->set_blocked(b.self(), false);
  BOOST_TEST(a.wait_linked(b));
  BOOST_TEST(b.wait_linked(a));
}

BOOST_AUTO_TEST_CASE(an_injected_delay_keeps_order_and_shows_in_the_round_trip) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  TestNode b(options_of("b", ca));
  BOOST_REQUIRE(link_up(a, b));
  a.links->set_delay(b.self(), 60ms);
  BOOST_TEST(!a.links->status().empty());  // one turn of the loop: the delay is set
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t i = 1; i <= 200; ++i) BOOST_REQUIRE(a.probe(b.self(), i));
  BOOST_REQUIRE(b.inbox->wait_count(200));
  BOOST_TEST((std::chrono::steady_clock::now() - start >= 59ms));
  const auto all = b.inbox->all();
  for (std::uint64_t i = 1; i <= 200; ++i) BOOST_REQUIRE(sequence_of(all[i - 1]) == i);
  BOOST_TEST(eventually([&] { return a.status_of(b.self()).round_trip >= 60ms; }));
}

BOOST_AUTO_TEST_CASE(membership_tells_links_of_peers_through_their_local_address) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  TestNode b(options_of("b", ca));
  a.directory.bind(address_of(a.self(), msg::ActorKind::links), a.links);
  msg::MembershipChanged changed;
  msg::Member member;
  member.node = b.self().value;
  member.name = "b";
  member.link_address = b.address();
  changed.members.push_back(member);
  BOOST_TEST(a.send(a.self(), msg::ActorKind::links, 0, changed));
  BOOST_TEST(a.wait_linked(b));
}

// Nobody says anything but the links themselves, for several times the bound on silence.
BOOST_AUTO_TEST_CASE(pings_keep_an_idle_link_up) {
  TestCa ca;
  LinkOptions options = options_of("a", ca);
  options.silence_max = 1s;
  options.ping_interval = 250ms;
  TestNode a(options);
  options = options_of("b", ca);
  options.silence_max = 1s;
  options.ping_interval = 250ms;
  TestNode b(options);
  BOOST_REQUIRE(link_up(a, b));
  const std::uint64_t connections = a.status_of(b.self()).connections;
  const auto over = [&] { return !a.is_linked(b.self()); };
  BOOST_TEST(!eventually(over, 3 * options.silence_max));
  BOOST_TEST(a.is_linked(b.self()));
  BOOST_TEST(a.status_of(b.self()).connections == connections);
}

BOOST_AUTO_TEST_SUITE_END()
