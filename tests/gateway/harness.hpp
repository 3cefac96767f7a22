// SPDX-License-Identifier: Apache-2.0
// A service in front of a fake node, driven by text: what a client sends, what it gets back.
#pragma once

#include "gateway/service.hpp"
#include "tests/gateway/fake_node.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace harka::testing {

inline gateway::ClusterView view_of_one(std::uint32_t shard_count = 10) {
  gateway::ClusterView view;
  view.self = NodeId{1};
  view.version = 7;
  view.shard_count = shard_count;
  view.replication_factor = 3;
  view.nodes = {
      gateway::ClusterView::Node{NodeId{1}, "n1", "r1", "127.0.0.1", 7401, 7400},
      gateway::ClusterView::Node{NodeId{2}, "n2", "r2", "127.0.0.1", 7411, 7410},
      gateway::ClusterView::Node{NodeId{3}, "n3", "r3", "127.0.0.1", 7421, 7420}};
  view.leaders.assign(shard_count, NodeId{1});
  return view;
}

inline gateway::Options default_options() {
  gateway::Options options;
  options.node = NodeId{1};
  options.node_name = "n1";
  return options;
}

struct Harness {
  explicit Harness(gateway::Options options = default_options())
      : service(std::move(options), node) {
    node.on_reply = [this](std::uint64_t ticket, const msg::ShardReply& reply) {
      service.on_reply(ticket, reply);
    };
    node.on_scan = [this](std::uint64_t ticket, gateway::ScanAnswer answer) {
      service.on_scan(ticket, std::move(answer));
    };
    node.on_admin = [this](std::uint64_t ticket, int code, std::string_view json) {
      service.on_admin(ticket, code, json);
    };
    service.set_view(view_of_one());
    service.set_time({Instant{1h}, 1'700'000'000'000});
  }

  gateway::RespSession& connect() { return service.open("127.0.0.1:5000", "127.0.0.1:7401"); }

  /// Inline commands, one a line. Returns what the client reads next.
  std::string send(gateway::RespSession& session, std::string_view lines) {
    pending_.append(lines);
    for (int round = 0; round < 1000; ++round) {
      const std::size_t taken = session.feed(pending_);
      pending_.erase(0, taken);
      service.submit_all();
      if (pending_.empty() || taken == 0) break;
    }
    return read(session);
  }

  /// After an answer made room for more.
  std::string go_on(gateway::RespSession& session) { return send(session, ""); }

  static std::string read(gateway::RespSession& session) {
    return std::exchange(session.output(), {});
  }

  FakeNode node;
  gateway::Service service;

 private:
  std::string pending_;
};

}  // namespace harka::testing
