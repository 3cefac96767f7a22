// SPDX-License-Identifier: Apache-2.0
// Peers that stall, lie, or are somebody else. Each must cost a bound and harm nobody else.
#include "tests/runtime/net/link_fixture.hpp"
#include "tests/runtime/net/raw_peer.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <thread>

using namespace harka;
using namespace harka::net;
using namespace harka::net::test;

namespace {

LinkOptions plain_options(const std::string& name) {
  LinkOptions options;
  options.own.node = id_of(name);
  options.own.name = name;
  options.own.epoch = 1;
  options.own.data_id = id_of(name) + 1000;
  options.listen_address = "127.0.0.1:0";
  options.allows_plaintext = true;
  return options;
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

msg::AppendEntries append_of(std::size_t bytes) {
  msg::AppendEntries append;
  msg::Entry entry;
  entry.data = SharedBytes(std::string(bytes, 'x'));
  append.entries.push_back(entry);
  return append;
}

// A connection that was introduced as node `id` on one channel.
std::unique_ptr<Socket> introduce(TestNode& node, std::uint64_t id, Channel channel) {
  auto socket = std::make_unique<Socket>(connect_to(node.links->port()));
  socket->send(hello_frame(id, "raw", channel));
  const auto body = receive_frame(*socket, FrameType::hello_reply);
  BOOST_REQUIRE(body.has_value());
  const auto reply = decode_hello_reply(SharedBytes(*body));
  BOOST_REQUIRE(reply.ok());
  BOOST_REQUIRE(reply.value().accepted);
  return socket;
}

constexpr std::uint64_t raw_id = 77;

std::string message_frame(const msg::Message& message, msg::ActorKind to, std::uint32_t index = 0) {
  const std::string body(encode_message(message));
  FrameHeader header;
  header.kind = kind_of(message);
  header.to_kind = static_cast<std::uint8_t>(to);
  header.to_index = index;
  header.body_bytes = static_cast<std::uint32_t>(body.size());
  header.epoch = 1;
  return frame_bytes(header, body);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hostile)

BOOST_AUTO_TEST_CASE(a_peer_that_never_reads_costs_its_bound_and_delays_nobody) {
  LinkOptions options = plain_options("a");
  options.outbox_bytes_max = 8 * 1024 * 1024;
  options.silence_max = 60s;
  TestNode a(options);
  TestNode b(plain_options("b"));
  BOOST_REQUIRE(link_up(a, b));
  const auto control = introduce(a, raw_id, Channel::control);
  const auto bulk = introduce(a, raw_id, Channel::bulk);
  BOOST_REQUIRE(eventually([&] { return a.is_linked(NodeId{raw_id}); }));
  const std::size_t before = resident_bytes();
  const msg::AppendEntries append = append_of(64 * 1024);
  std::size_t refused = 0;
  for (int i = 0; i < 4000; ++i) {
    refused += a.send(NodeId{raw_id}, msg::ActorKind::replica, 7, append) ? 0 : 1;
  }
  BOOST_TEST(refused > 3000U);
  BOOST_TEST(a.status_of(NodeId{raw_id}).outbox_bytes <= options.outbox_bytes_max);
  BOOST_TEST(resident_bytes() - before < 40U * 1024 * 1024, "256 MB were offered");
  const auto start = std::chrono::steady_clock::now();
  BOOST_TEST(a.probe(b.self(), 1));
  BOOST_TEST(b.inbox->wait_count(1));
  BOOST_TEST((std::chrono::steady_clock::now() - start < 1s));
}

BOOST_AUTO_TEST_CASE(without_credit_nothing_more_is_written) {
  Listener listener;
  LinkOptions options = plain_options("a");
  options.silence_max = 60s;
  TestNode a(options);
  std::thread peer([&] {
    // Two connections that grant 1 MiB and never more, but read all that comes.
    for (int i = 0; i < 2; ++i) {
      const auto socket = std::make_shared<Socket>(listener.accept());
      (void)receive_frame(*socket, FrameType::hello);
      msg::HelloReply reply;
      reply.accepted = true;
      reply.protocol = 1;
      reply.node = raw_id;
      reply.name = "raw";
      reply.epoch = 1;
      reply.credit_bytes = 1024 * 1024;
      socket->send(frame_of(FrameType::hello_reply, encode_hello_reply(reply)));
      std::thread([socket] { (void)socket->is_closed_by_peer(); }).detach();
    }
  });
  a.links->set_peers(
      {{NodeId{raw_id}, "raw", "127.0.0.1:" + std::to_string(listener.port), "", 0, false}});
  BOOST_REQUIRE(eventually([&] { return a.is_linked(NodeId{raw_id}); }));
  peer.join();
  const msg::AppendEntries append = append_of(64 * 1024);
  while (a.send(NodeId{raw_id}, msg::ActorKind::replica, 7, append)) {
  }
  BOOST_TEST(eventually([&] { return a.status_of(NodeId{raw_id}).bytes_out >= 1024 * 1024; }));
  const PeerStatus status = a.status_of(NodeId{raw_id});
  BOOST_TEST(status.bytes_out < 1200U * 1024);
  BOOST_TEST(status.outbox_bytes > options.outbox_bytes_max / 2);
}

BOOST_AUTO_TEST_CASE(a_silent_peer_is_dropped_within_the_bound) {
  LinkOptions options = plain_options("a");
  options.silence_max = 300ms;
  TestNode a(options);
  const auto control = introduce(a, raw_id, Channel::control);
  const auto bulk = introduce(a, raw_id, Channel::bulk);
  BOOST_REQUIRE(a.states->wait_count(1));
  BOOST_REQUIRE(a.states->wait_count(2));
  const auto* down = std::get_if<msg::LinkDown>(&a.states->all()[1]->body);
  BOOST_REQUIRE(down != nullptr);
  BOOST_TEST(down->reason.find("silent") != std::string::npos);
  BOOST_TEST(control->is_closed_by_peer());
}

BOOST_AUTO_TEST_CASE(garbage_oversize_and_truncated_frames_end_only_their_connection) {
  TestNode a(plain_options("a"));
  TestNode b(plain_options("b"));
  BOOST_REQUIRE(link_up(a, b));
  {
    const Socket socket(connect_to(a.links->port()));
    socket.send("GET / HTTP/1.1\r\nHost: example\r\nAccept: */*\r\n\r\n");
    BOOST_TEST(socket.is_closed_by_peer());
  }
  {
    const Socket socket(connect_to(a.links->port()));
    FrameHeader header;
    header.type = FrameType::hello;
    header.body_bytes = 0xFFFFFFF8U;
    socket.send(frame_bytes(header));
    BOOST_TEST(socket.is_closed_by_peer());
  }
  {
    const Socket socket(connect_to(a.links->port()));
    socket.send(frame_of(FrameType::hello, std::string(64, '\xff')));
    BOOST_TEST(socket.is_closed_by_peer());
  }
  {
    const Socket socket(connect_to(a.links->port()));
    socket.send(hello_frame(raw_id, "raw", Channel::control).substr(0, 50));
  }
  BOOST_TEST(eventually([&] { return a.links->refused_count() >= 4; }));
  BOOST_TEST(a.is_linked(b.self()));
  BOOST_TEST(a.probe(b.self(), 1));
  BOOST_TEST(b.inbox->wait_count(1));
}

BOOST_AUTO_TEST_CASE(an_oversize_frame_after_the_hello_ends_the_link_without_being_read) {
  TestNode a(plain_options("a"));
  const auto control = introduce(a, raw_id, Channel::control);
  FrameHeader header;
  header.epoch = 1;
  header.body_bytes = limits::frame_bytes_max + 8;
  control->send(frame_bytes(header));
  BOOST_TEST(control->is_closed_by_peer());
  BOOST_TEST(
      a.status_of(NodeId{raw_id}).last_error.find("bytes, allowed are") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(frames_of_another_epoch_and_damaged_messages_are_dropped) {
  TestNode a(plain_options("a"));
  const auto control = introduce(a, raw_id, Channel::control);
  msg::Probe probe;
  probe.sequence = 1;
  const std::string body(encode_message(probe));
  FrameHeader header;
  header.kind = kind_of(probe);
  header.to_kind = static_cast<std::uint8_t>(msg::ActorKind::membership);
  header.body_bytes = static_cast<std::uint32_t>(body.size());
  header.epoch = 9;
  control->send(frame_bytes(header, body));
  header.epoch = 1;
  header.kind = 1;  // unknown
  control->send(frame_bytes(header, body));
  header.kind = kind_of(probe);
  control->send(frame_bytes(header, std::string(body.size(), '\xff')));
  header.to_kind = static_cast<std::uint8_t>(msg::ActorKind::links);  // not for strangers
  control->send(frame_bytes(header, body));
  header.to_kind = static_cast<std::uint8_t>(msg::ActorKind::membership);
  control->send(frame_bytes(header, body));
  BOOST_TEST(a.inbox->wait_count(1));
  BOOST_TEST(a.status_of(NodeId{raw_id}).frames_stale == 1U);
  BOOST_TEST(a.status_of(NodeId{raw_id}).messages_undecodable == 2U);
  BOOST_TEST(a.status_of(NodeId{raw_id}).messages_forbidden == 1U);
  BOOST_TEST(a.inbox->all().size() == 1U);
  BOOST_TEST(a.inbox->all()[0]->from.node == raw_id);
}

BOOST_AUTO_TEST_CASE(what_belongs_to_one_node_does_not_come_in_from_another) {
  TestNode a(plain_options("a"));
  const auto control = introduce(a, raw_id, Channel::control);
  msg::ChildExited exited;
  exited.reason = "forged";
  const std::vector<msg::Message> forged{
      msg::StopChild{},
      msg::Inject{"crash"},
      exited,
      msg::LogAppended{1, 1},
      msg::StateFlushed{},
      msg::StateInstalled{},
      msg::GroupRecovered{},
      msg::Tick{}};
  for (const msg::Message& message : forged) {
    control->send(message_frame(message, msg::ActorKind::replica, 7));
  }
  control->send(message_frame(msg::ShardReply{}, msg::ActorKind::client));  // not by its router
  control->send(message_frame(msg::Heartbeat{}, msg::ActorKind::replica, 7));
  BOOST_TEST(a.replica->wait_count(1));
  BOOST_TEST(a.replica->all().size() == 1U);
  BOOST_TEST(a.status_of(NodeId{raw_id}).messages_forbidden == forged.size() + 1);
}

BOOST_AUTO_TEST_CASE(nothing_behind_the_frame_that_ends_a_connection_is_taken) {
  TestNode a(plain_options("a"));
  const auto control = introduce(a, raw_id, Channel::control);
  FrameHeader hello;
  hello.type = FrameType::hello;
  hello.epoch = 1;
  const std::string before = message_frame(msg::Probe{}, msg::ActorKind::membership);
  const std::string behind = message_frame(msg::Heartbeat{}, msg::ActorKind::replica, 7);
  control->send(before + frame_bytes(hello) + behind);  // one piece: read at once
  BOOST_TEST(control->is_closed_by_peer());
  BOOST_TEST(a.inbox->all().size() == 1U);
  BOOST_TEST(a.replica->all().empty());
}

BOOST_AUTO_TEST_CASE(a_certificate_of_another_ca_is_refused_and_harms_nobody) {
  TestCa ca;
  TestCa other;
  TestNode a(options_of("a", ca));
  TestNode b(options_of("b", ca));
  BOOST_REQUIRE(link_up(a, b));
  LinkOptions options = options_of("stranger", ca);
  options.tls = other.files("stranger");
  TestNode stranger(options);
  stranger.links->connect_seed(a.address());
  stranger.links->set_peers({a.info()});
  BOOST_TEST(eventually([&] {
    return stranger.status_of(a.self()).last_error.find("certificate") != std::string::npos;
  }));
  // The other direction: a node that trusts the stranger's CA only on one side.
  TlsFiles mixed = other.files("mixed");
  mixed.ca = ca.files("a").ca;
  options = options_of("mixed", ca);
  options.tls = mixed;
  TestNode half(options);
  const std::uint64_t refused = a.links->refused_count();
  half.links->connect_seed(a.address());
  BOOST_TEST(eventually([&] { return a.links->refused_count() > refused; }));
  BOOST_TEST(!a.is_linked(half.self()));
  BOOST_TEST(a.is_linked(b.self()));
  BOOST_TEST(a.probe(b.self(), 1));
  BOOST_TEST(b.inbox->wait_count(1));
}

BOOST_AUTO_TEST_CASE(a_certificate_for_another_name_is_refused_and_told_why) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  LinkOptions options = options_of("b", ca);
  options.tls = ca.files("c");
  TestNode impostor(options);
  impostor.links->set_peers({a.info()});
  BOOST_TEST(eventually([&] {
    return impostor.status_of(a.self()).last_error.find("is for another name") != std::string::npos;
  }));
  BOOST_TEST(a.links->status().empty());
}

BOOST_AUTO_TEST_CASE(a_certificate_covers_no_other_nodes_id) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  TestNode b(options_of("b", ca));
  LinkOptions options = options_of("c", ca);
  options.own.node = b.options.own.node;
  TestNode impostor(options);
  const auto is_told = [](TestNode& node, NodeId peer) {
    return node.status_of(peer).last_error.find("not the id of that name") != std::string::npos;
  };
  impostor.links->set_peers({a.info()});  // it dials, and is refused
  BOOST_TEST(eventually([&] { return is_told(impostor, a.self()); }));
  BOOST_TEST(a.links->refused_count() > 0U);
  a.links->set_peers({impostor.info()});  // it answers, and is hung up on
  BOOST_TEST(eventually([&] { return is_told(a, b.self()); }));
  BOOST_TEST(!a.is_linked(b.self()));
  BOOST_TEST(link_up(a, b));
}

BOOST_AUTO_TEST_CASE(plain_text_at_a_tls_listener_is_refused_and_the_other_way_round) {
  TestCa ca;
  TestNode a(options_of("a", ca));
  const Socket socket(connect_to(a.links->port()));
  socket.send(hello_frame(raw_id, "raw", Channel::control));
  BOOST_TEST(socket.is_closed_by_peer());
  TestNode plain(plain_options("p"));
  a.links->set_peers({plain.info()});
  BOOST_TEST(eventually([&] { return !a.status_of(plain.self()).last_error.empty(); }));
  BOOST_TEST(!a.is_linked(plain.self()));
}

BOOST_AUTO_TEST_CASE(plain_text_needs_an_explicit_yes) {
  LinkOptions options = plain_options("a");
  options.allows_plaintext = false;
  EventLoop loop("test");
  Directory directory(NodeId{options.own.node});
  const auto started = Links::start(loop, directory, options);
  BOOST_REQUIRE(!started.ok());
  BOOST_TEST((started.error().code == Code::refused_to_protect));
}

BOOST_AUTO_TEST_CASE(a_taken_port_is_an_error_that_names_it) {
  TestNode a(plain_options("a"));
  LinkOptions options = plain_options("b");
  options.listen_address = a.address();
  EventLoop loop("test");
  Directory directory(NodeId{options.own.node});
  const auto started = Links::start(loop, directory, options);
  BOOST_REQUIRE(!started.ok());
  BOOST_TEST(
      started.error().detail == "cannot listen on " + a.address() + ": Address already in use");
}

BOOST_AUTO_TEST_SUITE_END()
