// SPDX-License-Identifier: Apache-2.0
// `harka bench`: clients for a while, then numbers. Without an address it measures a temporary
// cluster of three nodes on this machine, with what production has: fsync, quorum commit, TLS.
#include "apps/bench/load.hpp"
#include "apps/cluster_client.hpp"
#include "apps/commands.hpp"
#include "apps/demo/bring_up.hpp"
#include "apps/output.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <thread>

namespace harka::apps {

namespace {

using SteadyClock = std::chrono::steady_clock;

/// Three nodes and their folder; gone when this is.
class TemporaryCluster {
 public:
  explicit TemporaryCluster(const BenchOptions& options)
      : is_temporary_(options.data.empty()),
        data_(is_temporary_ ? make_temporary() : options.data),
        processes_(ProcessPlan{{"a", "b", "c"}, 1, false, options.port_base}, data_) {}

  ~TemporaryCluster() {
    processes_.stop_all();
    std::error_code failure;
    if (is_temporary_ && !data_.empty()) std::filesystem::remove_all(data_, failure);
  }

  TemporaryCluster(const TemporaryCluster&) = delete;
  TemporaryCluster& operator=(const TemporaryCluster&) = delete;

  DemoProcesses& processes() { return processes_; }

  [[nodiscard]] const std::string& data() const { return data_; }

 private:
  // Not /tmp, which is memory on some machines: there a sync costs nothing.
  static std::string make_temporary() {
    std::string pattern = std::filesystem::current_path().string() + "/harka-bench-XXXXXX";
    return ::mkdtemp(pattern.data()) == nullptr ? std::string() : pattern;
  }

  bool is_temporary_;
  std::string data_;
  DemoProcesses processes_;
};

/// All clients on their threads, measured between warm-up and stop.
LoadCounts run_load(
    const LoadOptions& load, const BenchOptions& options, Interrupt& interrupt, double& seconds) {
  std::atomic<bool> is_running{true};
  std::atomic<bool> is_measuring{false};
  std::vector<std::unique_ptr<LoadClient>> clients;
  std::vector<std::thread> threads;
  for (std::uint32_t number = 0; number < load.clients; ++number) {
    clients.push_back(std::make_unique<LoadClient>(load, number));
    threads.emplace_back([client = clients.back().get(), &is_running, &is_measuring] {
      client->run(is_running, is_measuring);
    });
  }
  (void)interrupt.sleep(std::chrono::seconds(options.warm_seconds));
  const auto began = SteadyClock::now();
  is_measuring = true;
  (void)interrupt.sleep(std::chrono::seconds(options.seconds));
  is_measuring = false;
  seconds = std::chrono::duration<double>(SteadyClock::now() - began).count();
  is_running = false;
  for (std::thread& thread : threads) thread.join();
  LoadCounts total;
  for (const auto& client : clients) total.merge(client->counts());
  return total;
}

admin::Json row(const char* name, const Histogram& latencies, double seconds) {
  admin::Json item;
  item["name"] = name;
  item["count"] = latencies.count();
  item["opsPerSecond"] = static_cast<double>(latencies.count()) / seconds;
  item["p50Ms"] = latencies.percentile_ms(0.50);
  item["p90Ms"] = latencies.percentile_ms(0.90);
  item["p99Ms"] = latencies.percentile_ms(0.99);
  item["p999Ms"] = latencies.percentile_ms(0.999);
  item["maxMs"] = latencies.max_ms();
  return item;
}

admin::Json report_of(
    const LoadOptions& load, const LoadCounts& counts, double seconds, const std::string& target) {
  admin::Json report = admin::make_document("BenchReport");
  report["target"] = target;
  report["clients"] = load.clients;
  report["pipeline"] = load.pipeline;
  report["readRatio"] = load.read_ratio;
  report["keys"] = load.keys;
  report["valueBytes"] = load.value_bytes;
  report["seconds"] = seconds;
  report["redirected"] = counts.redirected;
  report["errors"] = counts.errors;
  report["items"] = admin::Json::array();
  if (load.read_ratio > 0) report["items"].push_back(row("GET", counts.reads, seconds));
  if (load.read_ratio < 1) report["items"].push_back(row("SET", counts.writes, seconds));
  Histogram all = counts.reads;
  all.merge(counts.writes);
  if (report["items"].size() > 1) report["items"].push_back(row("all", all, seconds));
  report["warnings"] = admin::Json::array();
  if (!counts.error_example.empty()) report["warnings"].push_back(counts.error_example);
  return report;
}

/// Measures and prints; the exit code.
int measure(
    const LoadOptions& load,
    const BenchOptions& options,
    Interrupt& interrupt,
    const std::string& target) {
  std::cerr << "measuring " << options.seconds << " s after " << options.warm_seconds
            << " s of warm-up\n";
  double seconds = 1;
  const LoadCounts counts = run_load(load, options, interrupt, seconds);
  if (interrupt.is_raised()) return exit_interrupted;
  print_document(options.style, report_of(load, counts, seconds, target));
  if (counts.reads.count() + counts.writes.count() == 0) {
    return report_failure(
        admin::Style{},
        admin::failure("HK3001"),
        "bench: nothing was answered: " + counts.error_example);
  }
  if (counts.errors > 0) std::cerr << "bench: an error was: " << counts.error_example << '\n';
  return counts.errors == 0 ? exit_done : exit_no;
}

}  // namespace

int run_bench(const BenchOptions& options) {
  Interrupt interrupt;
  LoadOptions load;
  load.addresses = options.nodes;
  load.password = options.password;
  load.clients = options.clients;
  load.pipeline = options.pipeline;
  load.read_ratio = options.read_ratio;
  load.keys = options.keys;
  load.value_bytes = options.value_bytes;
  const Say say = [](const std::string& text) { std::cerr << text << '\n'; };
  if (!load.addresses.empty()) {
    const Result<RespClient> first = RespClient::connect(load.addresses.front(), 5s);
    if (!first.ok()) {
      return report_failure(
          options.style, admin::failure("HK3001"), "bench: " + first.error().detail);
    }
    return measure(load, options, interrupt, "cluster of " + load.addresses.front());
  }
  TemporaryCluster cluster(options);
  if (auto free = cluster.processes().check_ports(); !free.ok()) {
    return report_failure(options.style, admin::failure("HK2003"), "bench: " + free.error().detail);
  }
  say("no --node given: starting three nodes on this machine, fsync on, TLS between them, data "
      "in " +
      cluster.data());
  if (auto up = bring_up(cluster.processes(), interrupt, say); !up.ok()) {
    if (interrupt.is_raised()) return exit_interrupted;
    return report_failure(
        options.style, admin::failure_of(up.error().code), "bench: " + up.error().detail);
  }
  load.addresses = cluster.processes().client_addresses();
  return measure(
      load, options, interrupt, "three nodes on this machine, fsync on, TLS between them");
}

}  // namespace harka::apps
