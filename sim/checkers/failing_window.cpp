// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/failing_window.hpp"

#include "sim/checkers/history_cuts.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace harka::sim {

namespace {

using Value = std::optional<std::string>;
using Operations = std::vector<Operation>;

constexpr std::size_t shown_well = 100;  // operations; more are not searched for all moments
constexpr std::uint64_t states_for_a_cut = 1'000'000;  // a larger search leaves the window larger

class Cutter {
 public:
  Cutter(Operations operations, SearchOptions& options)
      : operations_(std::move(operations)), options_(options) {}

  Operations cut() {
    cut_the_end();
    drop_values();
    drop_looks();
    cut_the_beginning();
    if (options_.is_any_initial) {
      drop_values();
      drop_looks();
    }
    std::ranges::stable_sort(operations_, {}, &Operation::start);
    return std::move(operations_);
  }

 private:
  [[nodiscard]] bool fails(const Operations& operations) const {
    std::vector<const Operation*> pointers;
    pointers.reserve(operations.size());
    for (const Operation& operation : operations) pointers.push_back(&operation);
    return search_register(pointers, options_).verdict == Verdict::violated;
  }

  void cut_the_end() {
    std::set<std::int64_t> distinct;
    for (const Operation& operation : operations_) {
      if (operation.end) distinct.insert(*operation.end);
    }
    const std::vector<std::int64_t> ends(distinct.begin(), distinct.end());
    const auto first = std::ranges::partition_point(
        ends, [this](std::int64_t time) { return !fails(history_until(operations_, time)); });
    if (first != ends.end()) operations_ = history_until(operations_, *first);
  }

  void cut_the_beginning() {
    if (operations_.size() > shown_well) return;
    std::set<std::int64_t> ends;
    for (const Operation& operation : operations_) {
      if (operation.end) ends.insert(*operation.end);
    }
    options_.is_any_initial = true;
    for (auto end = ends.rbegin(); end != ends.rend(); ++end) {
      Operations rest = history_after(operations_, *end);
      if (!fails(rest)) continue;
      operations_ = std::move(rest);
      return;
    }
    options_.is_any_initial = false;
  }

  void drop_values() {
    std::map<Value, std::int64_t> first_written;
    for (const Operation& operation : operations_) {
      if (operation.changes()) first_written.emplace(operation.value, operation.start);
    }
    std::vector<Value> values;
    for (const auto& [value, time] : first_written) values.push_back(value);
    std::ranges::sort(values, {}, [&](const Value& value) { return first_written[value]; });
    drop(std::move(values), history_without);
  }

  void drop_looks() {
    std::vector<std::size_t> looks;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if (!operations_[i].changes()) looks.push_back(i);
    }
    drop(std::move(looks), [](const Operations& all, const std::set<std::size_t>& gone) {
      Operations kept;
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (!gone.contains(i)) kept.push_back(all[i]);
      }
      return kept;
    });
  }

  /// Leaves out one part after the other, in ever smaller parts, as long as it still fails.
  template <typename Item, typename Without>
  void drop(std::vector<Item> items, const Without& without) {
    const Operations all = operations_;
    std::set<Item> gone;
    for (std::size_t size = items.size(); size > 0; size /= 2) {
      for (std::size_t at = 0; at < items.size();) {
        const auto from = items.begin() + static_cast<std::ptrdiff_t>(at);
        const auto to = from + static_cast<std::ptrdiff_t>(std::min(size, items.size() - at));
        std::set<Item> more = gone;
        more.insert(from, to);
        Operations fewer = without(all, more);
        if (fails(fewer)) {
          operations_ = std::move(fewer);
          gone = std::move(more);
          items.erase(from, to);
        } else {
          at += size;
        }
      }
    }
  }

  Operations operations_;
  SearchOptions& options_;
};

std::string quoted(const Value& value) {
  return value.value_or("nothing");
}

std::string reason_for(const Operation& operation, const Value& held) {
  switch (operation.act) {
    case Act::read:
      return "it read " + quoted(operation.value) + ", and the key holds " + quoted(held);
    case Act::compare_and_set:
      if (operation.expected == held) break;
      return "it found " + quoted(operation.expected) + ", and the key holds " + quoted(held);
    case Act::mismatch:
      return "it was refused, and the key holds what it expected, " + quoted(held);
    case Act::write: break;
  }
  return "its outcome is unknown, and after it no other fits either";
}

void say_why(FailingWindow& window) {
  std::vector<bool> is_placed(window.operations.size());
  for (const std::size_t i : window.prefix) {
    is_placed[i] = true;
    const bool says_what_is_held = window.operations[i].act != Act::mismatch;
    if (says_what_is_held) window.held = window.operations[i].value;
  }
  std::optional<std::int64_t> first_end;
  for (std::size_t i = 0; i < window.operations.size(); ++i) {
    const std::optional<std::int64_t>& end = window.operations[i].end;
    if (is_placed[i] || !end) continue;
    first_end = first_end ? std::min(*first_end, *end) : *end;
  }
  for (std::size_t i = 0; i < window.operations.size(); ++i) {
    const Operation& operation = window.operations[i];
    if (is_placed[i] || (first_end && operation.start > *first_end)) continue;
    window.next.push_back({i, reason_for(operation, window.held)});
  }
}

}  // namespace

FailingWindow failing_window(
    const std::vector<const Operation*>& operations, const SearchOptions& options) {
  Operations all;
  for (const Operation* operation : operations) all.push_back(*operation);
  FailingWindow window;
  window.operations_of_key = all.size();
  window.held = options.initial;
  SearchOptions small;
  small.initial = options.initial;
  small.budget.states_max = states_for_a_cut;
  window.operations = Cutter(std::move(all), small).cut();
  std::vector<const Operation*> pointers;
  for (const Operation& operation : window.operations) pointers.push_back(&operation);
  window.is_any_before = small.is_any_initial;
  small.wants_prefix = true;
  window.prefix = search_register(pointers, small).prefix;
  say_why(window);
  return window;
}

std::string text_of(const Operation& operation) {
  switch (operation.act) {
    case Act::read: return "read " + quoted(operation.value);
    case Act::write: return "write " + quoted(operation.value);
    case Act::compare_and_set:
      return "compare " + quoted(operation.expected) + " and set " + quoted(operation.value);
    case Act::mismatch: return "compare " + quoted(operation.expected) + " refused";
  }
  return "?";
}

}  // namespace harka::sim
