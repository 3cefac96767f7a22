// SPDX-License-Identifier: Apache-2.0
// A whole node in production: data directory, stores, links, actors and client gateways, put
// together, drained and stopped.
#pragma once

#include "apps/config.hpp"
#include "apps/start_failure.hpp"

#include <memory>
#include <variant>

namespace harka::apps {

struct NodeParts;

class Node {
 public:
  /// Opens, binds and starts everything; or why not, and what to do about it.
  [[nodiscard]] static std::variant<std::unique_ptr<Node>, StartFailure> start(
      const Config& config);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Moves leadership away, at most for the configured time. True when this node leads nothing.
  bool drain();
  /// Closes the parts, the last opened first. Any number of times.
  void stop();

 private:
  explicit Node(std::unique_ptr<NodeParts> parts);

  std::unique_ptr<NodeParts> parts_;
};

}  // namespace harka::apps
