// SPDX-License-Identifier: Apache-2.0
#include "apps/node_parts.hpp"

#include "apps/admin_port.hpp"
#include "apps/endings.hpp"
#include "apps/exit_code.hpp"
#include "apps/node_options.hpp"
#include "apps/node_ports.hpp"
#include "base/log.hpp"
#include "gateway/listener.hpp"
#include "storage/file_disk.hpp"
#include "storage/late_disk.hpp"
#include "storage/lmdb_engine.hpp"

#include <unistd.h>

#include <utility>

namespace harka::apps {

namespace {

constexpr Duration stop_bound = 5s;  // for all actors together

/// Loops that share a port would share it with another process of this user, too.
Result<void> check_unshared(gateway::Options options) {
  if (!std::exchange(options.shares_port, false)) return {};
  const Result<gateway::Listening> alone = gateway::open_listener(options);
  if (!alone.ok()) return alone.error();
  ::close(alone.value().socket);
  return {};
}

}  // namespace

NodeParts::NodeParts(const Config& settings, DataDir opened)
    : config(settings),
      data(std::move(opened)),
      context(context_of(config, data)),
      directory(context.node),
      catalogue(context) {}

Result<void> NodeParts::open_stores() {
  Result<std::unique_ptr<storage::Disk>> folder = storage::open_file_disk(data.path() + "/log");
  if (!folder.ok()) return folder.error();
  disk = std::move(folder).value();
  if (!config.unsafe.empty()) {
    log::error("node", "unsafe = " + config.unsafe + ": this node loses acknowledged writes");
    disk = storage::make_late_disk(std::move(disk));
  }
  const Result<storage::LogOptions> options = log_options_of(config, data);
  if (!options.ok()) return options.error();
  Result<std::unique_ptr<storage::SegmentLog>> log =
      storage::SegmentLog::open(*disk, options.value());
  if (!log.ok()) return log.error();
  if (log.value()->is_damaged()) {
    log::error(
        "log",
        "acknowledged data is damaged or gone; replicas here do not vote until their leaders "
        "have brought them up again");
  }
  // After the log: where there is a log without a state, the state was taken away.
  storage::LmdbOptions lmdb;
  lmdb.directory = data.path() + "/state";
  lmdb.data_id = data.data_id();
  lmdb.on_damage = stop_for_damage;
  guard_state(lmdb.directory);
  Result<std::unique_ptr<storage::Engine>> opened = storage::open_lmdb_engine(lmdb);
  if (!opened.ok()) return opened.error();
  engine = std::move(opened).value();
  context.engine = engine.get();
  log_store =
      std::make_shared<storage::LogStoreThread>(std::move(log).value(), directory, stop_for_disk);
  state_store = std::make_shared<storage::StateStoreThread>(*engine, directory, stop_for_disk);
  directory.bind(address_of(context.node, msg::ActorKind::log_store), log_store);
  directory.bind(address_of(context.node, msg::ActorKind::state_store), state_store);
  return {};
}

Result<void> NodeParts::open_links() {
  link_loop = std::make_unique<net::EventLoop>("links");
  net::LinkOptions options = link_options_of(config, context);
  options.on_rejected = stop_for_rejection;
  Result<std::shared_ptr<net::Links>> started =
      net::Links::start(*link_loop, directory, std::move(options));
  if (!started.ok()) return started.error();
  links = std::move(started).value();
  // Membership addresses a seed by the alias of its host:port; links must know what to dial.
  for (const std::string& seed : config.seeds) links->connect_seed(seed);
  for (const auto& [region, delay] : config.region_delay) links->set_region_delay(region, delay);
  directory.bind_links(links);
  directory.bind(
      address_of(context.node, msg::ActorKind::links), std::make_shared<LinksPort>(links));
  return {};
}

void NodeParts::open_actors() {
  directory.bind(
      address_of(context.node, msg::ActorKind::admin),
      std::make_shared<AdminPort>(directory, registry, *log_store, *links));
  CafHost::Options options;
  options.worker_threads = config.threads;
  options.seed = context.epoch.value ^ context.data_id;  // differs between any two starts
  options.root_failed = [](const std::string& reason) {
    log::error("node", "the root supervisor gave up: " + reason);
    ::_exit(exit_bug);
  };
  actors = std::make_unique<CafHost>(options, directory, catalogue, registry);
}

Result<void> NodeParts::open_gateways() {
  const Result<gateway::Options> options = gateway_options_of(config, context);
  if (!options.ok()) return options.error();
  if (Result<void> free = check_unshared(options.value()); !free.ok()) return free;
  for (std::uint32_t index = 0; index < config.gateway_threads; ++index) {
    Result<std::unique_ptr<GatewayLoop>> gateway = GatewayLoop::start(
        index,
        GatewayLoop::Parts{directory, catalogue, registry, context, stop_for_bug},
        options.value());
    if (!gateway.ok()) return gateway.error();
    gateways.push_back(std::move(gateway).value());
  }
  return {};
}

void NodeParts::start_tree() {
  actors->start_root(node_tree(context));
}

void NodeParts::close() {
  if (std::exchange(is_closed, true)) return;
  for (const auto& gateway : gateways) gateway->stop();
  gateways.clear();
  if (actors != nullptr && !actors->stop(stop_bound)) {
    log::error("node", "some actor did not stop; leaving without it");
    ::_exit(exit_bug);
  }
  if (links != nullptr) links->stop();
  if (link_loop != nullptr) link_loop->stop();
  if (log_store != nullptr) log_store->stop();
  if (state_store != nullptr) state_store->stop();
  actors.reset();
}

}  // namespace harka::apps
