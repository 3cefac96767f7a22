// SPDX-License-Identifier: Apache-2.0
#include "sim/minimise.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace harka::sim {

namespace {

constexpr std::uint64_t streams_tried = 16;

using Change = std::function<void(Plan&)>;

/// Letters only: numbers of nodes, terms and keys differ from run to run.
std::string words_of(const std::string& property) {
  std::string words;
  for (const char c : property.substr(0, property.find(':'))) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) words += c;
  }
  return words;
}

class Search {
 public:
  Search(
      const Plan& plan,
      const RunResult& result,
      std::uint64_t runs_max,
      const std::function<void(const std::string&)>& progress)
      : runs_max_(runs_max), progress_(progress) {
    best_.plan = plan;
    best_.result = result;
    best_.faults = plan.faults.size() + result.struck.size();
    best_.operations = result.operations;
  }

  Minimised all() {
    write_strikes_down();
    cut_time();
    std::size_t before = 0;
    do {
      before = weight();
      drop_faults();
      shrink_world();
      plain_edges();
      cut_time();
    } while (weight() < before && !is_spent());
    drop_operations();
    return std::move(best_);
  }

 private:
  [[nodiscard]] bool is_spent() const { return best_.runs >= runs_max_; }

  [[nodiscard]] std::size_t weight() const {
    const Plan& plan = best_.plan;
    return plan.faults.size() * 10 + plan.nodes * 10 + plan.clients + plan.readers + plan.shards +
           plan.keys;
  }

  /// Keeps the change if the same property still breaks.
  bool attempt(const std::string& what, const Change& change) {
    if (is_spent()) return false;
    Plan plan = best_.plan;
    change(plan);
    ++best_.runs;
    RunResult result = run_plan(plan);
    if (!is_same_failure(result, best_.result)) return false;
    best_.plan = std::move(plan);
    best_.result = std::move(result);
    if (!what.empty()) progress_(what);
    return true;
  }

  /// What strikes did becomes faults at fixed times, which can be dropped one by one.
  void write_strikes_down() {
    const std::vector<Fault> struck = best_.result.struck;
    attempt("strikes written down as faults", [&](Plan& plan) {
      plan.mix.strikes = 0;
      plan.faults.insert(plan.faults.end(), struck.begin(), struck.end());
      std::ranges::stable_sort(plan.faults, {}, &Fault::at);
    });
  }

  void cut_time() {
    const Duration began = best_.plan.warm_up;
    const Duration broke = best_.result.at.time_since_epoch() - began;
    attempt("", [&](Plan& plan) {
      plan.fault_phase = std::min(plan.fault_phase, std::max(broke, Duration(1ms)));
      std::erase_if(plan.faults, [&](const Fault& fault) { return fault.at > plan.fault_phase; });
    });
    if (best_.result.outcome != Outcome::liveness) return;
    for (int i = 0; i < 6; ++i) {
      attempt("", [](Plan& plan) { plan.fault_phase = plan.fault_phase * 3 / 4; });
    }
  }

  /// Delta debugging over what `all` lists: `keep` makes a plan of some of it.
  template <typename Item>
  void drop(
      const std::string& name,
      std::vector<Item> items,
      const std::function<void(Plan&, const std::vector<Item>& kept)>& keep) {
    std::size_t parts = 2;
    while (!items.empty() && !is_spent()) {
      parts = std::min(parts, items.size());
      bool is_smaller = false;
      for (std::size_t part = 0; part < parts && !is_smaller; ++part) {
        std::vector<Item> kept;
        for (std::size_t i = 0; i < items.size(); ++i) {
          if (i * parts / items.size() != part) kept.push_back(items[i]);
        }
        is_smaller = attempt(
            name + " " + std::to_string(items.size()) + " -> " + std::to_string(kept.size()),
            [&](Plan& plan) { keep(plan, kept); });
        if (is_smaller) items = std::move(kept);
      }
      if (is_smaller) {
        parts = std::max<std::size_t>(parts - 1, 2);
      } else if (parts >= items.size()) {
        return;
      } else {
        parts *= 2;
      }
    }
  }

  void drop_faults() {
    drop<Fault>("faults", best_.plan.faults, [](Plan& plan, const std::vector<Fault>& kept) {
      plan.faults = kept;
    });
  }

  void drop_operations() {
    using Operation = std::pair<std::uint32_t, std::uint64_t>;
    std::vector<Operation> sent = best_.result.sent;
    drop<Operation>("operations", sent, [sent](Plan& plan, const std::vector<Operation>& kept) {
      plan.skipped = {sent.begin(), sent.end()};
      for (const Operation& operation : kept) plan.skipped.erase(operation);
    });
  }

  /// One less at a time, or at once all that can go.
  template <typename Number>
  void lower(const std::string& name, Number Plan::*member, Number least) {
    attempt(name + " " + std::to_string(least), [&](Plan& plan) { plan.*member = least; });
    while (best_.plan.*member > least) {
      const Number fewer = best_.plan.*member - 1;
      const bool is_lower = attempt(name + " " + std::to_string(fewer), [&](Plan& plan) {
        plan.*member = fewer;
        plan.voters = std::min(plan.voters, plan.nodes);
      });
      if (!is_lower) return;
    }
  }

  void shrink_world() {
    lower("readers", &Plan::readers, 0U);
    lower("clients", &Plan::clients, 0U);
    lower("shards", &Plan::shards, 1U);
    lower("keys", &Plan::keys, 1U);
    lower_nodes();
  }

  /// A smaller cluster goes another way, so the same streams rarely lead it to the same failure;
  /// some others may.
  void lower_nodes() {
    const std::uint32_t least = best_.plan.profile == Profile::cluster ? 3 : 1;
    for (std::uint32_t nodes = least; nodes < best_.plan.nodes; ++nodes) {
      for (std::uint64_t stream = 0; stream < streams_tried; ++stream) {
        const bool is_smaller = attempt("nodes " + std::to_string(nodes), [&](Plan& plan) {
          plan.nodes = nodes;
          plan.voters = std::min(plan.voters, nodes);
          plan.seed += stream * 1'000'003;
        });
        if (is_smaller) return;
      }
    }
    lower("voters", &Plan::voters, 1U);
  }

  void plain_edges() {
    attempt("no loss", [](Plan& plan) { plan.links.loss = 0; });
    attempt("no duplicates", [](Plan& plan) { plan.links.duplicate = 0; });
    attempt("no slow messages", [](Plan& plan) { plan.links.slow = 0; });
    attempt("no stalls", [](Plan& plan) { plan.stores.stall = 0; });
    attempt("no drift", [](Plan& plan) { plan.clock_drift = 0; });
    attempt("no power loss", [](Plan& plan) { plan.power_loss_at_end = false; });
    attempt("all heal", [](Plan& plan) { plan.heals_all = true; });
    attempt(
        "constant latency", [](Plan& plan) { plan.links.latency_min = plan.links.latency_max; });
    attempt("constant syncs", [](Plan& plan) { plan.stores.sync_min = plan.stores.sync_max; });
  }

  std::uint64_t runs_max_;
  const std::function<void(const std::string&)>& progress_;
  Minimised best_;
};

}  // namespace

bool is_same_failure(const RunResult& one, const RunResult& other) {
  return one.outcome != Outcome::clean && one.outcome == other.outcome &&
         words_of(one.property) == words_of(other.property);
}

Minimised minimise(
    const Plan& plan,
    const RunResult& result,
    std::uint64_t runs_max,
    const std::function<void(const std::string&)>& progress) {
  return Search(plan, result, runs_max, progress).all();
}

}  // namespace harka::sim
