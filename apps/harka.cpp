// SPDX-License-Identifier: Apache-2.0
// The one binary. This file only maps words on the command line to commands.
#include "apps/cli/options.hpp"

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

namespace {

using harka::apps::cli::Options;

void add_explain_command(CLI::App& app, Options& options) {
  auto* command = app.add_subcommand("explain", "what an error code means and what to do");
  command->add_option("code", options.explained, "for example HK3001; without it the list of all");
  harka::apps::cli::add_output_flags(*command, options.output);
  command->callback([&options] {
    options.exit_code = harka::apps::run_explain(options.output.style(), options.explained);
  });
}

/// A command that reads its own words.
void add_own_command(
    CLI::App& app,
    Options& options,
    const char* name,
    const char* what,
    int (*run)(const std::vector<std::string>& words)) {
  auto* command = app.add_subcommand(name, what);
  command->prefix_command();
  command->set_help_flag();
  command->callback([command, run, &options] { options.exit_code = run(command->remaining()); });
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
  harka::apps::cli::add_node_commands(app, options);
  harka::apps::cli::add_client_commands(app, options);
  harka::apps::cli::add_trial_commands(app, options);
  add_own_command(app, options, "sim", "deterministic simulation", harka::apps::run_sim);
  add_own_command(
      app, options, "check", "is a recorded history of clients right?", harka::apps::run_check);
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
    const std::string mistake = harka::apps::cli::explain_mistake(app, words);
    return harka::apps::report_failure(
        harka::admin::Style{harka::apps::cli::wanted_format(words)},
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
