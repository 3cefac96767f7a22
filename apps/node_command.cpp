// SPDX-License-Identifier: Apache-2.0
// `harka start`: a node until a signal says stop, and `harka cert make`.
#include "apps/commands.hpp"
#include "apps/node.hpp"
#include "apps/output.hpp"
#include "base/log.hpp"
#include "base/thread.hpp"
#include "runtime/net/dev_ca.hpp"

#include <csignal>
#include <filesystem>

namespace harka::apps {

namespace {

log::Level level_of(const std::string& name) {
  if (name == "trace") return log::Level::trace;
  if (name == "debug") return log::Level::debug;
  if (name == "warning") return log::Level::warning;
  if (name == "error") return log::Level::error;
  return log::Level::info;
}

}  // namespace

int run_node(const Config& config) {
  const log::Options options{level_of(config.log_level), config.log_file, config.name};
  if (Result<void> opened = log::configure(options); !opened.ok()) {
    return report_failure(admin::Style{}, admin::failure("HK2004"), opened.error().detail);
  }
  // Block the signals before any thread starts, so that only sigwait below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  prefer_throughput();

  std::variant<std::unique_ptr<Node>, StartFailure> started = Node::start(config);
  if (const auto* why = std::get_if<StartFailure>(&started)) {
    if (!config.log_file.empty()) {
      log::error("node", std::string(why->failure->id) + " " + why->detail);
    }
    return report_failure(admin::Style{}, *why->failure, why->detail);
  }
  const std::unique_ptr<Node> node = std::get<std::unique_ptr<Node>>(std::move(started));
  log::info(
      "node", "ready: clients on " + config.client_address + ", links on " + config.link_address);
  int caught = 0;
  sigwait(&signals, &caught);
  log::info("node", "draining; a second signal stops at once");
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  const bool is_drained = node->drain();
  log::info("node", is_drained ? "drained" : "stopping with leaders left: nobody could take them");
  node->stop();
  return exit_done;
}

int run_cert_make(const CertOptions& options) {
  std::error_code failure;
  std::filesystem::create_directories(options.directory, failure);
  if (failure) {
    return report_failure(
        options.style,
        admin::failure("HK2004"),
        "cannot make " + options.directory + ": " + failure.message());
  }
  const auto fail = [&](const Error& error) {
    return report_failure(options.style, admin::failure_of(error.code), error.detail);
  };
  const Result<void> authority = net::make_dev_ca(options.directory);
  if (!authority.ok() && authority.error().code != Code::already_exists) {
    return fail(authority.error());
  }
  const Result<void> issued = net::issue_node_certificate(options.directory, options.name);
  if (!issued.ok()) return fail(issued.error());
  const net::TlsFiles files = net::dev_tls_files(options.directory, options.name);
  admin::Json document = admin::make_document("FileList");
  document["items"] = admin::Json::array();
  document["items"].push_back({{"name", "authority"}, {"path", files.ca}});
  document["items"].push_back({{"name", "certificate"}, {"path", files.certificate}});
  document["items"].push_back({{"name", "key"}, {"path", files.key}});
  document["warnings"] = admin::Json::array();
  print_document(options.style, document);
  return exit_done;
}

}  // namespace harka::apps
