// SPDX-License-Identifier: Apache-2.0
#include "apps/demo/bring_up.hpp"

#include "apps/cluster_client.hpp"
#include "cluster/routing/slots.hpp"

#include <algorithm>
#include <chrono>
#include <set>

namespace harka::apps {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Duration creation_bound = 90s;
constexpr Duration leading_bound = 90s;
constexpr Duration say_every = 2s;  // while waiting: a silent wait looks like a hang

/// Says the newest state of a wait, now and then.
class Progress {
 public:
  explicit Progress(const Say& say) : say_(say), next_(SteadyClock::now() + say_every) {}

  void at(const std::string& text) {
    if (SteadyClock::now() < next_) return;
    next_ = SteadyClock::now() + say_every;
    say_("  … " + text);
  }

 private:
  const Say& say_;
  SteadyClock::time_point next_;
};

Error interrupted() {
  return Error{Code::retry_later, "interrupted"};
}

bool belongs_to_a_cluster(RespClient& client) {
  const Result<RespValue> reply = client.call({"HARKA", "STATUS"});
  if (!reply.ok() || reply.value().items.size() != 2) return false;
  const std::string& status = reply.value().items[1].text;
  return status.find("\"clusterId\":") != std::string::npos &&
         status.find("\"clusterId\":\"0\"") == std::string::npos;
}

/// One attempt; what is missing, or empty when the cluster is there.
std::string try_create(const DemoProcesses& processes) {
  const std::size_t count = processes.nodes().size();
  Result<RespClient> client = RespClient::connect(processes.nodes().front().client_address, 15s);
  if (!client.ok()) return "waiting for the nodes to listen";
  const Result<RespValue> info = client.value().call({"CLUSTER", "INFO"});
  if (info.ok() && info.value().text.find("cluster_state:ok") != std::string::npos) return {};
  const Result<RespValue> reply =
      client.value().call({"HARKA", "INIT", "nodes=" + std::to_string(count)});
  if (!reply.ok()) return reply.error().detail;
  if (reply.value().items.size() != 2) return "an unexpected answer: " + reply.value().text;
  if (reply.value().items[0].integer == 0) return {};
  // A kept folder has its cluster already. Other refusals pass: some node is late.
  return belongs_to_a_cluster(client.value()) ? std::string() : reply.value().items[1].text;
}

Result<void> create_cluster(DemoProcesses& processes, Interrupt& interrupt, const Say& say) {
  Progress progress(say);
  std::string missing;
  std::string ended;
  const bool is_done = interrupt.wait_until(creation_bound, [&] {
    ended = processes.find_ended();
    missing = ended.empty() ? try_create(processes) : std::string();
    if (!missing.empty()) progress.at(missing);
    return missing.empty();
  });
  if (!ended.empty()) return Error{Code::retry_later, ended};
  if (is_done) return {};
  if (interrupt.is_raised()) return interrupted();
  return Error{Code::retry_later, "the cluster could not be created: " + missing};
}

}  // namespace

std::vector<std::string> shard_leaders(const std::vector<std::string>& living) {
  std::vector<std::string> leaders(limits::shard_count_default);
  if (living.empty()) return leaders;
  ClusterClient client(living, 1s);
  const auto slots = client.fetch_slots();
  for (std::uint32_t shard = 0; shard < leaders.size(); ++shard) {
    const auto range = slots.lower_bound(static_cast<std::uint16_t>(
        routing::slots_of(ShardId{shard}, limits::shard_count_default).first));
    if (range != slots.end()) leaders[shard] = range->second;
  }
  return leaders;
}

Result<void> bring_up(DemoProcesses& processes, Interrupt& interrupt, const Say& say) {
  if (auto made = processes.make_certificates(); !made.ok()) return made;
  for (DemoNode& node : processes.nodes()) {
    if (auto started = processes.start(node); !started.ok()) return started;
  }
  if (auto made = create_cluster(processes, interrupt, say); !made.ok()) return made;
  return wait_until_leading(processes, processes.client_addresses(), interrupt, say);
}

Result<void> wait_until_leading(
    DemoProcesses& processes,
    const std::vector<std::string>& nodes,
    Interrupt& interrupt,
    const Say& say) {
  Progress progress(say);
  std::string missing;
  std::string ended;
  const bool is_done = interrupt.wait_until(leading_bound, [&] {
    ended = processes.find_ended();
    if (!ended.empty()) return true;
    const std::vector<std::string> leaders = shard_leaders(processes.living_addresses());
    const auto led = leaders.size() - static_cast<std::size_t>(std::count(
                                          leaders.begin(), leaders.end(), std::string()));
    const std::set<std::string> leading(leaders.begin(), leaders.end());
    const auto idle = std::count_if(nodes.begin(), nodes.end(), [&](const std::string& node) {
      return !leading.contains(node);
    });
    missing = std::to_string(led) + " of " + std::to_string(leaders.size()) + " shards are led, " +
              std::to_string(idle) + " of " + std::to_string(nodes.size()) + " nodes lead none yet";
    progress.at(missing);
    return led == leaders.size() && idle == 0;
  });
  if (!ended.empty()) return Error{Code::retry_later, ended};
  if (is_done) return {};
  if (interrupt.is_raised()) return interrupted();
  return Error{Code::retry_later, missing + ", after a long wait"};
}

}  // namespace harka::apps
