// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/connection.hpp"

#include "tests/runtime/net/link_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <string>

using namespace harka;
using namespace harka::net;
using namespace harka::net::test;

namespace {

std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24U);
  }
  return bytes;
}

// Two ends of one connection on a loop; everything that touches them runs there.
class Pair {
 public:
  explicit Pair(const NodeTls* tls_a, const NodeTls* tls_b) {
    int ends[2];
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    loop_.run([&] {
      a = make(ends[0], tls_a, TlsRole::dials);
      b = make(ends[1], tls_b, TlsRole::listens);
    });
  }

  ~Pair() {
    loop_.run([&] {
      a.reset();
      b.reset();
    });
  }

  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  void on_loop(const std::function<void()>& task) { loop_.run(task); }

  /// What the promise failed with; empty when it did not.
  std::string wait(const std::function<kj::Promise<void>()>& begin) {
    std::promise<std::string> outcome;
    loop_.post([&] {
      loop_.kj().tasks.add(begin().then(
          [&] { outcome.set_value(""); },
          [&](kj::Exception&& exception) { outcome.set_value(describe(exception)); }));
    });
    return outcome.get_future().get();
  }

  std::string secure() {
    return wait([&] { return kj::joinPromises(both(a->secure(), b->secure())); });
  }

  static kj::Promise<void> send(Connection& from) {
    from.flush();
    if (from.unsent() == 0) return kj::READY_NOW;
    return from.when_writable().then([&from] { return send(from); });
  }

  static kj::Promise<void> receive(Connection& at, std::string& into, std::size_t count) {
    char piece[5000];
    while (into.size() < count) {
      const std::size_t got = at.read(piece, sizeof piece);
      into.append(piece, got);
      if (!at.is_open()) return failure(at.end_reason());
      if (got == 0) {
        return at.when_readable().then([&at, &into, count] { return receive(at, into, count); });
      }
    }
    return kj::READY_NOW;
  }

  static kj::Array<kj::Promise<void>> both(kj::Promise<void> one, kj::Promise<void> other) {
    auto pair = kj::heapArrayBuilder<kj::Promise<void>>(2);
    pair.add(kj::mv(one));
    pair.add(kj::mv(other));
    return pair.finish();
  }

  std::unique_ptr<Connection> a;
  std::unique_ptr<Connection> b;

 private:
  std::unique_ptr<Connection> make(int socket, const NodeTls* tls, TlsRole role) {
    auto stream = loop_.kj().io.lowLevelProvider->wrapSocketFd(
        socket, kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP);
    return std::make_unique<Connection>(loop_.kj(), kj::mv(stream), tls, role);
  }

  EventLoop loop_{"test"};
};

struct Fixture {
  TestCa ca;
  std::unique_ptr<NodeTls> tls_a = NodeTls::make(ca.files("a"), 3).value();
  std::unique_ptr<NodeTls> tls_b = NodeTls::make(ca.files("b")).value();
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(connection, Fixture)

BOOST_AUTO_TEST_CASE(bytes_arrive_in_order_both_ways_and_keys_are_renewed) {
  for (const bool has_tls : {false, true}) {
    Pair pair(has_tls ? tls_a.get() : nullptr, has_tls ? tls_b.get() : nullptr);
    BOOST_REQUIRE(pair.secure().empty());
    const std::string sent = noise(3'000'000);
    std::string heard_a;
    std::string heard_b;
    const std::string failed = pair.wait([&] {
      // In pieces, so that records and keys change within the stream.
      for (std::size_t at = 0; at < sent.size(); at += 100'000) {
        pair.a->write(std::string_view(sent).substr(at, 100'000));
        pair.b->write(std::string_view(sent).substr(at, 100'000));
      }
      return kj::joinPromises(Pair::both(
          kj::joinPromises(Pair::both(Pair::send(*pair.a), Pair::send(*pair.b))),
          kj::joinPromises(Pair::both(
              Pair::receive(*pair.a, heard_a, sent.size()),
              Pair::receive(*pair.b, heard_b, sent.size())))));
    });
    BOOST_TEST(failed.empty(), failed);
    BOOST_TEST((heard_a == sent));
    BOOST_TEST((heard_b == sent));
    BOOST_TEST(pair.a->keys_renewed() == (has_tls ? 29U : 0U));
    BOOST_TEST(pair.b->keys_renewed() == 0U);
  }
}

BOOST_AUTO_TEST_CASE(names_come_from_certificates) {
  Pair pair(tls_a.get(), tls_b.get());
  BOOST_REQUIRE(pair.secure().empty());
  BOOST_TEST(pair.a->peer_name() == "b");
  BOOST_TEST(pair.b->peer_name() == "a");
}

BOOST_AUTO_TEST_CASE(what_came_before_the_end_is_read_before_the_end_is_told) {
  for (const bool has_tls : {false, true}) {
    Pair pair(has_tls ? tls_a.get() : nullptr, has_tls ? tls_b.get() : nullptr);
    BOOST_REQUIRE(pair.secure().empty());
    pair.on_loop([&] {
      pair.a->write("the last words");
      pair.a.reset();  // sends them
    });
    std::string heard;
    const std::string failed = pair.wait([&] { return Pair::receive(*pair.b, heard, 100); });
    BOOST_TEST(heard == "the last words");
    BOOST_TEST(failed == "the peer closed the connection");
  }
}

BOOST_AUTO_TEST_CASE(what_the_socket_does_not_take_waits_and_only_that) {
  Pair pair(nullptr, nullptr);
  const std::string sent = noise(5'000'000);
  std::string heard;
  pair.on_loop([&] {
    pair.a->write(sent);
    pair.a->flush();
    BOOST_TEST(pair.a->unsent() > 0U);
    BOOST_TEST(pair.a->unsent() < sent.size());
  });
  const std::string failed = pair.wait([&] {
    return kj::joinPromises(
        Pair::both(Pair::send(*pair.a), Pair::receive(*pair.b, heard, sent.size())));
  });
  BOOST_TEST(failed.empty(), failed);
  BOOST_TEST((heard == sent));
}

BOOST_AUTO_TEST_CASE(a_handshake_with_another_ca_fails_on_both_sides_with_a_reason) {
  const TestCa other;
  const auto stranger = NodeTls::make(other.files("b")).value();
  Pair pair(tls_a.get(), stranger.get());
  const std::string at_dialer = pair.wait([&] {
    auto secured = pair.b->secure().then([] {}, [](kj::Exception&&) {});
    return kj::joinPromises(Pair::both(pair.a->secure(), kj::mv(secured)));
  });
  BOOST_TEST(at_dialer.find("certificate verify failed") != std::string::npos);
  pair.on_loop([&] { BOOST_TEST(pair.b->end_reason().find("unknown ca") != std::string::npos); });
}

BOOST_AUTO_TEST_SUITE_END()
