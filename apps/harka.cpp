// SPDX-License-Identifier: Apache-2.0
// The one binary. This file only maps words on the command line to commands; CLI11 stays here.
#include "apps/commands.hpp"
#include "apps/config.hpp"
#include "apps/output.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace {

using harka::admin::Format;
using harka::admin::Style;
using harka::apps::Config;
using harka::apps::Setting;

/// Flags of `harka start --help`; the others are for the file, and work here, too.
const std::set<std::string_view> shown_settings{
    "name",
    "region",
    "data",
    "seeds",
    "link_address",
    "client_address",
    "tls_ca",
    "tls_cert",
    "tls_key",
    "replicas",
    "password_file",
    "log_level"};

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

  [[nodiscard]] Style style() const {
    const Format chosen = *harka::admin::parse_format(is_json ? "json" : format);
    return harka::apps::style_for_stdout(chosen, !has_no_headers);
  }
};

/// Everything that parsing fills in.
struct Options {
  NodeFlags start;
  NodeFlags check;
  OutputFlags output;
  harka::apps::ClientOptions client;
  harka::apps::DemoOptions demo;
  harka::apps::BenchOptions bench;
  harka::apps::CertOptions cert;
  std::string explained;
  int exit_code = 0;
};

std::string flag_of(std::string_view name) {
  std::string flag = "--" + std::string(name);
  std::replace(flag.begin() + 2, flag.end(), '_', '-');
  return flag;
}

void add_node_flags(CLI::App& command, NodeFlags& flags) {
  command.add_option("--config", flags.config_path, "TOML file; flags override it")
      ->type_name("FILE");
  for (const Setting& setting : harka::apps::settings()) {
    auto value = std::make_shared<std::string>();
    flags.values.emplace_back(&setting, value);
    auto* option = command.add_option(flag_of(setting.name), *value, std::string(setting.help));
    option->type_name(std::string(setting.type));
    if (!shown_settings.contains(setting.name)) option->group("");
    if (setting.type == "boolean") option->expected(0, 1)->default_str("true");
  }
}

void add_output_flags(CLI::App& command, OutputFlags& flags) {
  command.add_option("-o,--output", flags.format, "table, wide, json, jsonl, yaml or name")
      ->check(CLI::IsMember(harka::admin::format_names()))
      ->type_name("FORMAT")
      ->envname("HARKA_OUTPUT");
  command.add_flag("--no-headers", flags.has_no_headers, "only the rows of a table");
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

void add_start_command(CLI::App& app, Options& options) {
  auto* start = app.add_subcommand("start", "run a node; with no flags a single durable node");
  add_node_flags(*start, options.start);
  start->footer(
      "More flags: every key of `harka config reference`, with dashes.\n\n"
      "Examples:\n"
      "  harka start                        one durable node on loopback\n"
      "  harka start --config node.toml --name n2");
  start->callback([start, &options] {
    auto config = effective_config(*start, options.start);
    options.exit_code = config.ok() ? harka::apps::run_node(config.value())
                                    : harka::apps::report_failure(config.error());
  });
}

void add_config_commands(CLI::App& app, Options& options) {
  auto* config = app.add_subcommand("config", "check or list configuration");
  config->require_subcommand(1);
  config->footer(
      "Examples:\n  harka config check --config node.toml\n  harka config reference > node.toml");
  auto* check = config->add_subcommand("check", "say whether a configuration is usable");
  add_node_flags(*check, options.check);
  add_output_flags(*check, options.output);
  check->callback([check, &options] {
    const auto made = effective_config(*check, options.check);
    if (!made.ok()) {
      options.exit_code = harka::apps::report_failure(
          options.output.style(), harka::admin::failure_of(made.error().code), made.error().detail);
      return;
    }
    harka::admin::Json document = harka::admin::make_document("ConfigCheck");
    document["ok"] = true;
    harka::apps::print_document(options.output.style(), document);
  });
  auto* reference = config->add_subcommand("reference", "every key with its default, as TOML");
  add_output_flags(*reference, options.output);
  reference->callback([reference, &options] {
    if (reference->get_option("--output")->count() > 0) {
      options.exit_code = harka::apps::run_config_reference(options.output.style());
    } else {
      std::cout << harka::apps::print_config(Config{});
    }
  });
}

void add_client_commands(CLI::App& app, Options& options) {
  auto& client = options.client;
  const auto add = [&](const std::string& name, const std::string& help, const std::string& more) {
    auto* command = app.add_subcommand(name, help);
    command->add_option("--node", client.address, "client address of a node")
        ->type_name("HOST:PORT")
        ->capture_default_str();
    command->add_option("--password", client.password, "for AUTH")->envname("HARKA_PASSWORD");
    add_output_flags(*command, options.output);
    command->footer("Examples:\n" + more);
    command->callback([&options, name] {
      options.client.style = options.output.style();
      options.exit_code = harka::apps::run_admin(options.client, name);
    });
    return command;
  };
  add("status",
      "one screen: is the cluster healthy, who is up, who leads",
      "  harka status\n  harka status --node 127.0.0.1:7402 -o json\n\nExits 1 when degraded.");
  add("actors",
      "the live actors of a node",
      "  harka actors\n  harka actors -o jsonl --node 127.0.0.1:7402");
  add("drain",
      "move all leaders away from a node, before stopping it",
      "  harka drain --node 127.0.0.1:7402");
  auto* init =
      add("init",
          "create a cluster from the nodes that are up, once",
          "  harka init --nodes 3\n  harka init --nodes 9 --shards 200 --replicas 3");
  init->add_option("--nodes", client.nodes, "refuse unless this many nodes are up");
  init->add_option("--shards", client.shards, "shards of the new cluster; fixed afterwards");
  init->add_option("--replicas", client.replicas, "replicas of each shard");
}

void add_demo_command(CLI::App& app, Options& options) {
  auto& demo = options.demo;
  auto* command =
      app.add_subcommand("demo", "three regions, nine nodes, a workload, kill -9, healing");
  command->add_option("--port-base", demo.port_base, "first of the fixed ports")
      ->check(CLI::Range(1, 65'000))
      ->capture_default_str();
  command->add_option("--data", demo.data, "keep the data here (default: a temporary folder)")
      ->type_name("DIR");
  command->add_option("--script", demo.script, "node-loss or region-loss: run it and exit")
      ->type_name("NAME")
      ->check(CLI::IsMember({"node-loss", "region-loss"}));
  command->add_option("--seconds", demo.warm_seconds, "workload before the kill")
      ->capture_default_str();
  command->add_flag("--json", options.output.is_json, "short for --output json");
  add_output_flags(*command, options.output);
  command->footer(
      "On a terminal it takes commands: kill, revive, status, quit. Otherwise, or with --script:\n"
      "  node-loss    kill -9 the node that leads most, watch it heal, bring it back\n"
      "  region-loss  the same with all three nodes of eu-west\n"
      "Then every acknowledged write is read again; exits 0 only if none is lost and all "
      "healed.\n\n"
      "Examples:\n"
      "  harka demo\n"
      "  harka demo --script region-loss --json");
  command->callback([&options] {
    options.demo.style = options.output.style();
    options.exit_code = harka::apps::run_demo(options.demo);
  });
}

void add_bench_command(CLI::App& app, Options& options) {
  auto& bench = options.bench;
  auto* command =
      app.add_subcommand("bench", "measure a cluster: operations a second and latencies");
  command
      ->add_option(
          "--node", bench.nodes, "client addresses of some nodes (default: start three here)")
      ->type_name("HOST:PORT,…")
      ->delimiter(',');
  command->add_option("--password", bench.password, "for AUTH")->envname("HARKA_PASSWORD");
  command->add_option("-c,--clients", bench.clients, "each with one request at a time")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("-P,--pipeline", bench.pipeline, "commands a request")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--reads", bench.read_ratio, "share of GET, 0 to 1; the rest is SET")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("-r,--keys", bench.keys, "size of the key space")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  command->add_option("-d,--value-bytes", bench.value_bytes, "size of a value")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  command->add_option("--seconds", bench.seconds, "measured")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  command->add_option("--warm-up", bench.warm_seconds, "seconds before")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  command->add_option("--port-base", bench.port_base, "ports of the nodes started here")
      ->check(CLI::Range(1, 65'000))
      ->capture_default_str();
  command
      ->add_option(
          "--data", bench.data, "where those keep their data (default: a temporary folder here)")
      ->type_name("DIR");
  add_output_flags(*command, options.output);
  command->footer(
      "A closed loop: compare latencies only at equal clients and pipeline. Exits 1 if there were "
      "errors.\n\n"
      "Examples:\n"
      "  harka bench --node 127.0.0.1:7401 --reads 0.9\n"
      "  harka bench -c 50 -P 16 --reads 0 -o json");
  command->callback([&options] {
    options.bench.style = options.output.style();
    options.exit_code = harka::apps::run_bench(options.bench);
  });
}

void add_cert_command(CLI::App& app, Options& options) {
  auto* command = app.add_subcommand("cert", "development certificates");
  command->require_subcommand(1);
  command->footer("Examples:\n  harka cert make tls --name n1");
  auto* make = command->add_subcommand("make", "an authority (once) and a node's certificate");
  make->add_option("directory", options.cert.directory, "where the files go")->required();
  make->add_option("--name", options.cert.name, "the node's name")->required();
  add_output_flags(*make, options.output);
  make->callback([&options] {
    options.cert.style = options.output.style();
    options.exit_code = harka::apps::run_cert_make(options.cert);
  });
}

void add_explain_command(CLI::App& app, Options& options) {
  auto* command = app.add_subcommand("explain", "what an error code means and what to do");
  command->add_option("code", options.explained, "for example HK3001; without it the list of all");
  add_output_flags(*command, options.output);
  command->callback([&options] {
    options.exit_code = harka::apps::run_explain(options.output.style(), options.explained);
  });
}

void add_sim_command(CLI::App& app, Options& options) {
  auto* command = app.add_subcommand("sim", "deterministic simulation; checks recorded histories");
  command->prefix_command();
  command->set_help_flag();
  command->callback(
      [command, &options] { options.exit_code = harka::apps::run_sim(command->remaining()); });
}

// --- What was wrong with a command line ----------------------------------------------------------

/// The words of `command` that start with a dash: what a mistyped flag may have meant.
std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

std::string did_you_mean(const std::string& near, const std::string& otherwise) {
  return near.empty() ? "; `" + otherwise + "` lists what there is"
                      : "; did you mean '" + near + "'?";
}

/// Follows the words as far as they are commands, then says which word is none.
std::string explain_mistake(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  std::string path = "harka";
  for (const std::string& word : words) {
    const std::vector<const CLI::App*> known = command->get_subcommands({});
    if (word.starts_with("-") && word.size() > 1) {
      const std::vector<std::string> flags = flags_of(*command);
      const std::string flag = word.substr(0, word.find('='));
      if (!word.starts_with("--") || std::find(flags.begin(), flags.end(), flag) != flags.end())
        continue;
      return "unknown flag '" + flag + "'" +
             did_you_mean(harka::apps::nearest(flag, flags), path + " --help");
    }
    if (known.empty()) continue;
    const auto found = std::find_if(
        known.begin(), known.end(), [&](const CLI::App* sub) { return sub->get_name() == word; });
    if (found == known.end()) {
      std::vector<std::string> names;
      for (const CLI::App* sub : known) names.push_back(sub->get_name());
      return "unknown command '" + word + "'" +
             did_you_mean(harka::apps::nearest(word, names), path + " --help");
    }
    command = *found;
    path += " " + word;
  }
  return {};
}

/// Parsing failed, so the format that was asked for must be read from the words themselves.
Format wanted_format(const std::vector<std::string>& words) {
  const char* fallback = std::getenv("HARKA_OUTPUT");
  std::string name = fallback == nullptr ? "table" : fallback;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--json") name = "json";
    if ((words[i] == "-o" || words[i] == "--output") && i + 1 < words.size()) name = words[i + 1];
    if (words[i].starts_with("--output=")) name = words[i].substr(9);
  }
  return harka::admin::parse_format(name).value_or(Format::table);
}

int run(std::vector<std::string> words) {
  CLI::App app("HARKA: a self-healing cluster of actors for AI products", "harka");
  app.require_subcommand(1);
  app.set_version_flag("--version", "harka " + harka::apps::version_text());
  app.footer(
      "Examples:\n"
      "  harka demo                         see a cluster heal, on this machine\n"
      "  harka start                        one durable node; then: redis-cli -p 7401\n"
      "  harka COMMAND --help               flags and examples of a command\n\n"
      "Output: -o table|wide|json|jsonl|yaml|name or HARKA_OUTPUT. Errors have codes: harka "
      "explain.");
  Options options;
  add_start_command(app, options);
  add_client_commands(app, options);
  add_config_commands(app, options);
  add_cert_command(app, options);
  add_demo_command(app, options);
  add_bench_command(app, options);
  add_sim_command(app, options);
  add_explain_command(app, options);
  if (!words.empty() && words[0] == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  if (words.empty()) {
    std::cerr << app.help();
    return harka::apps::exit_usage;
  }
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 wants them
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& failure) {  // CLI11 reports by exception; the border is here
    if (failure.get_exit_code() == 0) return app.exit(failure);
    const std::string mistake = explain_mistake(app, words);
    return harka::apps::report_failure(
        Style{wanted_format(words)},
        harka::admin::failure("HK2001"),
        mistake.empty() ? failure.what() : mistake);
  }
  return options.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "harka: bug: %s\n", failure.what());
    return harka::apps::exit_bug;
  }
}
