// SPDX-License-Identifier: Apache-2.0
// `harka start`: a node until a signal says stop, and `harka cert make`.
#include <csignal>
#include <filesystem>
#include <iostream>

#include "apps/commands.hpp"
#include "apps/exit_code.hpp"
#include "apps/node.hpp"
#include "base/log.hpp"
#include "runtime/net/dev_ca.hpp"

namespace harka::apps {

namespace {

log::Level level_of(const std::string& name) {
  if (name == "trace") return log::Level::trace;
  if (name == "debug") return log::Level::debug;
  if (name == "warning") return log::Level::warning;
  if (name == "error") return log::Level::error;
  return log::Level::info;
}

int startup_exit_code(const Error& error) {
  // At start an I/O error is about an address or a path the operator chose, not a failing disk.
  return error.code == Code::io_failed ? exit_usage : exit_code_of(error);
}

}  // namespace

int run_node(const Config& config) {
  log::configure(log::Options{level_of(config.log_level), config.log_file, config.name});
  // Block the signals before any thread starts, so that only sigwait below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  Result<std::unique_ptr<Node>> node = Node::start(config);
  if (!node.ok()) {
    std::cerr << "harka: " << node.error().detail << '\n';
    return startup_exit_code(node.error());
  }
  log::info("node", "ready: clients on " + config.client_address + ", links on " + config.link_address);
  int caught = 0;
  sigwait(&signals, &caught);
  log::info("node", "draining; a second signal stops at once");
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  const bool is_drained = node.value()->drain();
  log::info("node", is_drained ? "drained" : "stopping with leaders left: nobody could take them");
  node.value()->stop();
  return exit_done;
}

int run_cert_make(const CertOptions& options) {
  std::error_code failure;
  std::filesystem::create_directories(options.directory, failure);
  if (failure) {
    std::cerr << "harka: cannot make " << options.directory << ": " << failure.message() << '\n';
    return exit_usage;
  }
  const Result<void> authority = net::make_dev_ca(options.directory);
  if (!authority.ok() && authority.error().code != Code::already_exists) {
    std::cerr << "harka: " << authority.error().detail << '\n';
    return exit_code_of(authority.error());
  }
  const Result<void> issued = net::issue_node_certificate(options.directory, options.name);
  if (!issued.ok()) {
    std::cerr << "harka: " << issued.error().detail << '\n';
    return exit_code_of(issued.error());
  }
  const net::TlsFiles files = net::dev_tls_files(options.directory, options.name);
  std::cout << files.ca << '\n' << files.certificate << '\n' << files.key << '\n';
  return exit_done;
}

}  // namespace harka::apps
