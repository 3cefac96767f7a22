// SPDX-License-Identifier: Apache-2.0
// A run as sentences: what was done to the cluster, who led when, and what became of the operations
// that the broken property is about.
#pragma once

#include "sim/watcher.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace harka::sim {

class Story final : public Watcher {
 public:
  void begins(const Plan& plan, const World& world) override;
  void observed(const ClientEvent& event) override;
  void ends(const std::string& property) override;

  void turn_ended(const Address& actor, const Machine& machine) override;
  void faulted(const Fault& fault, NodeId node) override;
  void started(NodeId node, Epoch epoch) override;
  void crashed(NodeId node) override;
  void wiped(NodeId node) override;
  void actor_ended(const Address& actor) override;

  /// The sentences in order. Operations are those of keys that the broken property names, and of
  /// all keys when there are few.
  [[nodiscard]] std::vector<std::string> sentences() const;

 private:
  struct Sentence {
    std::string text;
    std::string key;  // of an operation
  };

  struct Seen {
    bool is_leader = false;
    std::uint64_t term = 0;
    bool is_tainted = false;
    std::string voters;
  };

  void say(std::string text, std::string key = {});

  const World* world_ = nullptr;
  std::vector<Sentence> sentences_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, Seen> seen_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::string> open_;  // operations, in words
  std::size_t operations_ = 0;
  std::string property_;
};

}  // namespace harka::sim
