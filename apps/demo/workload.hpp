// SPDX-License-Identifier: Apache-2.0
// The demo's load and its proof: clients write unique values, remember every acknowledged one and
// read some back; the checker re-reads all of them, so "lost" is computed, not claimed.
#pragma once

#include "apps/bench/histogram.hpp"
#include "base/time.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace harka::apps {

struct WorkloadReport {
  std::uint64_t requests = 0;      // finished, reads and writes
  std::uint64_t failed = 0;        // not answered within the client's patience
  std::uint64_t acknowledged = 0;  // writes
  std::uint64_t wrong_reads = 0;   // an acknowledged value that a read did not return
  Histogram reads;                 // latencies since the last report
  Histogram writes;
  Histogram all_reads;  // since the start
  Histogram all_writes;
  double requests_per_second = 0;  // since the last report
};

struct CheckReport {
  std::uint64_t checked = 0;
  std::uint64_t lost = 0;        // acknowledged, but absent or different
  std::uint64_t unreadable = 0;  // no answer in time: not counted as lost, but not a pass
  std::vector<std::string> examples;
};

class Workload {
 public:
  Workload(std::vector<std::string> addresses, unsigned clients);
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  void start();
  /// Lets every client finish its request.
  void stop();
  /// The cluster goes away now: clients give up at once. Nothing may be concluded afterwards.
  void abandon();
  [[nodiscard]] WorkloadReport report();
  /// Re-reads every acknowledged write through fresh connections. Call it after stop().
  [[nodiscard]] CheckReport check() const;

 private:
  void run_client(unsigned client);
  void record(Duration latency, bool is_write, bool is_ok);

  std::vector<std::string> addresses_;
  unsigned client_count_;
  std::atomic<bool> is_running_{false};
  std::atomic<bool> is_abandoned_{false};
  std::vector<std::thread> threads_;

  mutable std::mutex mutex_;
  std::map<std::string, std::string> acknowledged_;
  Histogram reads_;
  Histogram writes_;
  Histogram all_reads_;
  Histogram all_writes_;
  std::uint64_t requests_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t wrong_reads_ = 0;
  std::uint64_t reported_requests_ = 0;
  std::chrono::steady_clock::time_point reported_at_;
};

}  // namespace harka::apps
