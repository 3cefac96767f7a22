// SPDX-License-Identifier: Apache-2.0
// `harka demo`: three regions and nine real nodes on this machine, a load, a kill -9, timed healing
// and a computed "lost 0". Without a terminal it runs the script and its exit code is the verdict.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <set>
#include <thread>

#include <unistd.h>

#include "apps/cluster_client.hpp"
#include "apps/commands.hpp"
#include "apps/demo/processes.hpp"
#include "apps/demo/workload.hpp"
#include "apps/exit_code.hpp"
#include "base/json_writer.hpp"

namespace harka::apps {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr unsigned workload_clients = 8;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

bool wait_until(Duration bound, const std::function<bool()>& condition) {
  const auto end = SteadyClock::now() + bound;
  while (SteadyClock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return condition();
}

struct Healing {
  std::string what;             // which nodes were killed
  double slots_moved = -1;      // seconds until no slot points at a dead node; -1: never
  double first_write = -1;      // seconds until a write to each affected slot range succeeded
  std::size_t ranges = 0;       // slot ranges that lost their leader
};

class Demo {
 public:
  explicit Demo(const DemoOptions& options)
      : options_(options),
        is_temporary_(options.data.empty()),
        data_(is_temporary_ ? make_temporary() : options.data),
        processes_(options.port_base, data_) {}

  ~Demo() {
    if (workload_) workload_->stop();
    say("stopping the nodes");
    processes_.stop_all();
    if (is_temporary_) std::filesystem::remove_all(data_);
  }
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;

  Result<void> bring_up();
  int run_script();
  int run_interactive();

 private:
  static std::string make_temporary() {
    std::string pattern = std::filesystem::temp_directory_path().string() + "/harka-demo-XXXXXX";
    return ::mkdtemp(pattern.data());
  }

  void say(const std::string& text) const {
    (options_.json ? std::cerr : std::cout) << text << std::endl;
  }
  void print_banner() const;
  void print_table();
  void print_workload();
  Result<void> init_cluster();
  Healing kill(const std::vector<std::string>& names);
  Result<void> revive(const std::vector<std::string>& names);
  bool is_everyone_leading();
  std::vector<std::string> names_for(const std::string& word);
  std::string busiest();
  int verdict(const std::vector<Healing>& healings);
  [[nodiscard]] std::vector<std::string> living() const;

  DemoOptions options_;
  bool is_temporary_;
  std::string data_;
  DemoProcesses processes_;
  std::unique_ptr<Workload> workload_;
};

void Demo::print_banner() const {
  say("HARKA demo  3 regions x 3 nodes, real processes on this machine, simulated distances\n"
      "data        " + data_ + (is_temporary_ ? "  (deleted at the end; --data DIR keeps it)" : "") +
      ", fsync on\n"
      "links       mutual TLS; delayed one way: us-east<->eu-west 41 ms, us-east<->ap-south 95 ms,"
      " eu-west<->ap-south 60 ms\n"
      "Not for production: demo keys, everything on one machine.\n");
}

Result<void> Demo::bring_up() {
  print_banner();
  std::error_code failure;
  std::filesystem::create_directories(data_, failure);
  if (failure) return Error{Code::invalid_argument, "cannot make " + data_ + ": " + failure.message()};
  if (auto free = processes_.check_ports(); !free.ok()) return free;
  if (auto made = processes_.make_certificates(); !made.ok()) return made;
  for (DemoNode& node : processes_.nodes()) {
    if (auto started = processes_.start(node); !started.ok()) return started;
  }
  const auto began = SteadyClock::now();
  if (auto made = init_cluster(); !made.ok()) return made;
  if (!wait_until(60s, [this] { return is_everyone_leading(); })) {
    return Error{Code::retry_later, "not every node came to lead shards within 60 s; logs in " + data_};
  }
  char text[80];
  std::snprintf(text, sizeof text, "nine nodes joined and lead shards after %.1f s\n", seconds_since(began));
  say(text);
  print_table();
  return {};
}

Result<void> Demo::init_cluster() {
  const std::string address = processes_.nodes().front().client_address;
  std::string last = "no answer";
  const bool is_done = wait_until(60s, [&] {
    Result<RespClient> client = RespClient::connect(address, 15s);
    if (!client.ok()) return false;
    Result<RespValue> status = client.value().call({"CLUSTER", "INFO"});
    if (status.ok() && status.value().text.find("cluster_state:ok") != std::string::npos) return true;
    Result<RespValue> reply = client.value().call({"HARKA", "INIT", "nodes=9"});
    if (!reply.ok() || reply.value().items.size() != 2) return false;
    last = reply.value().items[1].text;
    // 6: it belongs to a cluster already, a kept --data folder's.
    return reply.value().items[0].integer == 0 || reply.value().items[0].integer == 6;
  });
  if (!is_done) return Error{Code::retry_later, "the cluster could not be created: " + last};
  return {};
}

std::vector<std::string> Demo::living() const {
  std::vector<std::string> addresses;
  for (const DemoNode& node : processes_.nodes()) {
    if (node.process != 0) addresses.push_back(node.client_address);
  }
  return addresses;
}

bool Demo::is_everyone_leading() {
  ClusterClient client(living(), 1s);
  std::set<std::string> leaders;
  std::uint32_t next = 0;
  for (const auto& [last, address] : client.fetch_slots()) {
    leaders.insert(address);
    next = last + 1U;
  }
  return next == 16384 && leaders.size() == living().size();
}

void Demo::print_table() {
  ClusterClient client(living(), 1s);
  std::map<std::string, std::size_t> leading;
  for (const auto& [last, address] : client.fetch_slots()) ++leading[address];
  say("  node  region     redis            links            leads");
  for (const DemoNode& node : processes_.nodes()) {
    char line[160];
    std::snprintf(
        line, sizeof line, "  %-5s %-10s %-16s %-16s %s", node.name.c_str(), node.region.c_str(),
        node.client_address.c_str(), node.link_address.c_str(),
        node.process == 0 ? "down" : (std::to_string(leading[node.client_address]) + " ranges").c_str());
    say(line);
  }
  say("\n  try: redis-cli -c -p " + std::to_string(options_.port_base + 1) + " set hello world\n");
}

void Demo::print_workload() {
  const WorkloadReport report = workload_->report();
  char line[200];
  std::snprintf(
      line, sizeof line,
      "  workload  %.0f req/s   p50 %.1f ms   p99 %.1f ms   writes acked %llu   failed %llu",
      report.requests_per_second, report.latency_p50_ms, report.latency_p99_ms,
      static_cast<unsigned long long>(report.acknowledged),
      static_cast<unsigned long long>(report.failed));
  say(line);
}

std::string Demo::busiest() {
  ClusterClient client(living(), 1s);
  std::map<std::string, std::size_t> leading;
  for (const auto& [last, address] : client.fetch_slots()) ++leading[address];
  std::string best;
  std::size_t most = 0;
  for (const DemoNode& node : processes_.nodes()) {
    if (leading[node.client_address] > most) {
      most = leading[node.client_address];
      best = node.name;
    }
  }
  return best;
}

Healing Demo::kill(const std::vector<std::string>& names) {
  Healing healing;
  std::set<std::string> dead;
  for (const std::string& name : names) {
    healing.what += (healing.what.empty() ? "" : " ") + name;
    dead.insert(processes_.find(name)->client_address);
  }
  ClusterClient before(living(), 1s);
  std::vector<std::uint16_t> affected;
  for (const auto& [last, address] : before.fetch_slots()) {
    if (dead.contains(address)) affected.push_back(last);
  }
  healing.ranges = affected.size();
  const auto killed = SteadyClock::now();
  for (const std::string& name : names) processes_.kill(*processes_.find(name));
  say(" 0.000 s  kill -9 " + healing.what + ": " + std::to_string(healing.ranges) +
      " slot ranges lost their leader");
  ClusterClient watcher(living(), 500ms);
  std::size_t reported = 0;
  (void)wait_until(30s, [&] {
    std::size_t moved = affected.size();
    const auto slots = watcher.fetch_slots();
    for (const std::uint16_t last : affected) {
      const auto range = slots.lower_bound(last);
      if (range == slots.end() || dead.contains(range->second)) --moved;
    }
    if (moved > reported) {  // nodes learn at different times: only progress is news
      char line[120];
      std::snprintf(
          line, sizeof line, " %.3f s  %zu of %zu have a new leader", seconds_since(killed), moved,
          affected.size());
      say(line);
      reported = moved;
    }
    if (moved == affected.size()) healing.slots_moved = seconds_since(killed);
    return moved == affected.size();
  });
  if (healing.slots_moved >= 0) {
    // A write to a key of each range that lost its leader proves that it serves again.
    ClusterClient writer(living(), 1s);
    bool is_all_written = true;
    for (std::size_t i = 0; i < affected.size() && is_all_written; ++i) {
      const std::string key = "healed:" + std::to_string(i);
      is_all_written = writer.call(key, {"SET", key, "1"}, 10s).ok();
    }
    if (is_all_written) healing.first_write = seconds_since(killed);
  }
  char line[160];
  std::snprintf(
      line, sizeof line, " %.3f s  healed: every range led, writes answered", healing.first_write);
  say(healing.first_write >= 0 ? line : "   not healed within 30 s");
  return healing;
}

Result<void> Demo::revive(const std::vector<std::string>& names) {
  const auto began = SteadyClock::now();
  for (const std::string& name : names) {
    DemoNode* node = processes_.find(name);
    if (node->process != 0) continue;
    if (auto started = processes_.start(*node); !started.ok()) return started;
  }
  if (!wait_until(60s, [this] { return is_everyone_leading(); })) {
    return Error{Code::retry_later, "a revived node did not come to lead shards again within 60 s"};
  }
  char line[120];
  std::snprintf(
      line, sizeof line, " revived: back as a member and leading again after %.1f s",
      seconds_since(began));
  say(line);
  return {};
}

std::vector<std::string> Demo::names_for(const std::string& word) {
  std::vector<std::string> names;
  for (const DemoNode& node : processes_.nodes()) {
    if (node.name == word || node.region == word) names.push_back(node.name);
  }
  return names;
}

int Demo::verdict(const std::vector<Healing>& healings) {
  workload_->stop();
  const WorkloadReport load = workload_->report();
  const CheckReport check = workload_->check();
  bool is_healed = true;
  for (const Healing& healing : healings) is_healed = is_healed && healing.first_write >= 0;
  const bool is_good = is_healed && check.lost == 0 && check.unreadable == 0 &&
                       check.checked == load.acknowledged && load.wrong_reads == 0;
  say("\n  checked every acknowledged write: " + std::to_string(check.checked) + " of " +
      std::to_string(load.acknowledged) + " re-read, lost " + std::to_string(check.lost) +
      ", unreadable " + std::to_string(check.unreadable) + ", wrong reads " +
      std::to_string(load.wrong_reads));
  say("  requests " + std::to_string(load.requests) + ", failed " + std::to_string(load.failed) +
      " (a failed request is one whose client gave up after 10 s)");
  for (const std::string& example : check.examples) say("    " + example);
  say(is_good ? "  the invariants held" : "  AN INVARIANT WAS BROKEN");
  if (options_.json) {
    JsonWriter json;
    json.begin_object().field("apiVersion", "harka/v1").field("kind", "DemoReport");
    json.field("ok", is_good).field("acknowledged", load.acknowledged);
    json.field("checked", check.checked).field("lost", check.lost);
    json.field("unreadable", check.unreadable).field("wrongReads", load.wrong_reads);
    json.field("requests", load.requests).field("failed", load.failed);
    json.key("kills").begin_array();
    for (const Healing& healing : healings) {
      json.begin_object().field("nodes", healing.what);
      json.field("ranges", static_cast<std::uint64_t>(healing.ranges));
      json.field("newLeadersSeconds", healing.slots_moved);
      json.field("healedSeconds", healing.first_write).end();
    }
    json.end().end();
    std::cout << json.take() << std::endl;
  }
  return is_good ? exit_done : exit_no;
}

int Demo::run_script() {
  workload_ = std::make_unique<Workload>(processes_.client_addresses(), workload_clients);
  workload_->start();
  for (std::uint32_t second = 0; second < options_.warm_seconds; ++second) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    print_workload();
  }
  const std::vector<std::string> victims =
      options_.script == "region-loss" ? names_for("eu-west") : std::vector{busiest()};
  std::vector<Healing> healings{kill(victims)};
  std::this_thread::sleep_for(std::chrono::seconds(2));
  print_workload();
  if (auto revived = revive(victims); !revived.ok()) {
    say("  " + revived.error().detail);
    healings.back().first_write = -1;
  }
  std::this_thread::sleep_for(std::chrono::seconds(1));
  print_workload();
  return verdict(healings);
}

int Demo::run_interactive() {
  workload_ = std::make_unique<Workload>(processes_.client_addresses(), workload_clients);
  workload_->start();
  std::vector<Healing> healings;
  say("commands: kill NODE|REGION, revive NODE|REGION, status, quit   (try: kill " + busiest() + ")");
  std::string line;
  while (std::cout << "demo> " << std::flush, std::getline(std::cin, line)) {
    const std::size_t space = line.find(' ');
    const std::string verb = line.substr(0, space);
    const std::string word = space == std::string::npos ? "" : line.substr(space + 1);
    const std::vector<std::string> names = names_for(word);
    if (verb == "quit" || verb == "q") break;
    if (verb == "status") {
      print_table();
      print_workload();
    } else if ((verb == "kill" || verb == "revive") && names.empty()) {
      say("which node (n1 to n9) or region (us-east, eu-west, ap-south)?");
    } else if (verb == "kill") {
      healings.push_back(kill(names));
    } else if (verb == "revive") {
      if (auto revived = revive(names); !revived.ok()) say(revived.error().detail);
    } else if (!verb.empty()) {
      say("commands: kill NODE|REGION, revive NODE|REGION, status, quit");
    }
  }
  return verdict(healings);
}

}  // namespace

int run_demo(const DemoOptions& options) {
  Demo demo(options);
  if (auto up = demo.bring_up(); !up.ok()) {
    std::cerr << "harka: demo: " << up.error().detail << '\n';
    return exit_code_of(up.error());
  }
  const bool is_interactive =
      options.script.empty() && ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
  return is_interactive ? demo.run_interactive() : demo.run_script();
}

}  // namespace harka::apps
