// SPDX-License-Identifier: Apache-2.0
// The commands behind the words of the command line; each returns the process's exit code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/config.hpp"

namespace harka::apps {

struct ClientOptions {
  std::string address = "127.0.0.1:7401";
  std::string password;
  std::string output = "table";
  std::uint32_t nodes = 0;     // init; 0: not given
  std::uint32_t shards = 0;
  std::uint32_t replicas = 0;
};

struct DemoOptions {
  std::uint16_t port_base = 7400;
  std::string data;            // empty: a temporary folder, deleted at the end
  std::string script;          // empty: interactive on a terminal, else node-loss
  bool json = false;
  std::uint32_t warm_seconds = 5;
};

struct CertOptions {
  std::string directory;
  std::string name;
};

[[nodiscard]] std::string version_text();

/// Runs a node until SIGTERM or SIGINT; drains first.
[[nodiscard]] int run_node(const Config& config);
/// Asks a running node; prints the answer.
[[nodiscard]] int run_admin(const ClientOptions& options, const std::string& verb);
[[nodiscard]] int run_demo(const DemoOptions& options);
[[nodiscard]] int run_cert_make(const CertOptions& options);
[[nodiscard]] int run_sim(const std::vector<std::string>& arguments);

}  // namespace harka::apps
