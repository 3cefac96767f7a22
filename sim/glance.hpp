// SPDX-License-Identifier: Apache-2.0
// What a session at the shell sees of a run.
#pragma once

#include "runtime/address_name.hpp"
#include "sim/plan.hpp"
#include "sim/replicas.hpp"
#include "sim/summary.hpp"
#include "sim/watcher.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace harka::sim {

/// One look at a run: how it is at its end, and when a condition held first.
class Glance final : public Watcher {
 public:
  Glance(
      const Plan& plan,
      Instant from,
      const std::function<bool(const Glance&)>& condition,
      bool is_tracing)
      : plan_(plan), from_(from), condition_(condition), is_tracing_(is_tracing) {}

  void begins(const Plan&, const World& world) override { world_ = &world; }

  void observed(const ClientEvent& event) override { answered += event.is_end ? 1 : 0; }

  void delivered(const Envelope& envelope) override {
    if (world_->now() <= from_) return;
    ++deliveries;
    if (!is_tracing_ || reached) return;
    traced.push_back(
        text_of(world_->now() - Instant{}) + "  " + std::to_string(envelope.from.node) + "/" +
        harka::name_of(envelope.from) + " -> " + std::to_string(envelope.to.node) + "/" +
        harka::name_of(envelope.to) + " " + std::string(msg::name_of(envelope.body)) + " " +
        summary_of(envelope.body));
  }

  void sent(const Envelope& envelope) override {
    const auto* reply = std::get_if<msg::ShardReply>(&envelope.body);
    if (reply != nullptr && envelope.to.node == 0) answers.push_back(*reply);
  }

  void turn_ended(const Address&, const Machine&) override {
    if (!reached && world_->now() > from_ && condition_ && condition_(*this)) {
      reached = world_->now();
    }
  }

  void ends(const std::string&) override {
    nodes = describe_nodes();
    leaders = describe_leaders();
  }

  /// Of the newest term; none if nobody leads.
  [[nodiscard]] NodeId leader(std::uint32_t shard) const {
    NodeId leader;
    Term term = 0;
    for (std::uint64_t id = 1; id <= plan_.nodes; ++id) {
      const raft::Raft* core = core_of(*world_, NodeId{id}, group_of(ShardId{shard}));
      if (core == nullptr || !core->is_leader() || core->term() < term) continue;
      leader = NodeId{id};
      term = core->term();
    }
    return leader;
  }

  std::uint64_t deliveries = 0;
  std::uint64_t answered = 0;
  std::optional<Instant> reached;
  std::vector<std::string> traced;
  std::vector<msg::ShardReply> answers;
  std::string nodes;
  std::string leaders;

 private:
  [[nodiscard]] std::string describe_nodes() const {
    std::string text;
    for (std::uint64_t id = 1; id <= plan_.nodes; ++id) {
      text += "node " + std::to_string(id) + "  ";
      if (!world_->is_up(NodeId{id})) {
        text += "down\n";
        continue;
      }
      text += world_->is_paused(NodeId{id}) ? "paused" : "up";
      for (std::uint32_t shard = 0; shard < plan_.shards; ++shard) {
        const raft::Raft* core = core_of(*world_, NodeId{id}, group_of(ShardId{shard}));
        if (core == nullptr) continue;
        text += "  shard " + std::to_string(shard) + (core->is_leader() ? " leads" : " follows") +
                " term " + std::to_string(core->term()) + " log " +
                std::to_string(core->last_index()) + " committed " +
                std::to_string(core->commit_index()) + (core->is_tainted() ? " damaged" : "");
      }
      text += "\n";
    }
    return text;
  }

  [[nodiscard]] std::string describe_leaders() const {
    std::string text;
    for (std::uint32_t shard = 0; shard < plan_.shards; ++shard) {
      const NodeId node = leader(shard);
      text += "shard " + std::to_string(shard) + "  " +
              (node.is_none() ? "nobody" : "node " + std::to_string(node.value)) + "\n";
    }
    return text;
  }

  const Plan& plan_;
  Instant from_;
  std::function<bool(const Glance&)> condition_;
  bool is_tracing_;
  const World* world_ = nullptr;
};

}  // namespace harka::sim
