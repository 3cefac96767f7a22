// SPDX-License-Identifier: Apache-2.0
// One gateway loop of a node: an event-loop thread with the Redis server, and on the same thread
// the router machine behind it, so that a request crosses no thread before it reaches its shard.
#pragma once

#include "actors/catalogue.hpp"
#include "actors/router/router.hpp"
#include "gateway/cluster_view.hpp"
#include "gateway/options.hpp"
#include "gateway/router_port.hpp"
#include "gateway/server.hpp"
#include "runtime/directory.hpp"
#include "runtime/machine_host.hpp"
#include "runtime/net/loop.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace harka::apps {

class GatewayLoop final : public gateway::RouterPort {
 public:
  /// Messages that wait for the router: an answer to each of its flights fits.
  static constexpr std::size_t router_inbox_max = RouterOptions{}.flights_max;

  struct Parts {
    Directory& directory;
    Catalogue& catalogue;
    Registry& registry;
    const NodeContext& context;
    /// Loop thread. The router or the server failed: clients would wait for ever.
    std::function<void(const std::string& what)> on_failure;
  };

  /// Binds the router's and the client's addresses of loop `index` and begins to listen.
  [[nodiscard]] static Result<std::unique_ptr<GatewayLoop>> start(
      std::uint32_t index, const Parts& parts, const gateway::Options& options);
  ~GatewayLoop() override;

  /// Any thread.
  void stop();

  // RouterPort; loop thread.
  void submit(msg::ShardBatch batch, std::uint64_t ticket) override;
  void scan(const gateway::ScanRequest& request, std::uint64_t ticket) override;
  void admin(std::string verb, std::vector<std::string> arguments, std::uint64_t ticket) override;

 private:
  class Inbox;

  struct Leader {
    Term term = 0;
    std::uint64_t node = 0;
  };

  GatewayLoop(std::uint32_t index, const Parts& parts);
  Result<void> open(const gateway::Options& options);
  void take(std::vector<EnvelopePtr> envelopes);
  void deliver(const Envelope& envelope);
  /// A turn of the router: `act(host, time)`.
  template <typename Act>
  void give_turn(const Act& act);
  void drain_answers();
  void answer(const Envelope& envelope);
  void answer_scan(std::uint64_t ticket, const msg::ShardReply& reply);
  void watch(const Envelope& envelope);
  void show_view();
  void arm_timer();

  const Parts parts_;
  const std::uint32_t index_;
  const Address router_;
  const Address client_;
  net::EventLoop loop_;
  std::shared_ptr<Inbox> router_inbox_;
  std::shared_ptr<Inbox> client_inbox_;
  // Loop thread only.
  std::unique_ptr<MachineHost> host_;
  std::unique_ptr<gateway::Server> server_;
  std::vector<EnvelopePtr> answers_;     // for the server, until the turn is over
  std::map<std::uint64_t, bool> scans_;  // ticket → only the count is wanted
  msg::ClusterMap map_;
  std::map<std::uint64_t, msg::Member> members_;
  std::vector<Leader> leaders_;  // by shard
  net::EventLoop::TimerHandle timer_ = 0;
  bool is_view_shown_ = true;
};

}  // namespace harka::apps
