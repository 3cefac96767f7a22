// SPDX-License-Identifier: Apache-2.0
// The commands that make a node: start, config, cert.
#include "apps/cli/options.hpp"
#include "apps/config_check.hpp"
#include "apps/config_file.hpp"

#include <algorithm>
#include <iostream>
#include <optional>
#include <set>

namespace harka::apps::cli {

namespace {

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

std::string flag_of(std::string_view name) {
  std::string flag = "--" + std::string(name);
  std::replace(flag.begin() + 2, flag.end(), '_', '-');
  return flag;
}

void add_node_flags(CLI::App& command, NodeFlags& flags) {
  command.add_option("--config", flags.config_path, "TOML file; flags override it")
      ->type_name("FILE");
  for (const Setting& setting : settings()) {
    auto value = std::make_shared<std::string>();
    flags.values.emplace_back(&setting, value);
    auto* option = command.add_option(flag_of(setting.name), *value, std::string(setting.help));
    option->type_name(std::string(setting.type));
    if (!shown_settings.contains(setting.name)) option->group("");
    if (setting.type == "boolean") option->expected(0, 1)->default_str("true");
  }
}

/// The file, then the flags over it, then how all of it fits together: whatever is wrong, at once.
Mistakes read_config(const CLI::App& command, const NodeFlags& flags, Config& config) {
  Mistakes mistakes;
  if (!flags.config_path.empty()) mistakes = load_config(flags.config_path, config);
  for (const auto& [setting, value] : flags.values) {
    const auto* option = command.get_option(flag_of(setting->name));
    if (option->count() == 0) continue;
    const std::string text = value->empty() && setting->type == "boolean" ? "true" : *value;
    if (const Result<void> set = setting->set(config, text); !set.ok()) {
      mistakes.push_back(flag_of(setting->name) + ": " + set.error().detail);
    }
  }
  const Mistakes unfit = check_config(config);
  mistakes.insert(mistakes.end(), unfit.begin(), unfit.end());
  return mistakes;
}

/// The exit code when something is wrong.
std::optional<int> report_mistakes(
    const admin::Style& style, const Config& config, Mistakes mistakes) {
  const auto log_file = check_log_file(config.log_file);
  if (mistakes.empty() && !log_file) return std::nullopt;
  const admin::Failure& failure = admin::failure(mistakes.empty() ? "HK2004" : "HK2002");
  if (log_file) mistakes.push_back(*log_file);
  return report_failure(style, failure, mistakes);
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
    Config config;
    const Mistakes mistakes = read_config(*start, options.start, config);
    const std::optional<int> failed = report_mistakes(admin::Style{}, config, mistakes);
    options.exit_code = failed ? *failed : run_node(config);
  });
}

void add_config_commands(CLI::App& app, Options& options) {
  auto* group = app.add_subcommand("config", "check or list configuration");
  group->require_subcommand(1);
  group->footer(
      "Examples:\n  harka config check --config node.toml\n  harka config reference > node.toml");
  auto* check = group->add_subcommand("check", "say whether a configuration is usable");
  add_node_flags(*check, options.check);
  add_output_flags(*check, options.output);
  check->callback([check, &options] {
    Config config;
    const Mistakes mistakes = read_config(*check, options.check, config);
    if (const auto failed = report_mistakes(options.output.style(), config, mistakes)) {
      options.exit_code = *failed;
      return;
    }
    admin::Json document = admin::make_document("ConfigCheck");
    document["ok"] = true;
    print_document(options.output.style(), document);
  });
  auto* reference = group->add_subcommand("reference", "every key with its default, as TOML");
  add_output_flags(*reference, options.output);
  reference->callback([reference, &options] {
    if (reference->get_option("--output")->count() > 0) {
      options.exit_code = run_config_reference(options.output.style());
    } else {
      std::cout << print_config(Config{});
    }
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
    options.exit_code = run_cert_make(options.cert);
  });
}

}  // namespace

void add_node_commands(CLI::App& app, Options& options) {
  add_start_command(app, options);
  add_config_commands(app, options);
  add_cert_command(app, options);
}

}  // namespace harka::apps::cli
