// SPDX-License-Identifier: Apache-2.0
// fork, exec, kill and wait; each child dies with the demo even if the demo is killed itself.
#include "apps/demo/processes.hpp"

#include "apps/listen_check.hpp"
#include "runtime/net/dev_ca.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>

namespace harka::apps {

namespace {

std::string loopback(int port) {
  return "127.0.0.1:" + std::to_string(port);
}

[[noreturn]] void become(const std::vector<std::string>& arguments, const std::string& log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);  // the parent blocks signals to read them
  const int file = ::open(log.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
  if (file >= 0) {
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
  }
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  std::vector<char*> words;
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  ::execv("/proc/self/exe", words.data());
  ::_exit(127);
}

}  // namespace

int demo_delay(const std::string& from, const std::string& to) {
  if (from == to) return 0;
  const auto either = [&](const char* a, const char* b) {
    return (from == a && to == b) || (from == b && to == a);
  };
  if (either("us-east", "eu-west")) return 41;
  if (either("us-east", "ap-south")) return 95;
  return 60;
}

DemoProcesses::DemoProcesses(ProcessPlan plan, std::string data)
    : plan_(std::move(plan)), data_(std::move(data)) {
  int number = 1;
  for (const std::string& region : plan_.regions) {
    for (int i = 0; i < plan_.nodes_a_region; ++i, ++number) {
      DemoNode node;
      node.name = "n" + std::to_string(number);
      node.region = region;
      node.client_address = loopback(plan_.port_base + number);
      node.link_address = loopback(plan_.port_base + 50 + number);
      nodes_.push_back(std::move(node));
    }
  }
}

DemoProcesses::~DemoProcesses() {
  for (DemoNode& node : nodes_) kill(node);
}

Result<void> DemoProcesses::check_ports() const {
  for (const DemoNode& node : nodes_) {
    for (const std::string& address : {node.client_address, node.link_address}) {
      if (auto free = check_listening("node " + node.name, address); !free.ok()) return free;
    }
  }
  return {};
}

Result<void> DemoProcesses::make_certificates() const {
  const std::string directory = data_ + "/tls";
  // A kept --data folder has them already.
  const auto is_failure = [](const Result<void>& made) {
    return !made.ok() && made.error().code != Code::already_exists;
  };
  if (auto made = net::make_dev_ca(directory); is_failure(made)) return made;
  for (const DemoNode& node : nodes_) {
    if (auto made = net::issue_node_certificate(directory, node.name); is_failure(made))
      return made;
  }
  return {};
}

std::vector<std::string> DemoProcesses::arguments_for(const DemoNode& node) const {
  std::string delays;
  for (const std::string& region : plan_.regions) {
    if (node.region == region || !plan_.has_distances) continue;
    delays += (delays.empty() ? "" : ",") + region + "=" +
              std::to_string(demo_delay(node.region, region)) + "ms";
  }
  const std::string tls = data_ + "/tls/";
  // The first node of each region is a seed.
  std::string seeds;
  for (std::size_t i = 0; i < nodes_.size(); i += static_cast<std::size_t>(plan_.nodes_a_region)) {
    seeds += (seeds.empty() ? "" : ",") + nodes_[i].link_address;
  }
  std::vector<std::string> words{
      "harka",
      "start",
      "--name",
      node.name,
      "--region",
      node.region,
      "--data",
      data_ + "/" + node.name,
      "--link-address",
      node.link_address,
      "--client-address",
      node.client_address,
      "--seeds",
      seeds,
      "--tls-ca",
      tls + "ca.pem",
      "--tls-cert",
      tls + node.name + ".pem",
      "--tls-key",
      tls + node.name + ".key",
      "--log-segment-bytes",
      "16MiB",
      "--threads",
      "1",
      "--drain-timeout",
      "1s"};
  if (!delays.empty()) words.insert(words.end(), {"--region-delay", delays});
  return words;
}

Result<void> DemoProcesses::start(DemoNode& node) {
  const std::vector<std::string> arguments = arguments_for(node);
  const std::string log = data_ + "/" + node.name + ".log";
  const pid_t child = ::fork();
  if (child < 0)
    return Error{Code::io_failed, std::string("cannot start: ") + std::strerror(errno)};
  if (child == 0) become(arguments, log);
  node.process = child;
  return {};
}

void DemoProcesses::kill(DemoNode& node) {
  if (node.process == 0) return;
  ::kill(node.process, SIGKILL);
  ::waitpid(node.process, nullptr, 0);
  node.process = 0;
}

void DemoProcesses::stop_all() {
  for (const DemoNode& node : nodes_) {
    if (node.process != 0) ::kill(node.process, SIGTERM);
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (DemoNode& node : nodes_) {
    while (node.process != 0 && std::chrono::steady_clock::now() < end) {
      if (::waitpid(node.process, nullptr, WNOHANG) == node.process) {
        node.process = 0;
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    }
    kill(node);
  }
}

DemoNode* DemoProcesses::find(const std::string& name) {
  for (DemoNode& node : nodes_) {
    if (node.name == name) return &node;
  }
  return nullptr;
}

std::vector<std::string> DemoProcesses::client_addresses() const {
  std::vector<std::string> addresses;
  for (const DemoNode& node : nodes_) addresses.push_back(node.client_address);
  return addresses;
}

std::vector<std::string> DemoProcesses::living_addresses() const {
  std::vector<std::string> addresses;
  for (const DemoNode& node : nodes_) {
    if (node.process != 0) addresses.push_back(node.client_address);
  }
  return addresses;
}

std::string DemoProcesses::find_ended() {
  for (DemoNode& node : nodes_) {
    if (node.process == 0 || ::waitpid(node.process, nullptr, WNOHANG) != node.process) continue;
    node.process = 0;
    std::ifstream log(data_ + "/" + node.name + ".log");
    std::string last;
    for (std::string line; std::getline(log, line);) {
      if (!line.empty()) last = line;
    }
    return node.name + " ended by itself: " + last;
  }
  return {};
}

}  // namespace harka::apps
