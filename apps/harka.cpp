// SPDX-License-Identifier: Apache-2.0
// The one binary. This file only maps words on the command line to commands; CLI11 stays here.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/commands.hpp"
#include "apps/config.hpp"
#include "apps/exit_code.hpp"

namespace {

using harka::apps::Config;
using harka::apps::Setting;

/// Flags given on the command line, applied over the file.
struct NodeFlags {
  std::string config_path;
  std::vector<std::pair<const Setting*, std::shared_ptr<std::string>>> values;
};

std::string flag_of(std::string_view name) {
  std::string flag = "--" + std::string(name);
  std::replace(flag.begin() + 2, flag.end(), '_', '-');
  return flag;
}

void add_node_flags(CLI::App& command, NodeFlags& flags) {
  command.add_option("--config", flags.config_path, "TOML file; flags override it");
  for (const Setting& setting : harka::apps::settings()) {
    auto value = std::make_shared<std::string>();
    flags.values.emplace_back(&setting, value);
    auto* option = command.add_option(flag_of(setting.name), *value, std::string(setting.help));
    option->type_name(std::string(setting.type));
    if (setting.type == "boolean") option->expected(0, 1)->default_str("true");
  }
}

harka::Result<Config> effective_config(CLI::App& command, const NodeFlags& flags) {
  Config config;
  if (!flags.config_path.empty()) {
    if (auto loaded = harka::apps::load_config(flags.config_path, config); !loaded.ok()) {
      return loaded.error();
    }
  }
  for (const auto& [setting, value] : flags.values) {
    const auto* option = command.get_option(flag_of(setting->name));
    if (option->count() == 0) continue;
    const std::string text = value->empty() && setting->type == "boolean" ? "true" : *value;
    if (auto set = setting->set(config, text); !set.ok()) {
      return harka::Error{set.error().code, flag_of(setting->name) + ": " + set.error().detail};
    }
  }
  if (auto checked = harka::apps::check_config(config); !checked.ok()) return checked.error();
  return config;
}

int complain(const harka::Error& error) {
  std::cerr << "harka: " << error.detail << '\n';
  return harka::apps::exit_code_of(error);
}

void suggest(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands({})) known.push_back(command->get_name());
  if (std::find(known.begin(), known.end(), argv[1]) != known.end()) return;
  const std::string near = harka::apps::nearest(argv[1], known);
  std::cerr << "harka: unknown command '" << argv[1] << "'"
            << (near.empty() ? "; `harka --help` lists the commands"
                             : "; did you mean '" + near + "'?")
            << '\n';
}

void add_config_commands(CLI::App& app, NodeFlags& flags, int& exit_code) {
  auto* config = app.add_subcommand("config", "check, print or explain configuration");
  config->require_subcommand(1);
  auto* check = config->add_subcommand("check", "say whether a configuration is usable");
  add_node_flags(*check, flags);
  check->callback([check, &flags, &exit_code] {
    const auto made = effective_config(*check, flags);
    exit_code = made.ok() ? 0 : complain(made.error());
    if (made.ok()) std::cout << "ok\n";
  });
  auto* reference = config->add_subcommand("reference", "every key with its default");
  reference->callback([] { std::cout << harka::apps::print_config(Config{}); });
}

void add_client_commands(CLI::App& app, harka::apps::ClientOptions& client, int& exit_code) {
  const auto add = [&](const std::string& name, const std::string& help, std::string verb) {
    auto* command = app.add_subcommand(name, help);
    command->add_option("--node", client.address, "client address of a node")->capture_default_str();
    command->add_option("--password", client.password, "for AUTH")->envname("HARKA_PASSWORD");
    command->add_option("-o,--output", client.output, "table or json")
        ->check(CLI::IsMember({"table", "json"}))
        ->envname("HARKA_OUTPUT");
    command->callback([&client, &exit_code, verb = std::move(verb)] {
      exit_code = harka::apps::run_admin(client, verb);
    });
    return command;
  };
  add("status", "one screen: is the cluster healthy, who is up, who leads", "status");
  add("actors", "the live actors of a node", "actors");
  add("drain", "move all leaders away from a node", "drain");
  auto* init = add("init", "create a cluster from the nodes that are up", "init");
  init->add_option("--nodes", client.nodes, "refuse unless this many nodes are up");
  init->add_option("--shards", client.shards, "shards of the new cluster");
  init->add_option("--replicas", client.replicas, "replicas of each shard");
}

void add_demo_command(CLI::App& app, harka::apps::DemoOptions& demo, int& exit_code) {
  auto* command = app.add_subcommand("demo", "three regions, nine nodes, a workload, one kill");
  command->add_option("--port-base", demo.port_base, "first of the fixed ports")->capture_default_str();
  command->add_option("--data", demo.data, "keep the data here (default: a temporary folder)");
  command->add_option("--script", demo.script, "node-loss: run it and exit")
      ->check(CLI::IsMember({"node-loss", "region-loss"}));
  command->add_flag("--json", demo.json, "the report as JSON");
  command->add_option("--seconds", demo.warm_seconds, "workload before the kill")->capture_default_str();
  command->callback([&demo, &exit_code] { exit_code = harka::apps::run_demo(demo); });
}

void add_cert_command(CLI::App& app, harka::apps::CertOptions& cert, int& exit_code) {
  auto* command = app.add_subcommand("cert", "development certificates");
  command->require_subcommand(1);
  auto* make = command->add_subcommand("make", "an authority (once) and a node's certificate");
  make->add_option("directory", cert.directory, "where the files go")->required();
  make->add_option("--name", cert.name, "the node's name")->required();
  make->callback([&cert, &exit_code] { exit_code = harka::apps::run_cert_make(cert); });
}

void add_passed_through(
    CLI::App& app, const std::string& name, const std::string& help,
    int (*run)(const std::vector<std::string>&), int& exit_code) {
  auto* command = app.add_subcommand(name, help);
  command->prefix_command();
  command->set_help_flag();
  command->callback([command, run, &exit_code] { exit_code = run(command->remaining()); });
}

int run(int argc, char** argv) {
  CLI::App app("HARKA: a self-healing cluster of actors for AI products", "harka");
  app.require_subcommand(1);
  app.set_version_flag("--version", harka::apps::version_text());
  int exit_code = 0;
  NodeFlags start_flags;
  NodeFlags check_flags;
  harka::apps::ClientOptions client;
  harka::apps::DemoOptions demo;
  harka::apps::CertOptions cert;
  auto* start = app.add_subcommand("start", "run a node; with no flags a single durable node");
  add_node_flags(*start, start_flags);
  start->callback([start, &start_flags, &exit_code] {
    auto config = effective_config(*start, start_flags);
    exit_code = config.ok() ? harka::apps::run_node(config.value()) : complain(config.error());
  });
  add_config_commands(app, check_flags, exit_code);
  add_client_commands(app, client, exit_code);
  add_demo_command(app, demo, exit_code);
  add_cert_command(app, cert, exit_code);
  add_passed_through(app, "sim", "deterministic simulation; checks recorded histories", harka::apps::run_sim, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {  // CLI11 reports by exception; the border is here
    if (failure.get_exit_code() == 0) return app.exit(failure);
    suggest(app, argc, argv);
    app.exit(failure, std::cerr, std::cerr);
    return harka::apps::exit_usage;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "harka: bug: %s\n", failure.what());
    return harka::apps::exit_bug;
  }
}
