// SPDX-License-Identifier: Apache-2.0
// The commands behind the words of the command line; each returns the process's exit code.
#pragma once

#include "admin/render.hpp"
#include "apps/config.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace harka::apps {

struct ClientOptions {
  std::string address = "127.0.0.1:7401";
  std::string password;
  admin::Style style;
  std::uint32_t nodes = 0;  // init; 0: not given
  std::uint32_t shards = 0;
  std::uint32_t replicas = 0;
};

struct DemoOptions {
  std::uint16_t port_base = 7400;
  std::string data;    // empty: a temporary folder, deleted at the end
  std::string script;  // empty: interactive on a terminal, else node-loss
  admin::Style style;  // of the report; with another format than table, the story is on stderr
  std::uint32_t warm_seconds = 5;
};

struct CertOptions {
  std::string directory;
  std::string name;
  admin::Style style;
};

struct BenchOptions {
  std::vector<std::string> nodes;  // client addresses; empty: a temporary cluster
  std::string password;
  std::uint16_t port_base = 7600;  // of the temporary cluster
  std::string data;                // of the temporary cluster; empty: a temporary folder
  std::uint32_t clients = 50;
  std::uint32_t pipeline = 1;
  double read_ratio = 0.5;
  std::uint64_t keys = 100'000;
  std::uint32_t value_bytes = 100;
  std::uint32_t seconds = 10;
  std::uint32_t warm_seconds = 2;
  admin::Style style;
};

[[nodiscard]] std::string version_text();

/// Runs a node until SIGTERM or SIGINT; drains first.
[[nodiscard]] int run_node(const Config& config);
/// Asks a running node; prints the answer.
[[nodiscard]] int run_admin(const ClientOptions& options, const std::string& verb);
[[nodiscard]] int run_demo(const DemoOptions& options);
[[nodiscard]] int run_bench(const BenchOptions& options);
/// Without an id, the list of all.
[[nodiscard]] int run_explain(const admin::Style& style, const std::string& id);
[[nodiscard]] int run_config_reference(const admin::Style& style);
[[nodiscard]] int run_cert_make(const CertOptions& options);
[[nodiscard]] int run_sim(const std::vector<std::string>& arguments);
[[nodiscard]] int run_check(const std::vector<std::string>& arguments);

}  // namespace harka::apps
