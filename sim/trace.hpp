// SPDX-License-Identifier: Apache-2.0
// A run as JSON lines, for the viewer and for tools. Times `t` are nanoseconds since the World
// began; nodes are numbers, the clients' node is 0. `e` says what a line is:
//
//   begin   profile, seed, mutant, nodes, shards, commit, settings
//   up      n, epoch            down    n
//   state   n, g, s: role, term, last, commit, applied, tainted of one replica, when any changed
//   config  n, g, c: voters, outgoing, learners
//   send    id, from, to, fa, ta (actors), m (its name), x (what it says)
//   recv    id                  lost    id     once a copy
//   fault   text, kind, n (0: none), others, until
//   invoke  c, op, act, key, value
//   answer  c, op, known, value
//   exit    n, actor            wiped   n
//   end     property: what broke; empty: nothing
//
// Messages between actors of one node are left out.
#pragma once

#include "base/json_writer.hpp"
#include "sim/watcher.hpp"

#include <map>
#include <ostream>
#include <string>
#include <utility>

namespace harka::sim {

class Trace final : public Watcher {
 public:
  /// `out` outlives it.
  explicit Trace(std::ostream& out) : out_(out) {}

  void begins(const Plan& plan, const World& world) override;
  void observed(const ClientEvent& event) override;
  void ends(const std::string& property) override;

  void sent(const Envelope& envelope) override;
  void delivered(const Envelope& envelope) override;
  void lost(const Envelope& envelope) override;
  void turn_ended(const Address& actor, const Machine& machine) override;
  void faulted(const Fault& fault, NodeId node) override;
  void started(NodeId node, Epoch epoch) override;
  void crashed(NodeId node) override;
  void wiped(NodeId node) override;
  void actor_ended(const Address& actor) override;

 private:
  /// What a line about a replica said last.
  struct Seen {
    std::string state;
    std::string config;
  };

  [[nodiscard]] JsonWriter line(std::string_view what) const;
  void write(JsonWriter& line);
  void arrival(const Envelope& envelope, std::string_view what);

  std::ostream& out_;
  const World* world_ = nullptr;
  std::uint64_t next_id_ = 1;
  std::map<const Envelope*, std::uint64_t> ids_;  // of those between nodes
  std::map<std::pair<std::uint64_t, std::uint32_t>, Seen> seen_;
};

/// How traces and stories number a node: clients are 0.
[[nodiscard]] std::uint64_t shown(std::uint64_t node);

}  // namespace harka::sim
