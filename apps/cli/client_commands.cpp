// SPDX-License-Identifier: Apache-2.0
// The commands that ask a running node.
#include "apps/cli/options.hpp"

namespace harka::apps::cli {

void add_output_flags(CLI::App& command, OutputFlags& flags) {
  command.add_option("-o,--output", flags.format, "table, wide, json, jsonl, yaml or name")
      ->check(CLI::IsMember(admin::format_names()))
      ->type_name("FORMAT")
      ->envname("HARKA_OUTPUT");
  command.add_flag("--no-headers", flags.has_no_headers, "only the rows of a table");
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
      options.exit_code = run_admin(options.client, name);
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

}  // namespace harka::apps::cli
