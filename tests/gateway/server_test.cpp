// SPDX-License-Identifier: Apache-2.0
// Real sockets on loopback: pieces, floods, limits, ends. Waits are bounded by a receive timeout.
#include "gateway/server.hpp"

#include "gateway/listener.hpp"
#include "tests/gateway/harness.hpp"

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <future>

using namespace harka;
using namespace harka::gateway;

namespace {

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval bound{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    BOOST_REQUIRE(
        ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);  // NOLINT
  }

  ~Client() { ::close(socket_); }

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes) {
    BOOST_REQUIRE(
        ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(bytes.size()));
  }

  /// Exactly so many bytes, or fewer when the server closes.
  std::string read(std::size_t size) {
    std::string got(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const ssize_t count = ::recv(socket_, got.data() + have, size - have, 0);
      if (count <= 0) break;
      have += static_cast<std::size_t>(count);
    }
    got.resize(have);
    return got;
  }

  std::string call(std::string_view bytes, std::size_t size) {
    send(bytes);
    return read(size);
  }

  void end_sending() { ::shutdown(socket_, SHUT_WR); }

 private:
  int socket_;
};

struct Fixture {
  explicit Fixture(Options options = testing::default_options()) : loop("gateway-test") {
    auto started = Server::start(loop, std::move(options), node);
    BOOST_REQUIRE(started.ok());
    server = std::move(started).value();
    loop.run([this] {
      server->service().set_view(testing::view_of_one());
      node.on_reply = [this](std::uint64_t ticket, const msg::ShardReply& reply) {
        server->service().on_reply(ticket, reply);
      };
    });
  }

  ~Fixture() { server->stop(); }

  testing::FakeNode node;
  net::EventLoop loop;
  std::unique_ptr<Server> server;
};

class FailingPort final : public RouterPort {
 public:
  void submit(msg::ShardBatch, std::uint64_t) override { throw Bug("planted"); }

  void scan(const ScanRequest&, std::uint64_t) override {}

  void admin(std::string, std::vector<std::string>, std::uint64_t) override {}
};

Options limited(std::size_t clients_max) {
  Options options = testing::default_options();
  options.clients_max = clients_max;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server)

BOOST_AUTO_TEST_CASE(commands_may_come_in_any_pieces) {
  Fixture fixture;
  Client client(fixture.server->port());
  for (const char c : std::string_view("*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n")) {
    client.send(std::string_view(&c, 1));
  }
  BOOST_TEST(client.read(8) == "$2\r\nhi\r\n");
}

BOOST_AUTO_TEST_CASE(a_large_value_goes_in_and_out) {
  Fixture fixture;
  Client client(fixture.server->port());
  const std::string value(5'000'000, 'v');
  const std::string bulk = "$5000000\r\n" + value + "\r\n";
  BOOST_TEST(client.call("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n" + bulk, 5) == "+OK\r\n");
  BOOST_TEST((client.call("GET k\r\n", bulk.size()) == bulk));
}

BOOST_AUTO_TEST_CASE(a_client_that_reads_late_gets_everything) {
  Fixture fixture;
  Client client(fixture.server->port());
  const std::string value(100'000, 'v');
  client.call("SET k " + value.substr(0, 60'000) + "\r\n", 5);
  std::string flood;
  for (int i = 0; i < 2000; ++i) flood += "GET k\r\n";
  client.send(flood);  // 120 MB of replies: far more than is kept for one connection
  const std::size_t reply = 8 + 60'000 + 2;
  for (int i = 0; i < 2000; ++i) BOOST_REQUIRE_EQUAL(client.read(reply).size(), reply);
  BOOST_TEST(client.call("PING\r\n", 7) == "+PONG\r\n");
}

BOOST_AUTO_TEST_CASE(commands_kept_behind_a_full_output_go_on_once_it_is_sent) {
  Options options = testing::default_options();
  options.output_bytes_max = 1;  // each reply fills it
  Fixture fixture(options);
  Client client(fixture.server->port());
  client.call("SET k v\r\n", 5);
  for (int pings = 1; pings < 40; ++pings) {  // also more than one turn takes
    std::string commands;
    std::string replies;
    for (int i = 0; i < pings; ++i) {
      commands += "PING\r\n";
      replies += "+PONG\r\n";
    }
    BOOST_REQUIRE(
        client.call(commands + "GET k\r\n", replies.size() + 7) == replies + "$1\r\nv\r\n");
  }
}

BOOST_AUTO_TEST_CASE(a_malformed_request_harms_no_other_connection) {
  Fixture fixture;
  Client good(fixture.server->port());
  Client bad(fixture.server->port());
  BOOST_TEST(bad.call("*1\r\n:\r\n", 1000).starts_with("-ERR Protocol error"));
  BOOST_TEST(good.call("PING\r\n", 7) == "+PONG\r\n");
}

BOOST_AUTO_TEST_CASE(what_was_sent_before_the_end_is_answered) {
  Fixture fixture;
  Client client(fixture.server->port());
  client.send("SET k 1\r\nGET k\r\n");
  client.end_sending();
  BOOST_TEST(client.read(1000) == "+OK\r\n$1\r\n1\r\n");
}

BOOST_AUTO_TEST_CASE(answers_from_other_threads_are_sent) {
  Fixture fixture;
  fixture.loop.run([&] { fixture.node.answers_at_once = false; });
  Client client(fixture.server->port());
  client.send("SET k 1\r\n");
  for (bool is_held = false; !is_held;) {
    fixture.loop.run([&] { is_held = !fixture.node.held.empty(); });
  }
  fixture.loop.post([&] { fixture.node.answer_all(); });
  BOOST_TEST(client.read(5) == "+OK\r\n");
}

BOOST_AUTO_TEST_CASE(too_many_clients_are_told_so) {
  Fixture fixture(limited(1));
  Client first(fixture.server->port());
  BOOST_TEST(first.call("PING\r\n", 7) == "+PONG\r\n");
  Client second(fixture.server->port());
  BOOST_TEST(second.read(1000) == "-ERR max number of clients reached\r\n");
  BOOST_TEST(first.call("PING\r\n", 7) == "+PONG\r\n");
}

BOOST_AUTO_TEST_CASE(a_bug_in_a_turn_fails_the_loop_instead_of_leaving_its_clients_unanswered) {
  std::promise<std::string> failure;
  net::EventLoop loop(
      "gateway-test", [&failure](const std::string& what) { failure.set_value(what); });
  FailingPort port;
  auto started = Server::start(loop, testing::default_options(), port);
  BOOST_REQUIRE(started.ok());
  loop.run([&] { started.value()->service().set_view(testing::view_of_one()); });
  Client client(started.value()->port());
  client.send("GET k\r\n");
  std::future<std::string> what = failure.get_future();
  BOOST_REQUIRE((what.wait_for(10s) == std::future_status::ready));
  BOOST_TEST(what.get().find("planted") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_port_in_use_is_an_error_that_names_it) {
  Fixture fixture;
  Options options = testing::default_options();
  options.port = fixture.server->port();
  const Result<Listening> second = open_listener(options);
  BOOST_REQUIRE(!second.ok());
  BOOST_TEST((second.error().code == Code::io_failed));
  BOOST_TEST(second.error().detail.find(std::to_string(options.port)) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(beyond_loopback_tls_and_a_password_are_required) {
  Options options = testing::default_options();
  options.host = "0.0.0.0";
  const Result<Listening> open = open_listener(options);
  BOOST_REQUIRE(!open.ok());
  BOOST_TEST((open.error().code == Code::refused_to_protect));
}

BOOST_AUTO_TEST_CASE(an_unusable_certificate_is_named) {
  net::EventLoop loop("gateway-test");
  testing::FakeNode node;
  Options options = testing::default_options();
  options.tls_certificate = "/nonexistent.pem";
  options.tls_key = "/nonexistent.key";
  const auto started = Server::start(loop, options, node);
  BOOST_REQUIRE(!started.ok());
  BOOST_TEST(started.error().detail.find("/nonexistent.pem") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
