// SPDX-License-Identifier: Apache-2.0
// Start, end, and what is printed about the cluster. Kills are in healing.cpp, the console, the
// script and the verdict in console.cpp.
#include "apps/demo/demo.hpp"

#include "apps/output.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>

namespace harka::apps {

namespace {

constexpr unsigned workload_clients = 8;

ProcessPlan demo_plan(std::uint16_t port_base) {
  return ProcessPlan{{"us-east", "eu-west", "ap-south"}, 3, true, port_base};
}

std::string make_temporary() {
  std::string pattern = std::filesystem::temp_directory_path().string() + "/harka-demo-XXXXXX";
  return ::mkdtemp(pattern.data()) == nullptr ? std::string() : pattern;
}

std::string round_trip(const std::string& from, const std::string& to) {
  return from == to ? "-" : std::to_string(2 * demo_delay(from, to)) + " ms";
}

}  // namespace

Demo::Demo(const DemoOptions& options)
    : options_(options),
      is_temporary_(options.data.empty()),
      data_(is_temporary_ ? make_temporary() : options.data),
      processes_(demo_plan(options.port_base), data_) {}

Demo::~Demo() {
  if (workload_) workload_->abandon();
  say("stopping the nodes");
  processes_.stop_all();
  if (!is_temporary_ || data_.empty()) return;
  std::error_code failure;
  std::filesystem::remove_all(data_, failure);
}

int Demo::run() {
  print_banner();
  if (auto free = processes_.check_ports(); !free.ok()) return fail("HK2003", free.error().detail);
  if (auto started = start(); !started.ok()) {
    if (interrupt_.is_raised()) return exit_interrupted;
    return fail(admin::failure_of(started.error().code).id, started.error().detail);
  }
  const bool is_interactive =
      options_.script.empty() && ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
  return is_interactive ? run_console() : run_script();
}

Result<void> Demo::start() {
  std::error_code failure;
  std::filesystem::create_directories(data_, failure);
  if (data_.empty() || failure) {
    return Error{Code::invalid_argument, "cannot make the folder '" + data_ + "' for the data"};
  }
  const auto began = std::chrono::steady_clock::now();
  const Say say_it = [this](const std::string& text) { say(text); };
  if (auto up = bring_up(processes_, interrupt_, say_it); !up.ok()) return up;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  char text[80];
  std::snprintf(
      text, sizeof text, "nine nodes joined and lead shards after %.1f s\n", took.count());
  say(text);
  print_nodes();
  say("\n  try: redis-cli -c -p " + std::to_string(options_.port_base + 1) + " set hello world\n");
  workload_ = std::make_unique<Workload>(processes_.client_addresses(), workload_clients);
  workload_->start();
  return {};
}

int Demo::fail(std::string_view failure, const std::string& detail) const {
  std::string text = "demo: " + detail;
  if (!is_temporary_) text += "; logs are in " + data_;
  return report_failure(options_.style, admin::failure(failure), text);
}

void Demo::say(const std::string& text) const {
  const bool is_report_alone = options_.style.format != admin::Format::table;
  (is_report_alone ? std::cerr : std::cout) << text << std::endl;
}

void Demo::print_banner() const {
  const std::string base = std::to_string(options_.port_base);
  say("HARKA demo  3 regions x 3 nodes, real processes on this machine, simulated distances\n"
      "data        " +
      data_ +
      (is_temporary_ ? "  (temporary: deleted at the end; --data DIR keeps it)"
                     : "  (kept: start again with the same --data)") +
      ", fsync on\n"
      "ports       " +
      base +
      " + 1 to 9 for Redis clients, + 51 to 59 for links; --port-base moves them\n"
      "links       mutual TLS, delayed to these round trips:\n\n"
      "  region     nodes        us-east    eu-west    ap-south");
  for (std::size_t i = 0; i < processes_.nodes().size(); i += 3) {
    const std::string& region = processes_.nodes()[i].region;
    char line[120];
    std::snprintf(
        line,
        sizeof line,
        "  %-10s n%zu n%zu n%zu   %8s   %8s   %9s",
        region.c_str(),
        i + 1,
        i + 2,
        i + 3,
        round_trip(region, "us-east").c_str(),
        round_trip(region, "eu-west").c_str(),
        round_trip(region, "ap-south").c_str());
    say(line);
  }
  say("\nNot for production: demo keys, everything on one machine.\n\nstarting nine nodes");
}

void Demo::print_nodes() {
  std::map<std::string, std::size_t> leading;
  for (const std::string& leader : shard_leaders(processes_.living_addresses())) ++leading[leader];
  say("  node  region     redis            links            process  leads");
  for (const DemoNode& node : processes_.nodes()) {
    const bool is_up = node.process != 0;
    char line[160];
    std::snprintf(
        line,
        sizeof line,
        "  %-5s %-10s %-16s %-16s %7s  %s",
        node.name.c_str(),
        node.region.c_str(),
        node.client_address.c_str(),
        node.link_address.c_str(),
        is_up ? std::to_string(node.process).c_str() : "-",
        is_up ? (std::to_string(leading[node.client_address]) + " shards").c_str() : "down");
    say(line);
  }
  if (leading.contains("")) say("  " + std::to_string(leading[""]) + " shards have no leader");
}

void Demo::print_workload() {
  const WorkloadReport report = workload_->report();
  char line[200];
  std::snprintf(
      line,
      sizeof line,
      "  workload  %.0f req/s   reads p50 %.1f p99 %.1f ms   writes p50 %.1f p99 %.1f ms   writes "
      "acked %llu   failed %llu",
      report.requests_per_second,
      report.reads.percentile_ms(0.50),
      report.reads.percentile_ms(0.99),
      report.writes.percentile_ms(0.50),
      report.writes.percentile_ms(0.99),
      static_cast<unsigned long long>(report.acknowledged),
      static_cast<unsigned long long>(report.failed));
  say(line);
}

std::string Demo::busiest() {
  std::map<std::string, std::size_t> leading;
  for (const std::string& leader : shard_leaders(processes_.living_addresses())) ++leading[leader];
  const auto most = std::max_element(
      processes_.nodes().begin(),
      processes_.nodes().end(),
      [&](const DemoNode& a, const DemoNode& b) {
        return leading[a.client_address] < leading[b.client_address];
      });
  return most->name;
}

int run_demo(const DemoOptions& options) {
  Demo demo(options);
  return demo.run();
}

}  // namespace harka::apps
