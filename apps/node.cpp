// SPDX-License-Identifier: Apache-2.0
// A node's life: its parts opened one after the other, drained, closed. What goes wrong on the way
// becomes a row of the table of failures.
#include "apps/node.hpp"

#include "apps/listen_check.hpp"
#include "apps/node_parts.hpp"
#include "apps/node_ports.hpp"

#include <utility>

namespace harka::apps {

namespace {

constexpr std::uint32_t waiter_index = 1000;  // a client address that no gateway loop has

/// Before anything is written: a start that cannot listen leaves nothing behind.
Result<void> check_addresses(const Config& config) {
  if (Result<void> free = check_listening("other nodes", config.link_address); !free.ok()) {
    return free;
  }
  return check_listening("clients", config.client_address);
}

}  // namespace

Node::Node(std::unique_ptr<NodeParts> parts) : parts_(std::move(parts)) {}

std::variant<std::unique_ptr<Node>, StartFailure> Node::start(const Config& config) {
  Result<DataDir> data = DataDir::open(config.data, config.name);
  if (!data.ok()) return failure_at(Stage::data_dir, data.error());
  if (Result<void> free = check_addresses(config); !free.ok()) {
    return failure_at(Stage::listeners, free.error());
  }
  if (Result<void> done = data.value().claim(); !done.ok()) {
    return failure_at(Stage::data_dir, done.error());
  }
  std::unique_ptr<Node> node(
      new Node(std::make_unique<NodeParts>(config, std::move(data).value())));
  NodeParts& parts = *node->parts_;
  if (Result<void> done = parts.open_stores(); !done.ok()) {
    return failure_at(Stage::stores, done.error());
  }
  if (Result<void> done = parts.open_links(); !done.ok()) {
    return failure_at(Stage::listeners, done.error());
  }
  parts.open_actors();
  if (Result<void> done = parts.open_gateways(); !done.ok()) {
    return failure_at(Stage::listeners, done.error());
  }
  parts.start_tree();
  return node;
}

Node::~Node() {
  stop();
}

bool Node::drain() {
  if (parts_->context.creates_single_node) return true;  // nobody could take over
  const auto waiter = std::make_shared<DrainWaiter>();
  const Address self = address_of(parts_->context.node, msg::ActorKind::client, waiter_index);
  parts_->directory.bind(self, waiter);
  (void)parts_->directory.post(std::make_shared<const Envelope>(Envelope{
      self, address_of(parts_->context.node, msg::ActorKind::pulse), 1, msg::DrainNode{}}));
  const bool is_done = waiter->wait(parts_->config.drain_timeout);
  parts_->directory.unbind(self, waiter.get());
  return is_done;
}

void Node::stop() {
  parts_->close();
}

}  // namespace harka::apps
