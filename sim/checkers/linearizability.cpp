// SPDX-License-Identifier: Apache-2.0
// A depth-first search without recursion over "which operation took effect next".
#include "sim/checkers/linearizability.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>

namespace harka::sim {

namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

/// What is linearized: everything before `low`, and the bits after it.
struct Done {
  std::size_t low = 0;
  std::vector<bool> bits;  // bits[i] is operation low + i; bits[0] is false unless empty

  [[nodiscard]] bool contains(std::size_t i) const {
    return i < low || (i - low < bits.size() && bits[i - low]);
  }

  void add(std::size_t i) {
    if (i - low >= bits.size()) bits.resize(i - low + 1);
    bits[i - low] = true;
    std::size_t skip = 0;
    while (skip < bits.size() && bits[skip]) ++skip;
    bits.erase(bits.begin(), bits.begin() + static_cast<std::ptrdiff_t>(skip));
    low += skip;
  }
};

class KeySearch {
 public:
  KeySearch(std::vector<const Operation*> operations, const LinearizabilityOptions& options)
      : operations_(std::move(operations)), options_(options) {
    std::sort(operations_.begin(), operations_.end(), [](const Operation* a, const Operation* b) {
      return a->start < b->start;
    });
  }

  Verdict run() {
    std::vector<Frame> stack{Frame{Done{}, options_.initial, 0}};
    std::set<std::tuple<std::size_t, std::vector<bool>, std::optional<std::string>>> seen;
    for (std::uint64_t steps = 0; !stack.empty(); ++steps) {
      if (steps > options_.steps_max) return Verdict::undecided;
      Frame& frame = stack.back();
      if (frame.next == 0 && is_complete(frame.done)) return Verdict::linearizable;
      const std::optional<std::size_t> candidate = next_candidate(frame);
      if (!candidate) {
        stack.pop_back();
        continue;
      }
      const Operation& operation = *operations_[*candidate];
      if (!fits(operation, frame.state)) continue;
      Frame deeper{frame.done, operation.is_write ? operation.value : frame.state, 0};
      deeper.done.add(*candidate);
      if (!seen.emplace(deeper.done.low, deeper.done.bits, deeper.state).second) continue;
      if (deeper.done.low > deepest_.low) deepest_ = deeper.done;
      stack.push_back(std::move(deeper));
    }
    return Verdict::violated;
  }

  [[nodiscard]] std::string explain() const {
    std::string text = std::to_string(deepest_.low) + " of " + std::to_string(operations_.size()) +
                       " operations fit in order; not placeable next:";
    std::size_t shown = 0;
    for (std::size_t i = deepest_.low; i < operations_.size() && shown < 6; ++i) {
      if (deepest_.contains(i)) continue;
      const Operation& operation = *operations_[i];
      text += std::string(operation.is_write ? " write " : " read ") +
              operation.value.value_or("(absent)") + " [" + std::to_string(operation.start) + ", " +
              (operation.end ? std::to_string(*operation.end) : std::string("?")) + "]";
      ++shown;
    }
    return text;
  }

 private:
  struct Frame {
    Done done;
    std::optional<std::string> state;
    std::size_t next = 0;  // the candidate to try, counted from done.low
  };

  [[nodiscard]] static bool fits(
      const Operation& operation, const std::optional<std::string>& state) {
    if (!operation.is_write) return operation.value == state;
    return !operation.is_compare_and_set || state == operation.expected;
  }

  [[nodiscard]] bool is_complete(const Done& done) const {
    for (std::size_t i = done.low; i < operations_.size(); ++i) {
      if (operations_[i]->end && !done.contains(i)) return false;
    }
    return true;
  }

  // The next operation that may take effect now: it began before every open one has ended.
  [[nodiscard]] std::optional<std::size_t> next_candidate(Frame& frame) const {
    std::int64_t first_end = never;
    for (std::size_t i = frame.done.low; i < operations_.size(); ++i) {
      if (operations_[i]->start > first_end) break;
      if (!frame.done.contains(i))
        first_end = std::min(first_end, operations_[i]->end.value_or(never));
    }
    for (std::size_t i = frame.done.low + frame.next; i < operations_.size(); ++i) {
      if (operations_[i]->start > first_end) break;
      if (frame.done.contains(i)) continue;
      frame.next = i - frame.done.low + 1;
      return i;
    }
    return std::nullopt;
  }

  std::vector<const Operation*> operations_;
  const LinearizabilityOptions& options_;
  Done deepest_;
};

}  // namespace

LinearizabilityReport check_linearizability(
    const std::vector<Operation>& history, const LinearizabilityOptions& options) {
  std::map<std::string, std::vector<const Operation*>> by_key;
  for (const Operation& operation : history) {
    if (!operation.is_write && !operation.end) continue;
    by_key[operation.key].push_back(&operation);
  }
  LinearizabilityReport report;
  for (auto& [key, operations] : by_key) {
    KeySearch search(std::move(operations), options);
    const Verdict verdict = search.run();
    if (verdict == Verdict::linearizable) continue;
    report.verdict = verdict;
    report.key = key;
    report.explanation = search.explain();
    if (verdict == Verdict::violated) return report;
  }
  return report;
}

}  // namespace harka::sim
