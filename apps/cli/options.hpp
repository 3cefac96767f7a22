// SPDX-License-Identifier: Apache-2.0
// The words of the command line: what CLI11 fills in, and who adds which commands to it. CLI11
// stays in this folder and in harka.cpp.
#pragma once

#include "apps/commands.hpp"
#include "apps/config.hpp"
#include "apps/output.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace harka::apps::cli {

/// Flags given on the command line, applied over the file.
struct NodeFlags {
  std::string config_path;
  std::vector<std::pair<const Setting*, std::shared_ptr<std::string>>> values;
};

/// What a command prints and how; `style` is only known once everything is parsed.
struct OutputFlags {
  std::string format = "table";
  bool has_no_headers = false;
  bool is_json = false;  // the demo's shorthand

  [[nodiscard]] admin::Style style() const {
    const admin::Format chosen = *admin::parse_format(is_json ? "json" : format);
    return style_for_stdout(chosen, !has_no_headers);
  }
};

/// Everything that parsing fills in.
struct Options {
  NodeFlags start;
  NodeFlags check;
  OutputFlags output;
  ClientOptions client;
  DemoOptions demo;
  BenchOptions bench;
  CertOptions cert;
  std::string explained;
  int exit_code = 0;
};

void add_output_flags(CLI::App& command, OutputFlags& flags);

/// start, config, cert.
void add_node_commands(CLI::App& app, Options& options);
/// status, actors, drain, init.
void add_client_commands(CLI::App& app, Options& options);
/// demo, bench.
void add_trial_commands(CLI::App& app, Options& options);

/// Which of the words is no command or flag, and what may have been meant; empty when none is.
[[nodiscard]] std::string explain_mistake(
    const CLI::App& app, const std::vector<std::string>& words);
/// The format that was asked for, read from the words themselves: for when parsing failed.
[[nodiscard]] admin::Format wanted_format(const std::vector<std::string>& words);

}  // namespace harka::apps::cli
