// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/cycles.hpp"

#include "sim/checkers/components.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <queue>

namespace harka::sim {

namespace {

using Kind = Dependency::Kind;
using Kinds = std::vector<Kind>;
using Cycle = std::vector<const Dependency*>;

constexpr std::size_t beginnings_max = 5000;  // from which a shortest cycle is searched

/// What a cycle is made of: once `of`, and otherwise any of `with`.
struct Class {
  const char* name;
  Kind of;
  Kinds with;
};

const std::array<Class, 4>& classes() {
  static const std::array<Class, 4> all{{
      {"G0", Kind::ww, {Kind::ww}},
      {"G1c", Kind::wr, {Kind::ww, Kind::wr}},
      {"G-single", Kind::rw, {Kind::ww, Kind::wr}},
      {"G2", Kind::rw, {Kind::ww, Kind::wr, Kind::rw}},
  }};
  return all;
}

class Search {
 public:
  Search(const AppendGraph& graph, std::size_t transactions) : graph_(graph), out_(transactions) {
    for (const Dependency& dependency : graph.dependencies) {
      out_[dependency.from].push_back(&dependency);
    }
  }

  /// The shortest cycle with one `of` and otherwise `with`; empty: none.
  Cycle shortest(Kind of, const Kinds& with) {
    const std::vector<std::size_t> component = components(of, with);
    Cycle best;
    std::size_t beginnings = 0;
    for (const Dependency& first : graph_.dependencies) {
      if (first.kind != of || component[first.from] != component[first.to]) continue;
      if (++beginnings > beginnings_max || best.size() == 2) break;
      Cycle cycle = back(first, with, component);
      if (!cycle.empty() && (best.empty() || cycle.size() < best.size())) best = std::move(cycle);
    }
    return best;
  }

 private:
  [[nodiscard]] static bool contains(const Kinds& kinds, Kind kind) {
    return std::ranges::find(kinds, kind) != kinds.end();
  }

  [[nodiscard]] std::vector<std::size_t> components(Kind of, const Kinds& with) const {
    std::vector<std::vector<std::size_t>> next(out_.size());
    for (const Dependency& dependency : graph_.dependencies) {
      const bool counts = dependency.kind == of || contains(with, dependency.kind);
      if (counts) next[dependency.from].push_back(dependency.to);
    }
    return components_of(next);
  }

  /// Breadth first from where `first` leads to where it comes from.
  Cycle back(
      const Dependency& first, const Kinds& with, const std::vector<std::size_t>& component) {
    std::vector<const Dependency*> by(out_.size());
    std::queue<std::size_t> reached({first.to});
    while (!reached.empty() && by[first.from] == nullptr) {
      const std::size_t at = reached.front();
      reached.pop();
      for (const Dependency* next : out_[at]) {
        if (!contains(with, next->kind) || by[next->to] != nullptr) continue;
        if (next->to == first.to || component[next->to] != component[at]) continue;
        by[next->to] = next;
        reached.push(next->to);
      }
    }
    if (by[first.from] == nullptr) return {};
    Cycle cycle;
    for (std::size_t at = first.from; at != first.to; at = by[at]->from) cycle.push_back(by[at]);
    cycle.push_back(&first);
    std::ranges::reverse(cycle);
    std::ranges::rotate(cycle, std::ranges::min_element(cycle, {}, &Dependency::from));
    return cycle;
  }

  const AppendGraph& graph_;
  std::vector<std::vector<const Dependency*>> out_;
};

/// Real time is only in the graph where nothing implies it: what leads from a transaction to one
/// that began after its end is left out, but not what the cycle is named after. `made` keeps what
/// stands in its place.
void shorten(
    const std::vector<Transaction>& history,
    Kind named,
    Cycle& cycle,
    std::deque<Dependency>& made) {
  const auto ended_before = [&](std::size_t one, std::size_t other) {
    const std::optional<std::int64_t>& end = history[one].end;
    return end && *end < history[other].start;
  };
  for (std::size_t at = 0; at < cycle.size(); ++at) {
    for (std::size_t to = cycle.size() - 1; to > at + 1; --to) {
      const std::size_t from = cycle[at]->from;
      const auto first = cycle.begin() + static_cast<std::ptrdiff_t>(at);
      const auto last = cycle.begin() + static_cast<std::ptrdiff_t>(to);
      const bool has_named =
          named != Kind::ww &&
          std::any_of(first, last, [&](const Dependency* one) { return one->kind == named; });
      if (has_named || !ended_before(from, cycle[to]->from)) continue;
      made.push_back({Kind::rt, from, cycle[to]->from, nullptr, nullptr, nullptr});
      cycle.erase(first, last);
      cycle.insert(cycle.begin() + static_cast<std::ptrdiff_t>(at), &made.back());
      break;
    }
  }
}

std::string name_of(std::size_t transaction) {
  return "T" + std::to_string(transaction + 1);
}

std::string proof_of(const std::vector<Transaction>& history, const Dependency& dependency) {
  const std::string from = name_of(dependency.from);
  const std::string to = name_of(dependency.to);
  switch (dependency.kind) {
    case Kind::ww:
      return from + " appended " + *dependency.before + " to " + *dependency.key + ", and " + to +
             " appended " + *dependency.after + " behind it (ww)";
    case Kind::wr:
      return from + " appended " + *dependency.before + " to " + *dependency.key + ", and " + to +
             " read it (wr)";
    case Kind::rw:
      return from + " read " + *dependency.key +
             (dependency.before == nullptr ? " empty" : " up to " + *dependency.before) + ", and " +
             to + " appended " + *dependency.after + " behind that (rw)";
    case Kind::rt:
      return from + " had ended at " + std::to_string(*history[dependency.from].end) + ", and " +
             to + " began at " + std::to_string(history[dependency.to].start) + " (rt)";
  }
  return {};
}

std::string text_of(const std::vector<Transaction>& history, const Cycle& cycle) {
  std::string text;
  for (const Dependency* dependency : cycle) text += name_of(dependency->from) + " before ";
  text += name_of(cycle.front()->from);
  for (const Dependency* dependency : cycle) text += "\n  " + text_of(history, dependency->from);
  for (const Dependency* dependency : cycle) text += "\n  " + proof_of(history, *dependency);
  return text;
}

bool has_several_rw(const Cycle& cycle) {
  return std::ranges::count(cycle, Kind::rw, &Dependency::kind) > 1;
}

/// Whether there was one.
bool add_cycles(
    const std::vector<Transaction>& history,
    const AppendGraph& graph,
    bool is_of_real_time,
    std::vector<Anomaly>& anomalies) {
  Search search(graph, history.size());
  std::deque<Dependency> made;
  bool is_found = false;
  for (const Class& kind : classes()) {
    Kinds with = kind.with;
    if (is_of_real_time) with.push_back(Kind::rt);
    Cycle cycle = search.shortest(kind.of, with);
    const bool is_the_one_before = kind.with.size() == 3 && !has_several_rw(cycle);
    if (cycle.empty() || is_the_one_before) continue;
    if (is_of_real_time) shorten(history, kind.of, cycle, made);
    const std::string name = std::string(kind.name) + (is_of_real_time ? "-realtime" : "");
    anomalies.push_back({name, text_of(history, cycle)});
    is_found = true;
  }
  return is_found;
}

}  // namespace

Result<TransactionsReport> check_transactions(
    const std::vector<Transaction>& history, const TransactionsOptions& options) {
  Result<AppendGraph> graph = append_graph_of(history);
  if (!graph.ok()) return graph.error();
  TransactionsReport report;
  report.anomalies = graph.value().anomalies;
  const bool is_found = add_cycles(history, graph.value(), false, report.anomalies);
  if (!is_found && options.keeps_real_time) {
    add_real_time(history, graph.value());
    (void)add_cycles(history, graph.value(), true, report.anomalies);
  }
  return report;
}

}  // namespace harka::sim
