// SPDX-License-Identifier: Apache-2.0
// The parts of a node in the order in which they depend on each other, and how each is opened. A
// later part uses earlier ones; `close` undoes it in reverse.
#pragma once

#include "actors/catalogue.hpp"
#include "apps/config.hpp"
#include "apps/data_dir.hpp"
#include "apps/gateway_loop.hpp"
#include "runtime/caf/caf_host.hpp"
#include "runtime/directory.hpp"
#include "runtime/net/links.hpp"
#include "runtime/net/loop.hpp"
#include "runtime/registry.hpp"
#include "storage/disk.hpp"
#include "storage/engine.hpp"
#include "storage/log_store.hpp"
#include "storage/state_store.hpp"

#include <memory>
#include <vector>

namespace harka::apps {

struct NodeParts {
  NodeParts(const Config& settings, DataDir opened);

  // Each once, in this order; what is not open may be left out before `close`.
  [[nodiscard]] Result<void> open_stores();
  [[nodiscard]] Result<void> open_links();
  /// Without the tree: gateways must have their addresses before anything is sent to them.
  void open_actors();
  /// io_failed: the address is in use or not this machine's.
  [[nodiscard]] Result<void> open_gateways();
  /// The root of the tree and everything below it.
  void start_tree();

  /// Any number of times. Ends the process when some actor does not stop in time.
  void close();

  const Config config;
  DataDir data;
  NodeContext context;
  Directory directory;
  Registry registry;
  Catalogue catalogue;
  std::unique_ptr<storage::Engine> engine;
  std::unique_ptr<storage::Disk> disk;
  std::shared_ptr<storage::LogStoreThread> log_store;  // these are shared with the directory
  std::shared_ptr<storage::StateStoreThread> state_store;
  std::unique_ptr<net::EventLoop> link_loop;
  std::shared_ptr<net::Links> links;
  std::unique_ptr<CafHost> actors;
  std::vector<std::unique_ptr<GatewayLoop>> gateways;
  bool is_closed = false;
};

}  // namespace harka::apps
