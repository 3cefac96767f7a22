// SPDX-License-Identifier: Apache-2.0
// What a gateway answers by itself, and walks over the key space.
#include "gateway/cluster_info.hpp"
#include "gateway/glob.hpp"
#include "tests/gateway/harness.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <set>

using namespace harka;
using namespace harka::gateway;
using harka::testing::Harness;

namespace {

struct GlobCase {
  const char* pattern;
  const char* text;
  bool matches;
};

std::ostream& operator<<(std::ostream& out, const GlobCase& given) {
  return out << given.pattern << " on " << given.text;
}

const GlobCase glob_cases[] = {
    {"*", "", true},
    {"*", "any", true},
    {"h?llo", "hello", true},
    {"h?llo", "hllo", false},
    {"h*llo", "heeello", true},
    {"h[ae]llo", "hallo", true},
    {"h[^e]llo", "hello", false},
    {"h[a-c]llo", "hbllo", true},
    {"h[c-a]llo", "hbllo", true},
    {"a\\*b", "a*b", true},
    {"a\\*b", "axb", false},
    {"*a*b", "xxaxxb", true},
    {"*a*b", "xxaxxbc", false},
    {"[", "[", false},
    {"a[b", "ab", true},
    {"", "", true},
    {"", "a", false},
    {"**", "", true},
};

Options with_password() {
  Options options = testing::default_options();
  options.password = "secret";
  return options;
}

/// All keys that SCAN returns from cursor 0 to cursor 0.
std::multiset<std::string> scan_all(
    Harness& harness, RespSession& client, const std::string& more) {
  std::multiset<std::string> keys;
  std::string cursor = "0";
  for (int round = 0; round < 1000; ++round) {
    std::string reply = harness.send(client, "SCAN " + cursor + more + "\n");
    std::vector<std::string> lines;
    for (std::size_t end = 0; (end = reply.find("\r\n")) != std::string::npos;) {
      lines.push_back(reply.substr(0, end));
      reply.erase(0, end + 2);
    }
    BOOST_REQUIRE(lines.size() >= 4);
    cursor = lines[2];
    for (std::size_t i = 5; i < lines.size(); i += 2) keys.insert(lines[i]);
    if (cursor == "0") return keys;
  }
  BOOST_FAIL("SCAN does not end");
  return keys;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(commands)

BOOST_DATA_TEST_CASE(patterns_match_as_in_redis, glob_cases) {
  BOOST_TEST(glob_matches(sample.pattern, sample.text) == sample.matches);
}

BOOST_AUTO_TEST_CASE(a_costly_pattern_is_answered_at_once) {
  const std::string text(10000, 'a');
  BOOST_TEST(!glob_matches("a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

BOOST_AUTO_TEST_CASE(a_stranger_may_only_authenticate) {
  Harness harness(with_password());
  RespSession& client = harness.connect();
  BOOST_TEST(harness.send(client, "GET a\n") == "-NOAUTH Authentication required.\r\n");
  BOOST_TEST(harness.send(client, "PING\n") == "-NOAUTH Authentication required.\r\n");
  BOOST_TEST(harness.send(client, "AUTH wrong\n").starts_with("-WRONGPASS"));
  BOOST_TEST(harness.send(client, "HELLO 3\n").starts_with("-NOAUTH HELLO"));
  BOOST_TEST(harness.send(client, "HELLO 3 AUTH other secret\n").starts_with("-WRONGPASS"));
  BOOST_TEST(harness.send(client, "AUTH secret\n") == "+OK\r\n");
  BOOST_TEST(harness.send(client, "GET a\n") == "$-1\r\n");
  BOOST_TEST(harness.send(client, "RESET\n") == "+RESET\r\n");
  BOOST_TEST(harness.send(client, "GET a\n") == "-NOAUTH Authentication required.\r\n");
}

BOOST_AUTO_TEST_CASE(hello_changes_the_protocol) {
  Harness harness;
  RespSession& client = harness.connect();
  BOOST_TEST(harness.send(client, "HELLO 3 SETNAME me\n").starts_with("%7\r\n$6\r\nserver\r\n"));
  BOOST_TEST(harness.send(client, "GET none\n") == "_\r\n");
  BOOST_TEST(harness.send(client, "CLIENT GETNAME\n") == "$2\r\nme\r\n");
  BOOST_TEST(harness.send(client, "HELLO 2\n").starts_with("*14\r\n"));
  BOOST_TEST(harness.send(client, "HELLO 4\n") == "-NOPROTO unsupported protocol version\r\n");
}

BOOST_AUTO_TEST_CASE(cluster_lists_every_leading_node_as_a_master_of_joined_ranges) {
  ClusterView view = testing::view_of_one(4);
  view.leaders = {NodeId{1}, NodeId{1}, NodeId{2}, NodeId{1}};
  const std::vector<LedRange> ranges = led_ranges(view);
  BOOST_REQUIRE_EQUAL(ranges.size(), 3U);
  BOOST_TEST((ranges[0].slots == routing::SlotRange{0, 8192}));
  const std::string nodes = cluster_nodes_text(view, 5);
  BOOST_TEST(
      nodes.find("127.0.0.1:7401@7400 myself,master - 0 0 7 connected 0-8191 12288-16383\n") !=
      std::string::npos);
  BOOST_TEST(
      nodes.find("127.0.0.1:7411@7410 master - 0 5 7 connected 8192-12287\n") != std::string::npos);
  BOOST_TEST(nodes.find("7421") == std::string::npos);  // leads nothing
  BOOST_TEST(nodes.find("slave") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_shard_without_leader_fails_the_cluster) {
  ClusterView view = testing::view_of_one(4);
  BOOST_TEST(cluster_info_text(view).find("cluster_state:ok\r\n") != std::string::npos);
  view.leaders[2] = NodeId{};
  const std::string info = cluster_info_text(view);
  BOOST_TEST(info.find("cluster_state:fail\r\n") != std::string::npos);
  BOOST_TEST(info.find("cluster_slots_ok:12288\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(node_ids_are_stable_and_distinct) {
  BOOST_TEST(redis_node_id(NodeId{1}).size() == 40U);
  BOOST_TEST(redis_node_id(NodeId{1}) == redis_node_id(NodeId{1}));
  BOOST_TEST(redis_node_id(NodeId{1}) != redis_node_id(NodeId{2}));
}

BOOST_AUTO_TEST_CASE(scan_returns_every_key_once_while_nothing_changes) {
  Harness harness;
  RespSession& client = harness.connect();
  std::multiset<std::string> expected;
  for (int i = 0; i < 300; ++i) {
    harness.send(client, "SET key" + std::to_string(i) + " v\n");
    expected.insert("key" + std::to_string(i));
  }
  BOOST_TEST((scan_all(harness, client, "") == expected));
  BOOST_TEST((scan_all(harness, client, " COUNT 1000") == expected));
  BOOST_TEST(scan_all(harness, client, " MATCH key1?").size() == 10U);
  BOOST_TEST(scan_all(harness, client, " TYPE list").empty());
  BOOST_TEST(harness.send(client, "DBSIZE\n") == ":300\r\n");
  BOOST_TEST(harness.send(client, "KEYS key29?\n").starts_with("*10\r\n"));
}

BOOST_AUTO_TEST_CASE(walks_cover_only_the_shards_led_here) {
  Harness harness;
  RespSession& client = harness.connect();
  for (int i = 0; i < 100; ++i) harness.send(client, "SET key" + std::to_string(i) + " v\n");
  ClusterView view = testing::view_of_one();
  for (std::size_t i = 0; i < 5; ++i) view.leaders[i] = NodeId{2};
  harness.service.set_view(view);
  std::size_t here = 0;
  for (std::uint32_t i = 5; i < 10; ++i) here += harness.node.shards[i].records.size();
  BOOST_TEST(harness.send(client, "DBSIZE\n") == ":" + std::to_string(here) + "\r\n");
  BOOST_TEST(scan_all(harness, client, "").size() == here);
}

BOOST_AUTO_TEST_CASE(flushall_removes_everything) {
  Harness harness;
  RespSession& client = harness.connect();
  for (int i = 0; i < 1000; ++i) harness.send(client, "SET key" + std::to_string(i) + " v\n");
  BOOST_TEST(harness.send(client, "FLUSHALL\n") == "+OK\r\n");
  BOOST_TEST(harness.send(client, "DBSIZE\n") == ":0\r\n");
  BOOST_TEST(harness.send(client, "RANDOMKEY\n") == "$-1\r\n");
  harness.send(client, "SET only v\n");
  BOOST_TEST(harness.send(client, "RANDOMKEY\n") == "$4\r\nonly\r\n");
  BOOST_TEST(harness.send(client, "FLUSHALL NOW\n") == "-ERR syntax error\r\n");
}

BOOST_AUTO_TEST_CASE(walks_wait_for_earlier_commands) {
  Harness harness;
  harness.node.answers_at_once = false;
  RespSession& client = harness.connect();
  harness.send(client, "SET {a} 1\nDBSIZE\n");
  BOOST_TEST(!client.wants_input());
  harness.node.answer_all();
  BOOST_TEST(harness.go_on(client) == "+OK\r\n:1\r\n");
}

BOOST_AUTO_TEST_CASE(questions_of_the_command_line_are_passed_on) {
  Harness harness;
  RespSession& client = harness.connect();
  BOOST_TEST(harness.send(client, "HARKA status a b\n") == "*2\r\n:2\r\n$6\r\nstatus\r\n");
}

BOOST_AUTO_TEST_CASE(client_kill_ends_another_connection) {
  Harness harness;
  RespSession& killer = harness.connect();
  RespSession& victim = harness.connect();
  BOOST_TEST(
      harness.send(
          killer, "CLIENT KILL ID " + std::to_string(Service::client_id(victim.id())) + "\n") ==
      ":1\r\n");
  BOOST_TEST(victim.is_closing());
  BOOST_TEST(!killer.is_closing());
}

BOOST_AUTO_TEST_CASE(client_kill_reads_its_filters_as_redis_does) {
  Harness harness;
  RespSession& killer = harness.connect();
  RespSession& victim = harness.connect();
  for (const char* wrong : {"ID", "ID 1 ADDR", "SKIPME maybe ID 1", "NOSUCH 1 ID 1"}) {
    BOOST_TEST(
        harness.send(killer, "CLIENT KILL " + std::string(wrong) + "\n").starts_with("-ERR"));
  }
  BOOST_TEST(
      harness.send(killer, "CLIENT KILL ID 0 SKIPME yes\n") ==
      "-ERR client-id should be greater than 0\r\n");
  BOOST_TEST(
      harness.send(killer, "CLIENT KILL TYPE odd SKIPME yes\n") ==
      "-ERR Unknown client type 'odd'\r\n");
  BOOST_TEST(harness.send(killer, "CLIENT KILL TYPE pubsub SKIPME no\n") == ":0\r\n");
  BOOST_TEST(harness.send(killer, "CLIENT KILL LADDR 127.0.0.1:1 SKIPME yes\n") == ":0\r\n");
  BOOST_TEST(!victim.is_closing());
  BOOST_TEST(harness.send(killer, "CLIENT KILL LADDR 127.0.0.1:7401 TYPE normal\n") == ":1\r\n");
  BOOST_TEST(victim.is_closing());
  BOOST_TEST(!killer.is_closing());
}

BOOST_AUTO_TEST_CASE(uptime_counts_from_the_start_and_not_from_the_first_client) {
  Harness harness;
  harness.service.set_time({Instant{1h} + 90s, 1'700'000'000'000});
  const std::string info = harness.send(harness.connect(), "INFO server\n");
  BOOST_TEST(info.find("\r\nuptime_in_seconds:90\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_set_wall_clock_changes_no_age) {
  Harness harness;
  RespSession& session = harness.connect();
  harness.service.set_time({Instant{1h} + 5s, 1'600'000'000'000});
  const std::string list = harness.send(session, "CLIENT LIST\n");
  BOOST_TEST(list.find(" age=5 idle=5 ") != std::string::npos, list);
  BOOST_TEST(harness.send(session, "LASTSAVE\n") == ":1600000000\r\n");
}

BOOST_AUTO_TEST_CASE(info_states_how_old_a_readonly_answer_may_be) {
  gateway::Options options = testing::default_options();
  options.staleness_max = 250ms;
  Harness harness(options);
  const std::string info = harness.send(harness.connect(), "INFO cluster\n");
  BOOST_TEST(info.find("\r\nreadonly_staleness_max_ms:250\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(command_shows_key_positions_to_clients) {
  Harness harness;
  RespSession& client = harness.connect();
  BOOST_TEST(
      harness.send(client, "COMMAND INFO mset nosuch\n")
          .starts_with(
              "*2\r\n*10\r\n$4\r\nmset\r\n:-3\r\n*2\r\n+write\r\n+denyoom\r\n:1\r\n:-1\r\n:2\r\n"));
  BOOST_TEST(harness.send(client, "COMMAND DOCS get\n").starts_with("*2\r\n$3\r\nget\r\n*6\r\n"));
  BOOST_TEST(
      harness.send(client, "COMMAND GETKEYS MSET a 1 b 2\n") == "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
}

BOOST_AUTO_TEST_SUITE_END()
