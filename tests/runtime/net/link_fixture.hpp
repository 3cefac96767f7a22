// SPDX-License-Identifier: Apache-2.0
// Nodes in one process that talk over loopback, with certificates of one throw-away CA.
#pragma once

#include "base/node_id.hpp"
#include "runtime/net/dev_ca.hpp"
#include "runtime/net/links.hpp"
#include "tests/support/folder.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace harka::net::test {

/// Collects what is posted to it; waits with a bound.
class Collector final : public Port {
 public:
  bool post(EnvelopePtr envelope) override {
    const std::lock_guard lock(mutex_);
    envelopes_.push_back(std::move(envelope));
    arrived_.notify_all();
    return true;
  }

  /// Whether `holds` became true of what arrived.
  bool wait(const std::function<bool(const std::vector<EnvelopePtr>&)>& holds) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, 20s, [&] { return holds(envelopes_); });
  }

  bool wait_count(std::size_t count) {
    return wait([count](const auto& all) { return all.size() >= count; });
  }

  [[nodiscard]] std::vector<EnvelopePtr> all() {
    const std::lock_guard lock(mutex_);
    return envelopes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<EnvelopePtr> envelopes_;
};

/// Polls a condition that no callback announces, with a bound.
inline bool eventually(const std::function<bool()>& holds, Duration bound = 20s) {
  const auto end = std::chrono::steady_clock::now() + bound;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

/// A CA in a directory that goes away at the end.
class TestCa {
 public:
  TestCa() {
    if (!make_dev_ca(dir)) throw std::runtime_error("no CA");
  }

  [[nodiscard]] TlsFiles files(const std::string& name) const {
    (void)issue_node_certificate(dir, name);
    return dev_tls_files(dir, name);
  }

  testing::Folder folder;
  const std::string& dir = folder.path;
};

inline std::uint64_t id_of(const std::string& name) {
  return node_id_of(name).value;
}

/// One node: a loop, a directory with a collector behind membership and replica 0, and links.
class TestNode {
 public:
  explicit TestNode(LinkOptions link_options)
      : options(std::move(link_options)),
        directory(NodeId{options.own.node}),
        loop("net-" + options.own.name) {
    directory.bind(address_of(self(), msg::ActorKind::membership), inbox);
    directory.bind(address_of(self(), msg::ActorKind::replica, 7), replica);
    directory.bind(address_of(self(), msg::ActorKind::control), states);
    options.subscribers = {address_of(self(), msg::ActorKind::control)};
    auto started = Links::start(loop, directory, options);
    if (!started) throw std::runtime_error(started.error().detail);
    links = started.value();
    directory.bind_links(links);
  }

  ~TestNode() { links->stop(); }

  TestNode(const TestNode&) = delete;
  TestNode& operator=(const TestNode&) = delete;

  [[nodiscard]] NodeId self() const { return NodeId{options.own.node}; }

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(links->port()); }

  [[nodiscard]] PeerInfo info() const {
    return {self(), options.own.name, address(), "", options.own.data_id, false};
  }

  bool send(NodeId to, msg::ActorKind kind, std::uint32_t index, msg::Message body) {
    return directory.post(std::make_shared<const Envelope>(Envelope{
        address_of(self(), msg::ActorKind::membership),
        address_of(to, kind, index),
        42,
        std::move(body)}));
  }

  bool probe(NodeId to, std::uint64_t sequence) {
    msg::Probe probe;
    probe.sequence = sequence;
    return send(to, msg::ActorKind::membership, 0, probe);
  }

  [[nodiscard]] PeerStatus status_of(NodeId node) {
    for (const PeerStatus& status : links->status()) {
      if (status.node == node) return status;
    }
    return {};
  }

  bool is_linked(NodeId node) { return status_of(node).is_up; }

  bool wait_linked(const TestNode& other) {
    return eventually([&] { return is_linked(other.self()); });
  }

  LinkOptions options;
  Directory directory;
  std::shared_ptr<Collector> inbox = std::make_shared<Collector>();
  std::shared_ptr<Collector> replica = std::make_shared<Collector>();
  std::shared_ptr<Collector> states = std::make_shared<Collector>();
  EventLoop loop;
  std::shared_ptr<Links> links;
};

inline LinkOptions options_of(const std::string& name, const TestCa& ca) {
  LinkOptions options;
  options.own.node = id_of(name);
  options.own.name = name;
  options.own.epoch = 1;
  options.own.data_id = id_of(name) + 1000;
  options.listen_address = "127.0.0.1:0";
  options.tls = ca.files(name);
  return options;
}

/// Both know each other and both links are up.
inline bool link_up(TestNode& a, TestNode& b) {
  a.links->set_peers({b.info()});
  b.links->set_peers({a.info()});
  return a.wait_linked(b) && b.wait_linked(a);
}

}  // namespace harka::net::test
