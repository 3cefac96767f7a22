// SPDX-License-Identifier: Apache-2.0
// A closed loop: each client sends a pipeline to one node, waits for all of its replies and sends
// the next. So the offered load follows what the cluster can do, and latencies do not include a
// queue in front of it: compare them only at equal clients and pipeline.
#pragma once

#include "apps/bench/histogram.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace harka::apps {

struct LoadOptions {
  std::vector<std::string> addresses;  // client addresses of some nodes; any may be down
  std::string password;
  std::uint32_t clients = 50;
  std::uint32_t pipeline = 1;
  double read_ratio = 0.5;
  std::uint64_t keys = 100'000;
  std::uint32_t value_bytes = 100;
};

struct LoadCounts {
  Histogram reads;
  Histogram writes;
  std::uint64_t redirected = 0;  // commands that a node sent elsewhere, and that went there
  std::uint64_t errors = 0;      // refused, or on a connection that broke
  std::string error_example;

  void merge(const LoadCounts& other);
};

/// One client; runs on its own thread until told to stop. Counts only while `is_measuring`.
class LoadClient {
 public:
  LoadClient(const LoadOptions& options, std::uint32_t number);
  void run(const std::atomic<bool>& is_running, const std::atomic<bool>& is_measuring);

  [[nodiscard]] const LoadCounts& counts() const { return counts_; }

 private:
  struct Impl;
  const LoadOptions& options_;
  std::uint32_t number_;
  LoadCounts counts_;
};

}  // namespace harka::apps
