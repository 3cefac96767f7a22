// SPDX-License-Identifier: Apache-2.0
// The commands that try a cluster out: demo, bench.
#include "apps/cli/options.hpp"

namespace harka::apps::cli {

namespace {

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
    options.exit_code = run_demo(options.demo);
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
    options.exit_code = run_bench(options.bench);
  });
}

}  // namespace

void add_trial_commands(CLI::App& app, Options& options) {
  add_demo_command(app, options);
  add_bench_command(app, options);
}

}  // namespace harka::apps::cli
