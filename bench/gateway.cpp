// SPDX-License-Identifier: Apache-2.0
// The gateway alone: real sockets in front of a map, so that redis-benchmark measures what the
// gateway itself costs. Serves until it is told to stop.
//
//   bench_gateway [PORT] [SHARDS]        then: redis-benchmark -p PORT -t get,set -P 16 -q
//   bench/gateway.sh                     does that, beside a redis-server
#include "actors/kv/executor.hpp"
#include "actors/kv/record.hpp"
#include "gateway/server.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace harka;

class MapShard final : public kv::KeyValueView {
 public:
  [[nodiscard]] std::optional<kv::Record> find(std::string_view key) const override {
    const auto found = records_.find(key);
    if (found == records_.end()) return std::nullopt;
    return found->second;
  }

  void put(std::string_view key, kv::Record record) override {
    const auto found = records_.find(key);
    if (found != records_.end()) {
      found->second = std::move(record);
    } else {
      records_.emplace(std::string(key), std::move(record));
    }
  }

  bool remove(std::string_view key) override {
    const auto found = records_.find(key);
    if (found == records_.end()) return false;
    records_.erase(found);
    return true;
  }

  [[nodiscard]] const auto& records() const { return records_; }

 private:
  std::map<std::string, kv::Record, std::less<>> records_;
};

/// Answers at once.
class MapNode final : public gateway::RouterPort {
 public:
  explicit MapNode(std::uint32_t shard_count) : shards_(shard_count) {}

  void submit(msg::ShardBatch batch, std::uint64_t ticket) override {
    const WallTime now = std::chrono::duration_cast<std::chrono::milliseconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count();
    kv::ReplyWriter replies;
    kv::CommandReader reader(batch.commands.view());
    while (reader.next()) kv::execute(reader.command(), shards_[batch.shard], now, replies);
    msg::ShardReply reply;
    reply.lengths = replies.take_lengths();
    reply.replies = SharedBytes(replies.take_bytes());
    service->on_reply(ticket, reply);
  }

  void scan(const gateway::ScanRequest& request, std::uint64_t ticket) override {
    gateway::ScanAnswer answer;
    answer.is_ok = true;
    answer.total = shards_[request.shard].records().size();
    if (!request.is_count_only) {
      for (const auto& [key, record] : shards_[request.shard].records()) answer.keys.push_back(key);
    }
    service->on_scan(ticket, std::move(answer));
  }

  void admin(std::string, std::vector<std::string>, std::uint64_t ticket) override {
    service->on_admin(ticket, 2, "{}");
  }

  gateway::Service* service = nullptr;

 private:
  std::vector<MapShard> shards_;
};

gateway::ClusterView view_of(std::uint16_t port, std::uint32_t shard_count) {
  gateway::ClusterView view;
  view.self = NodeId{1};
  view.version = 1;
  view.shard_count = shard_count;
  view.nodes = {gateway::ClusterView::Node{NodeId{1}, "n1", "local", "127.0.0.1", port, 0}};
  view.leaders.assign(shard_count, NodeId{1});
  return view;
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto shard_count = static_cast<std::uint32_t>(argc > 2 ? std::atoi(argv[2]) : 100);
  MapNode node(shard_count);
  net::EventLoop loop("gateway");
  gateway::Options options;
  options.node = NodeId{1};
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  auto server = gateway::Server::start(loop, options, node);
  if (!server.ok()) {
    std::cerr << "bench_gateway: " << server.error().detail << '\n';
    return 1;
  }
  gateway::Server& running = *server.value();
  loop.run([&] {
    node.service = &running.service();
    running.service().set_view(view_of(running.port(), shard_count));
  });
  std::cout << running.port() << std::endl;  // flushed: scripts wait for it
  int caught = 0;
  sigwait(&signals, &caught);
  running.stop();
  return 0;
}
