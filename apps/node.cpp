// SPDX-License-Identifier: Apache-2.0
// The wiring of a node. No decisions here: every part is made from the configuration and handed the
// parts it needs.
#include "apps/node.hpp"

#include "actors/catalogue.hpp"
#include "apps/admin_port.hpp"
#include "apps/commands.hpp"
#include "apps/data_dir.hpp"
#include "apps/endings.hpp"
#include "apps/exit_code.hpp"
#include "apps/gateway_loop.hpp"
#include "apps/port_holder.hpp"
#include "apps/values.hpp"
#include "base/log.hpp"
#include "gateway/listener.hpp"
#include "runtime/caf/caf_host.hpp"
#include "runtime/net/links.hpp"
#include "storage/file_disk.hpp"
#include "storage/lmdb_engine.hpp"
#include "storage/log_store.hpp"
#include "storage/state_store.hpp"

#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <utility>

namespace harka::apps {

namespace {

/// Says who has the port, if that can be found out.
Error named_holder(const std::string& address, const Error& error) {
  const Result<HostPort> parsed = parse_address(address);
  if (error.code != Code::io_failed || !parsed.ok()) return error;
  const std::string holder = holder_of_port(parsed.value().port);
  return Error{
      error.code,
      error.detail + (holder.empty() ? "; `ss -ltnp` as root shows who has the port"
                                     : "; " + holder + " has the port")};
}

std::vector<net::PeerInfo> owners_of(const msg::ClusterMap& map) {
  std::vector<net::PeerInfo> owners;
  for (const msg::NodeRecord& record : map.nodes) {
    net::PeerInfo owner;
    owner.node = NodeId{record.node};
    owner.name = record.name;
    owner.link_address = record.link_address;
    owner.data_id = record.data_id;
    owners.push_back(std::move(owner));
  }
  return owners;
}

/// Makes links follow the cluster id that control announces.
class LinksPort final : public Port {
 public:
  explicit LinksPort(std::shared_ptr<net::Links> links) : links_(std::move(links)) {}

  bool post(EnvelopePtr envelope) override {
    if (const auto* update = std::get_if<msg::MapUpdate>(&envelope->body)) {
      links_->set_cluster_id(update->map.cluster_id);
      links_->set_owners(owners_of(update->map));
      return true;
    }
    return links_->post(std::move(envelope));
  }

 private:
  std::shared_ptr<net::Links> links_;
};

/// Waits for one answer.
class Waiter final : public Port {
 public:
  bool post(EnvelopePtr envelope) override {
    const std::lock_guard lock(mutex_);
    if (const auto* progress = std::get_if<msg::DrainProgress>(&envelope->body)) {
      is_done_ = is_done_ || progress->done;
      wake_.notify_all();
    }
    return true;
  }

  bool wait(Duration bound) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, bound, [this] { return is_done_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_done_ = false;
};

constexpr std::uint32_t waiter_index = 1000;  // a client address that no gateway loop has

Result<std::string> read_password(const Config& config) {
  if (config.password_file.empty()) return config.password;
  std::ifstream file(config.password_file);
  std::string line;
  if (!std::getline(file, line) || line.empty()) {
    return Error{
        Code::invalid_argument, config.password_file + " holds no password in its first line"};
  }
  return line;
}

/// Loops that share a port would share it with another process of this user, too.
Result<void> check_unshared(gateway::Options options) {
  if (!std::exchange(options.shares_port, false)) return {};
  const Result<gateway::Listening> alone = gateway::open_listener(options);
  if (!alone.ok()) return alone.error();
  ::close(alone.value().socket);
  return {};
}

NodeContext context_of(const Config& config, const DataDir& data) {
  NodeContext context;
  context.node = node_id_of(config.name);
  context.epoch = data.epoch();
  context.data_id = data.data_id();
  context.name = config.name;
  context.region = config.region;
  context.link_address =
      config.advertise_link.empty() ? config.link_address : config.advertise_link;
  context.client_address =
      config.advertise_client.empty() ? config.client_address : config.advertise_client;
  context.seeds = config.seeds;
  context.creates_single_node = config.seeds.empty();
  context.shard_count = config.shards;
  context.replication_factor = config.replicas;
  context.router_count = config.gateway_threads;
  context.trust_clocks = config.trust_clocks;
  context.cache_bytes = config.cache_bytes;
  context.staleness_max = config.staleness_max;
  context.version = version_text();
  return context;
}

net::LinkOptions link_options_of(const Config& config, const NodeContext& context) {
  net::LinkOptions options;
  options.own.node = context.node.value;
  options.own.name = context.name;
  options.own.epoch = context.epoch.value;
  const msg::ClusterMap map = load_stored_map(*context.engine);
  options.own.cluster_id = map.cluster_id;
  options.owners = owners_of(map);
  options.on_rejected = stop_for_rejection;
  options.own.data_id = context.data_id;
  options.listen_address = config.link_address;
  options.link_address = context.link_address;
  if (!config.tls_ca.empty()) {
    options.tls = net::TlsFiles{config.tls_ca, config.tls_cert, config.tls_key};
  }
  // A cluster of one on loopback has nobody to talk to; check_config has refused everything else.
  options.allows_plaintext = config.insecure_links || config.seeds.empty();
  options.subscribers = {
      address_of(context.node, msg::ActorKind::membership),
  };
  return options;
}

}  // namespace

struct Node::Parts {
  Parts(const Config& settings, DataDir opened)
      : config(settings),
        data(std::move(opened)),
        context(context_of(config, data)),
        directory(context.node),
        catalogue(context) {}

  const Config config;
  DataDir data;
  NodeContext context;
  Directory directory;
  Registry registry;
  Catalogue catalogue;
  std::unique_ptr<storage::Engine> engine;
  std::unique_ptr<storage::Disk> disk;
  std::shared_ptr<storage::LogStoreThread> log_store;
  std::shared_ptr<storage::StateStoreThread> state_store;
  std::unique_ptr<net::EventLoop> link_loop;
  std::shared_ptr<net::Links> links;
  std::unique_ptr<CafHost> actors;
  std::vector<std::unique_ptr<GatewayLoop>> gateways;
  bool is_stopped = false;

  Result<void> open_stores();
  Result<void> open_links();
  void start_actors();
  Result<void> open_gateways();
};

Result<void> Node::Parts::open_stores() {
  Result<std::unique_ptr<storage::Disk>> folder = storage::open_file_disk(data.path() + "/log");
  if (!folder.ok()) return folder.error();
  disk = std::move(folder).value();
  storage::LogOptions options;
  options.segment_bytes = config.log_segment_bytes;
  options.data_id = data.data_id();
  options.is_state_lost = data.is_state_lost();
  options.refuses_damage = config.seeds.empty();
  if (options.is_state_lost && config.seeds.empty()) {
    return Error{
        Code::corrupt,
        data.path() +
            " has a log, but no state, and there is no other node that "
            "could restore it: put the state back from a backup"};
  }
  Result<std::unique_ptr<storage::SegmentLog>> log = storage::SegmentLog::open(*disk, options);
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

Result<void> Node::Parts::open_links() {
  link_loop = std::make_unique<net::EventLoop>("links");
  Result<std::shared_ptr<net::Links>> started =
      net::Links::start(*link_loop, directory, link_options_of(config, context));
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

void Node::Parts::start_actors() {
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

Result<void> Node::Parts::open_gateways() {
  Result<HostPort> address = parse_address(config.client_address);
  if (!address.ok()) return address.error();
  Result<std::string> password = read_password(config);
  if (!password.ok()) return password.error();
  gateway::Options options;
  options.node = context.node;
  options.node_name = context.name;
  options.region = context.region;
  options.version = context.version;
  options.host = address.value().host;
  options.port = address.value().port;
  options.shares_port = config.gateway_threads > 1;
  options.password = password.value();
  options.tls_certificate = config.client_tls_cert;
  options.tls_key = config.client_tls_key;
  options.clients_max = config.clients_max;
  options.staleness_max = config.staleness_max;
  if (Result<void> free = check_unshared(options); !free.ok()) return free;
  for (std::uint32_t index = 0; index < config.gateway_threads; ++index) {
    Result<std::unique_ptr<GatewayLoop>> gateway = GatewayLoop::start(
        index, GatewayLoop::Parts{directory, catalogue, registry, context}, options);
    if (!gateway.ok()) return gateway.error();
    gateways.push_back(std::move(gateway).value());
  }
  return {};
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

std::variant<std::unique_ptr<Node>, StartFailure> Node::start(const Config& config) {
  Result<DataDir> data = DataDir::open(config.data, config.name);
  if (!data.ok()) return failure_at(Stage::data_dir, data.error());
  auto parts = std::make_unique<Parts>(config, std::move(data).value());
  std::unique_ptr<Node> node(new Node(std::move(parts)));
  Parts& made = *node->parts_;
  if (Result<void> done = made.open_stores(); !done.ok()) {
    return failure_at(Stage::stores, done.error());
  }
  if (Result<void> done = made.open_links(); !done.ok()) {
    return failure_at(Stage::listeners, named_holder(config.link_address, done.error()));
  }
  made.start_actors();
  if (Result<void> done = made.open_gateways(); !done.ok()) {
    return failure_at(Stage::listeners, named_holder(config.client_address, done.error()));
  }
  made.actors->start_root(node_tree(made.context));
  return node;
}

Node::~Node() {
  stop();
}

bool Node::drain() {
  if (parts_->context.creates_single_node) return true;  // nobody could take over
  const auto waiter = std::make_shared<Waiter>();
  const Address self = address_of(parts_->context.node, msg::ActorKind::client, waiter_index);
  parts_->directory.bind(self, waiter);
  (void)parts_->directory.post(std::make_shared<const Envelope>(Envelope{
      self, address_of(parts_->context.node, msg::ActorKind::pulse), 1, msg::DrainNode{}}));
  const bool is_done = waiter->wait(parts_->config.drain_timeout);
  parts_->directory.unbind(self, waiter.get());
  return is_done;
}

void Node::stop() {
  if (parts_ == nullptr || std::exchange(parts_->is_stopped, true)) return;
  for (const auto& gateway : parts_->gateways) gateway->stop();
  parts_->gateways.clear();
  if (parts_->actors != nullptr && !parts_->actors->stop(5s)) {
    log::error("node", "some actor did not stop; leaving without it");
    ::_exit(exit_bug);
  }
  if (parts_->links != nullptr) parts_->links->stop();
  if (parts_->link_loop != nullptr) parts_->link_loop->stop();
  if (parts_->log_store != nullptr) parts_->log_store->stop();
  if (parts_->state_store != nullptr) parts_->state_store->stop();
  parts_->actors.reset();
}

}  // namespace harka::apps
