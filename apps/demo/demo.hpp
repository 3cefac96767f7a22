// SPDX-License-Identifier: Apache-2.0
// `harka demo`: three regions and nine real nodes on this machine, a load, kill -9, timed healing
// and a computed "lost 0". On a terminal it takes commands; otherwise it runs a script and its exit
// code is the verdict. Whatever ends it, the nodes end with it and temporary data is deleted.
#pragma once

#include "apps/commands.hpp"
#include "apps/demo/bring_up.hpp"
#include "apps/demo/interrupt.hpp"
#include "apps/demo/processes.hpp"
#include "apps/demo/workload.hpp"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace harka::apps {

/// What one kill did. Times are seconds since it; -1: did not happen.
struct Healing {
  std::string what;           // which nodes were killed
  std::size_t shards = 0;     // that lost their leader
  double leaders_after = -1;  // until each of them had a new leader
  double healed_after = -1;   // until a write to each of them was acknowledged
  double revived_after = -1;  // of the revival, not of the kill: until the nodes led again
  bool must_heal = true;      // false: a majority of some shard's replicas may have been killed
};

class Demo {
 public:
  explicit Demo(const DemoOptions& options);
  ~Demo();
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;

  /// Banner, nodes, cluster, load; then script or console. The process's exit code.
  int run();

 private:
  Result<void> start();
  int run_script();
  int run_console();
  /// False: leave the console.
  bool obey(const std::string& line);

  void kill(const std::vector<std::string>& names);
  bool watch_healing(const std::set<std::string>& dead, const std::vector<std::uint32_t>& shards);
  bool write_to_each(const std::vector<std::uint32_t>& shards);
  bool revive(const std::vector<std::string>& names);
  int verdict();

  void say(const std::string& text) const;
  void print_banner() const;
  void print_nodes();
  void print_workload();
  [[nodiscard]] std::vector<std::string> names_for(const std::string& word) const;
  [[nodiscard]] std::set<std::string> regions_hit() const;
  std::string busiest();
  [[nodiscard]] int fail(std::string_view failure, const std::string& detail) const;

  DemoOptions options_;
  Interrupt interrupt_;  // before any thread
  bool is_temporary_;
  std::string data_;
  DemoProcesses processes_;
  std::unique_ptr<Workload> workload_;
  std::vector<Healing> kills_;
};

}  // namespace harka::apps
