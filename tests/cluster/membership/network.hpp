// SPDX-License-Identifier: Apache-2.0
// A simulated network of SWIM nodes: latency, loss, partitions, crashes and restarts, all from one
// seed, in virtual time.
#pragma once

#include "cluster/membership/swim.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace harka::testing {

class SwimNetwork {
 public:
  struct Settings {
    std::uint64_t seed = 1;
    membership::Options options = membership::Options::fast();
    double loss = 0;
    Duration latency_min = 1ms;
    Duration latency_max = 10ms;
  };

  explicit SwimNetwork(const Settings& settings) : settings_(settings), random_(settings.seed) {}

  /// Starts node `id` (1, 2, …) with a new process; node 1 is everybody's seed.
  void start(std::uint64_t id, std::uint64_t data_id = 0, std::uint64_t cluster_id = 0) {
    Node& node = nodes_[id];
    msg::Member self;
    self.node = id;
    self.name = "n" + std::to_string(id);
    self.epoch = ++node.epoch;
    self.data_id = data_id != 0 ? data_id : 1000 + id;
    self.cluster_id = cluster_id;
    std::vector<NodeId> aliases;
    if (id != 1) aliases.emplace_back(1);
    node.swim = std::make_unique<membership::Swim>(settings_.options, self, aliases);
    run(id, [&](membership::Step& step) { node.swim->start(step); });
  }

  void crash(std::uint64_t id) { nodes_.at(id).swim = nullptr; }

  /// Only nodes of one side hear each other. Empty: all hear all.
  void partition(std::set<std::uint64_t> side) { side_ = std::move(side); }

  void set_loss(double loss) { settings_.loss = loss; }

  template <typename Act>
  void run(std::uint64_t id, const Act& act) {
    membership::Step step{now_, random_, {}, {}};
    act(step);
    for (membership::Send& send : step.sends) carry(id, std::move(send));
    for (std::string& note : step.notes) notes_.push_back(std::move(note));
    Node& node = nodes_.at(id);
    node.due = node.swim->next_due();
    if (node.swim->take_changed()) observe(id);
  }

  void advance(Duration duration) {
    const Instant end = now_ + duration;
    for (;;) {
      const std::uint64_t node = next_node();
      const Instant timer = node == 0 ? Instant::max() : nodes_.at(node).due;
      const Instant letter = letters_.empty() ? Instant::max() : letters_.begin()->first;
      if (std::min(timer, letter) > end) break;
      if (letter <= timer) {
        deliver();
      } else {
        now_ = std::max(now_, timer);
        run(node, [&](membership::Step& step) { nodes_.at(node).swim->advance(step); });
      }
    }
    now_ = end;
  }

  /// Virtual time until it holds, checked every 10 ms; `limit` if it never did.
  Duration time_until(const std::function<bool()>& condition, Duration limit) {
    const Instant begin = now_;
    while (!condition() && now_ - begin < limit) advance(10ms);
    return now_ - begin;
  }

  [[nodiscard]] membership::Swim& node(std::uint64_t id) { return *nodes_.at(id).swim; }

  [[nodiscard]] msg::MemberState state_at(std::uint64_t observer, std::uint64_t subject) const {
    for (const msg::Member& member : nodes_.at(observer).swim->members()) {
      if (member.node == subject) return member.state;
    }
    return msg::MemberState::left;  // unknown
  }

  /// Every running node sees exactly the running nodes as alive, in their present epochs.
  [[nodiscard]] bool has_converged() const {
    for (const auto& [id, node] : nodes_) {
      if (node.swim == nullptr) continue;
      std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
      for (const msg::Member& member : node.swim->members()) {
        if (membership::is_living(member)) seen.emplace(member.node, member.epoch);
        if (member.state == msg::MemberState::suspect) return false;
      }
      if (seen != running()) return false;
    }
    return true;
  }

  /// Every running node believes this of `subject`.
  [[nodiscard]] bool all_see(std::uint64_t subject, msg::MemberState state) const {
    return std::ranges::all_of(nodes_, [&](const auto& entry) {
      return entry.second.swim == nullptr || entry.first == subject ||
             state_at(entry.first, subject) == state;
    });
  }

  /// How often a running node was declared dead by another since the last call.
  std::size_t take_false_deaths() { return std::exchange(false_deaths_, 0U); }

  [[nodiscard]] std::uint64_t sent_count() const { return sent_; }

  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Node {
    std::unique_ptr<membership::Swim> swim;  // null: crashed
    std::uint64_t epoch = 0;
    Instant due;  // of its next timer
    std::set<std::uint64_t> dead;
  };

  struct Letter {
    std::uint64_t from = 0;
    membership::Send send;
  };

  [[nodiscard]] std::set<std::pair<std::uint64_t, std::uint64_t>> running() const {
    std::set<std::pair<std::uint64_t, std::uint64_t>> ids;
    for (const auto& [id, node] : nodes_) {
      if (node.swim != nullptr) ids.emplace(id, node.epoch);
    }
    return ids;
  }

  void observe(std::uint64_t id) {
    Node& node = nodes_.at(id);
    std::set<std::uint64_t> dead;
    for (const msg::Member& member : node.swim->members()) {
      if (member.state != msg::MemberState::dead) continue;
      dead.insert(member.node);
      const auto subject = nodes_.find(member.node);
      const bool is_false = subject != nodes_.end() && subject->second.swim != nullptr &&
                            side_.contains(id) == side_.contains(member.node);
      if (is_false && !node.dead.contains(member.node)) ++false_deaths_;
    }
    node.dead = std::move(dead);
  }

  [[nodiscard]] std::uint64_t next_node() const {
    std::uint64_t next = 0;
    for (const auto& [id, node] : nodes_) {
      if (node.swim == nullptr) continue;
      if (next == 0 || node.due < nodes_.at(next).due) next = id;
    }
    return next;
  }

  void carry(std::uint64_t from, membership::Send send) {
    ++sent_;
    if (random_.chance(settings_.loss)) return;
    if (side_.contains(from) != side_.contains(send.to.value)) return;
    const Duration latency = random_.between(settings_.latency_min, settings_.latency_max);
    letters_.emplace(now_ + latency, Letter{from, std::move(send)});
  }

  void deliver() {
    const auto first = letters_.begin();
    now_ = std::max(now_, first->first);
    const Letter letter = std::move(first->second);
    letters_.erase(first);
    const std::uint64_t to = letter.send.to.value;
    const auto node = nodes_.find(to);
    if (node == nodes_.end() || node->second.swim == nullptr) return;
    run(to, [&](membership::Step& step) { hand_over(*node->second.swim, letter, step); });
  }

  static void hand_over(membership::Swim& swim, const Letter& letter, membership::Step& step) {
    const NodeId from{letter.from};
    const std::uint64_t correlation = letter.send.correlation;
    std::visit(
        [&](const auto& message) {
          if constexpr (requires { swim.on(from, message, correlation, step); }) {
            swim.on(from, message, correlation, step);
          } else if constexpr (requires { swim.on(from, message, step); }) {
            swim.on(from, message, step);
          }
        },
        letter.send.message);
  }

  Settings settings_;
  Random random_;
  Instant now_{100s};
  std::map<std::uint64_t, Node> nodes_;
  std::multimap<Instant, Letter> letters_;
  std::set<std::uint64_t> side_;
  std::vector<std::string> notes_;
  std::size_t false_deaths_ = 0;
  std::uint64_t sent_ = 0;
};

}  // namespace harka::testing
