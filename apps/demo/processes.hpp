// SPDX-License-Identifier: Apache-2.0
// The demo's nodes: real processes of this same binary on loopback, with a fixed port plan, ended
// by id and never left behind.
#pragma once

#include "base/result.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace harka::apps {

struct DemoNode {
  std::string name;
  std::string region;
  std::string link_address;
  std::string client_address;
  pid_t process = 0;  // 0: not running
};

/// Which nodes: the same number in each region, named n1, n2, … in that order.
struct ProcessPlan {
  std::vector<std::string> regions;
  int nodes_a_region = 1;
  bool has_distances = false;  // whether links between regions are delayed by demo_delay
  std::uint16_t port_base = 0;
};

class DemoProcesses {
 public:
  /// Nothing is started yet. `data` gets a folder and a log file a node, and the certificates.
  DemoProcesses(ProcessPlan plan, std::string data);
  /// Kills what still runs.
  ~DemoProcesses();
  DemoProcesses(const DemoProcesses&) = delete;
  DemoProcesses& operator=(const DemoProcesses&) = delete;

  /// already_exists: a port of the plan is taken; the detail says which and by whom.
  [[nodiscard]] Result<void> check_ports() const;
  [[nodiscard]] Result<void> make_certificates() const;
  [[nodiscard]] Result<void> start(DemoNode& node);
  /// SIGKILL, and waits for the end.
  void kill(DemoNode& node);
  /// SIGTERM to all, then waits up to ten seconds before killing.
  void stop_all();

  [[nodiscard]] std::vector<DemoNode>& nodes() { return nodes_; }

  [[nodiscard]] const std::vector<DemoNode>& nodes() const { return nodes_; }

  /// A node by its name, or null.
  [[nodiscard]] DemoNode* find(const std::string& name);
  [[nodiscard]] std::vector<std::string> client_addresses() const;
  /// Of the nodes that run.
  [[nodiscard]] std::vector<std::string> living_addresses() const;
  /// The name of a node that ended by itself, with the end of its log; empty while all run.
  [[nodiscard]] std::string find_ended();

 private:
  [[nodiscard]] std::vector<std::string> arguments_for(const DemoNode& node) const;

  ProcessPlan plan_;
  std::string data_;
  std::vector<DemoNode> nodes_;
};

/// One-way delays between the demo's regions, in milliseconds; 0 within one.
[[nodiscard]] int demo_delay(const std::string& from, const std::string& to);

}  // namespace harka::apps
