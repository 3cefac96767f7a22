// SPDX-License-Identifier: Apache-2.0
// Order of replies and effects, batches, refusals.
#include "tests/gateway/harness.hpp"

#include <boost/test/unit_test.hpp>

using namespace harka;
using namespace harka::gateway;
using harka::testing::Harness;

namespace {

// Slots: {a} 15495, {b} 3300, {c} 7365 → shards 9, 2, 4 of 10.
msg::ShardReply refusal(msg::BatchOutcome outcome, std::uint64_t leader = 0) {
  msg::ShardReply reply;
  reply.outcome = outcome;
  reply.leader = leader;
  return reply;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(session)

BOOST_AUTO_TEST_CASE(a_pipeline_becomes_one_batch_a_shard_and_lane) {
  Harness harness;
  harness.node.answers_at_once = false;
  RespSession& client = harness.connect();
  harness.send(client, "GET {a}1\nGET {a}2\nGET {b}1\nGET {a}3\n");
  BOOST_REQUIRE_EQUAL(harness.node.held.size(), 2U);
  BOOST_TEST(harness.node.held[0].batch.count == 3U);
  BOOST_TEST(harness.node.held[0].batch.writes == 0U);
  BOOST_TEST(harness.node.held[1].batch.shard == 2U);
}

BOOST_AUTO_TEST_CASE(connections_share_a_batch) {
  Harness harness;
  harness.node.answers_at_once = false;
  RespSession& first = harness.connect();
  RespSession& second = harness.connect();
  (void)first.feed("SET {a} 1\n");
  (void)second.feed("SET {a} 2\n");
  harness.service.submit_all();
  BOOST_REQUIRE_EQUAL(harness.node.held.size(), 1U);
  BOOST_TEST(harness.node.held[0].batch.writes == 2U);
  harness.node.answer_all();
  BOOST_TEST(Harness::read(first) == "+OK\r\n");
  BOOST_TEST(Harness::read(second) == "+OK\r\n");
}

BOOST_AUTO_TEST_CASE(replies_keep_the_order_of_commands) {
  Harness harness;
  harness.node.answers_at_once = false;
  RespSession& client = harness.connect();
  harness.send(client, "SET {a} 1\nSET {b} 2\nPING\nSET {c} 3\n");
  BOOST_REQUIRE_EQUAL(harness.node.held.size(), 3U);
  const auto a = harness.node.held[0];
  const auto b = harness.node.held[1];
  const auto c = harness.node.held[2];
  harness.service.on_reply(c.ticket, refusal(msg::BatchOutcome::retry_later));
  harness.service.on_reply(b.ticket, refusal(msg::BatchOutcome::not_leader, 2));
  BOOST_TEST(Harness::read(client).empty());
  harness.service.on_reply(a.ticket, harness.node.execute(a.batch));
  BOOST_TEST(
      Harness::read(client) ==
      "+OK\r\n-MOVED 3300 127.0.0.1:7411\r\n+PONG\r\n-CLUSTERDOWN The cluster is down\r\n");
}

BOOST_AUTO_TEST_CASE(a_read_behind_a_write_is_marked_to_run_after_it) {
  Harness harness;
  harness.node.answers_at_once = false;
  RespSession& client = harness.connect();
  harness.send(client, "SET {a} 1\nGET {a}\n");
  BOOST_REQUIRE_EQUAL(harness.node.held.size(), 1U);
  const auto shape = kv::check_batch(harness.node.held[0].batch.commands.view());
  BOOST_REQUIRE(shape.has_value());
  BOOST_TEST(shape->has_after_writes);
  harness.node.answer_all();
  BOOST_TEST(Harness::read(client) == "+OK\r\n$1\r\n1\r\n");
}

BOOST_AUTO_TEST_CASE(a_write_behind_a_plain_read_waits_for_it) {
  Harness harness;
  harness.node.answers_at_once = false;
  RespSession& client = harness.connect();
  harness.send(client, "GET {a}\nSET {a} 1\nGET {a}\n");
  BOOST_TEST(harness.node.held.size() == 1U);
  BOOST_TEST(!client.wants_input());
  harness.node.answer_all();
  BOOST_TEST(client.wants_input());
  harness.go_on(client);
  harness.node.answer_all();
  BOOST_TEST(Harness::read(client) == "+OK\r\n$1\r\n1\r\n");
}

BOOST_AUTO_TEST_CASE(reads_of_others_do_not_join_writes) {
  Harness harness;
  harness.node.answers_at_once = false;
  RespSession& writer = harness.connect();
  RespSession& reader = harness.connect();
  (void)writer.feed("SET {a} 1\n");
  (void)reader.feed("GET {a}\n");
  harness.service.submit_all();
  BOOST_REQUIRE_EQUAL(harness.node.held.size(), 2U);
  BOOST_TEST(harness.node.held[0].batch.writes == 1U);
  BOOST_TEST(harness.node.held[1].batch.writes == 0U);
}

BOOST_AUTO_TEST_CASE(stale_reads_never_go_back_in_time) {
  Harness harness;
  RespSession& client = harness.connect();
  harness.node.applied = 41;
  BOOST_TEST(harness.send(client, "READONLY\nGET {a}\n") == "+OK\r\n$-1\r\n");
  harness.node.answers_at_once = false;
  harness.send(client, "GET {a}\n");
  BOOST_REQUIRE_EQUAL(harness.node.held.size(), 1U);
  BOOST_TEST(harness.node.held[0].batch.stale_reads);
  BOOST_TEST(harness.node.held[0].batch.min_index == 42U);
}

BOOST_AUTO_TEST_CASE(after_readonly_a_connection_still_sees_what_it_wrote_before) {
  Harness harness;
  RespSession& client = harness.connect();
  harness.node.applied = 41;
  harness.send(client, "SET {a} 1\n");
  harness.send(client, "READONLY\n");
  harness.node.answers_at_once = false;
  harness.send(client, "GET {a}\n");
  BOOST_REQUIRE_EQUAL(harness.node.held.size(), 1U);
  BOOST_TEST(harness.node.held[0].batch.stale_reads);
  BOOST_TEST(harness.node.held[0].batch.min_index == 42U);
}

BOOST_AUTO_TEST_CASE(what_was_seen_counts_again_when_readonly_is_given_again) {
  Harness harness;
  RespSession& client = harness.connect();
  harness.send(client, "READONLY\n");
  harness.send(client, "READWRITE\n");
  harness.node.applied = 41;
  harness.send(client, "SET {a} 1\n");
  harness.send(client, "READONLY\n");
  harness.node.answers_at_once = false;
  harness.send(client, "GET {a}\n");
  BOOST_REQUIRE_EQUAL(harness.node.held.size(), 1U);
  BOOST_TEST(harness.node.held[0].batch.min_index == 42U);
}

BOOST_AUTO_TEST_CASE(an_unknown_outcome_is_told_for_writes_only) {
  Harness harness;
  harness.node.answers_at_once = false;
  RespSession& client = harness.connect();
  harness.send(client, "SET {a} 1\nGET {a}\n");
  harness.service.on_reply(harness.node.held[0].ticket, refusal(msg::BatchOutcome::unknown));
  const std::string replies = Harness::read(client);
  BOOST_TEST(replies.starts_with("-UNKNOWN "));
  BOOST_TEST(replies.ends_with("-CLUSTERDOWN The cluster is down\r\n"));
}

BOOST_AUTO_TEST_CASE(an_answer_that_does_not_fit_its_batch_is_an_unknown_outcome) {
  Harness harness;
  harness.node.answers_at_once = false;
  RespSession& client = harness.connect();
  harness.send(client, "SET {a} 1\n");
  msg::ShardReply reply = harness.node.execute(harness.node.held[0].batch);
  reply.lengths.push_back(3);
  harness.service.on_reply(harness.node.held[0].ticket, reply);
  BOOST_TEST(Harness::read(client).starts_with("-UNKNOWN "));
}

BOOST_AUTO_TEST_CASE(answers_for_closed_connections_are_dropped) {
  Harness harness;
  harness.node.answers_at_once = false;
  RespSession& client = harness.connect();
  harness.send(client, "SET {a} 1\n");
  harness.service.close(client.id());
  RespSession& next = harness.connect();  // in the same slot
  harness.node.answer_all();
  BOOST_TEST(Harness::read(next).empty());
  harness.service.on_reply(12345, refusal(msg::BatchOutcome::retry_later));
}

BOOST_AUTO_TEST_CASE(input_stops_when_too_much_is_in_flight) {
  Options options = testing::default_options();
  options.replies_pending_max = 4;
  Harness harness(options);
  harness.node.answers_at_once = false;
  RespSession& client = harness.connect();
  harness.send(client, "GET {a}\nGET {a}\nGET {a}\nGET {a}\nGET {a}\nGET {a}\n");
  BOOST_TEST(harness.node.held[0].batch.count == 4U);
  BOOST_TEST(!client.wants_input());
  harness.node.answer_all();
  harness.go_on(client);
  BOOST_TEST(harness.node.held[0].batch.count == 2U);
}

BOOST_AUTO_TEST_CASE(few_commands_are_in_flight_when_replies_are_long) {
  Harness harness;
  RespSession& client = harness.connect();
  harness.node.shards[9].put("{a}", kv::Record{SharedBytes(std::string(1 << 20, 'v')), 0});
  harness.send(client, "GET {a}\n");
  harness.node.answers_at_once = false;
  std::string many;
  for (int i = 0; i < 100; ++i) many += "GET {a}\n";
  harness.send(client, many);
  BOOST_REQUIRE_EQUAL(harness.node.held.size(), 1U);
  BOOST_TEST(harness.node.held[0].batch.count <= 8U);
}

BOOST_AUTO_TEST_CASE(keys_of_two_slots_are_refused) {
  Harness harness;
  RespSession& client = harness.connect();
  BOOST_TEST(
      harness.send(client, "MGET {a}1 {b}1\n") ==
      "-CROSSSLOT Keys in request don't hash to the same slot\r\n");
  BOOST_TEST(harness.send(client, "MGET {a}1 {a}2\n") == "*2\r\n$-1\r\n$-1\r\n");
}

BOOST_AUTO_TEST_CASE(without_a_cluster_no_key_is_served) {
  Harness harness;
  harness.service.set_view(ClusterView{});
  RespSession& client = harness.connect();
  BOOST_TEST(harness.send(client, "GET a\n") == "-CLUSTERDOWN Hash slot not served\r\n");
  BOOST_TEST(harness.send(client, "PING\n") == "+PONG\r\n");
}

BOOST_AUTO_TEST_CASE(a_malformed_request_ends_the_connection_after_its_error) {
  Harness harness;
  RespSession& client = harness.connect();
  BOOST_TEST(
      harness.send(client, "*1\r\n:1\r\n") == "-ERR Protocol error: expected '$', got ':'\r\n");
  BOOST_TEST(client.is_closing());
}

BOOST_AUTO_TEST_SUITE_END()
