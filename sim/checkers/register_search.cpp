// SPDX-License-Identifier: Apache-2.0
// Calls and returns stand in a doubly linked list in order of time. What stands before the first
// return may be placed next; placing an operation takes its call and its return out, undoing puts
// them back where they were.
#include "sim/checkers/register_search.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_set>

namespace harka::sim {

namespace {

constexpr std::uint64_t steps_between_questions = 4096;

struct Fingerprint {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;

  [[nodiscard]] Fingerprint operator^(const Fingerprint& other) const {
    return {high ^ other.high, low ^ other.low};
  }
};

struct FingerprintHash {
  std::size_t operator()(const Fingerprint& print) const { return print.low; }
};

class Search {
 public:
  Search(
      const std::vector<const Operation*>& operations,
      const std::optional<std::string>& initial,
      const SearchOptions& options)
      : options_(options) {
    state_ = number_of(initial);
    for (const Operation* operation : operations) take(*operation);
    keep_those_that_matter();
    link_by_time();
    draw_fingerprints();
  }

  Searched run() {
    if (somebody_saw_what_nobody_wrote()) return {Verdict::violated, {}};
    std::size_t at = begin();
    while (open_ > 0) {
      if (is_spent()) return {Verdict::undecided, std::move(deepest_)};
      if (is_call(at)) {
        at = place(at, false) ? begin() : next_[at];
        continue;
      }
      do {
        if (placed_.empty()) return {Verdict::violated, std::move(deepest_)};
        at = next_[placed_.back().call];
      } while (undo());
    }
    return {Verdict::linearizable, {}};
  }

 private:
  struct Step {
    Act act = Act::read;
    bool is_known = false;
    std::size_t value = 0;
    std::size_t expected = 0;
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::size_t given = 0;  // its place in what was given

    [[nodiscard]] bool changes() const { return act == Act::write || act == Act::compare_and_set; }
  };

  struct Placed {
    std::size_t call = 0;
    std::size_t state_before = 0;
    Fingerprint print_before;
    bool is_forced = false;  // nothing else need be tried in its stead
  };

  [[nodiscard]] bool somebody_saw_what_nobody_wrote() const {
    if (options_.wants_prefix) return false;
    for (std::size_t value = 0; value < needed_.size(); ++value) {
      if (value != state_ && needed_[value] > 0 && made_[value] == 0) return true;
    }
    return false;
  }

  std::size_t number_of(const std::optional<std::string>& value) {
    const std::size_t number = numbers_.emplace(value, numbers_.size()).first->second;
    needed_.resize(numbers_.size());
    wanted_.resize(numbers_.size());
    made_.resize(numbers_.size());
    return number;
  }

  void take(const Operation& operation) {
    Step step;
    step.given = given_++;
    step.act = operation.act;
    step.is_known = operation.end.has_value();
    step.start = operation.start;
    step.end = operation.end.value_or(0);
    step.value = number_of(operation.value);
    step.expected = number_of(operation.expected);
    if (!step.is_known && !step.changes()) return;
    count(step, 1);
    steps_.push_back(step);
  }

  void keep_those_that_matter() {
    if (options_.wants_prefix) return;
    std::erase_if(steps_, [this](const Step& step) {
      if (!is_pointless(step)) return false;
      count(step, -1);
      return true;
    });
  }

  /// What is left to be placed: `by` is 1 or -1.
  void count(const Step& step, int by) {
    const auto add = [by](std::size_t& number) { number += static_cast<std::size_t>(by); };
    if (step.changes()) add(made_[step.value]);
    if (step.act == Act::read) add(wanted_[step.value]);
    if (step.act == Act::compare_and_set) add(wanted_[step.expected]);
    if (step.act == Act::mismatch) add(mismatches_);
    if (!step.is_known) return;
    add(open_);
    if (step.act == Act::read) add(needed_[step.value]);
    if (step.act == Act::compare_and_set) add(needed_[step.expected]);
  }

  void link_by_time() {
    using Event = std::tuple<std::int64_t, bool, std::size_t>;  // calls before returns
    std::vector<Event> events;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      events.emplace_back(steps_[i].start, false, 2 * i);
      if (steps_[i].is_known) events.emplace_back(steps_[i].end, true, 2 * i + 1);
    }
    std::sort(events.begin(), events.end());
    head_ = 2 * steps_.size();
    tail_ = head_ + 1;
    next_.resize(tail_ + 1);
    previous_.resize(tail_ + 1);
    std::size_t last = head_;
    for (const auto& [time, is_return, node] : events) last = link(last, node);
    link(last, tail_);
  }

  std::size_t link(std::size_t before, std::size_t node) {
    next_[before] = node;
    previous_[node] = before;
    return node;
  }

  void draw_fingerprints() {
    Random random(steps_.size());
    const auto draw = [&random] { return Fingerprint{random.next(), random.next()}; };
    for (std::size_t i = 0; i < steps_.size(); ++i) of_step_.push_back(draw());
    for (std::size_t i = 0; i < numbers_.size(); ++i) of_state_.push_back(draw());
  }

  [[nodiscard]] bool is_call(std::size_t node) const { return node < head_ && node % 2 == 0; }

  bool is_spent() {
    if (tried_ > options_.budget.states_max) return true;
    return ++steps_since_asked_ % steps_between_questions == 0 && options_.budget.is_over &&
           options_.budget.is_over();
  }

  /// Places what can be placed without a choice; then the first that may be tried.
  std::size_t begin() {
    std::size_t at = next_[head_];
    while (is_call(at)) {
      at = is_free(steps_[at / 2]) && place(at, true) ? next_[head_] : next_[at];
    }
    return next_[head_];
  }

  /// Whatever order fits, another one has this operation first.
  [[nodiscard]] bool is_free(const Step& step) const {
    if (!step.changes()) return fits(step);
    return step.act == Act::write && step.is_known && !options_.wants_prefix && mismatches_ == 0 &&
           wanted_[step.value] == 0 && wanted_[state_] == 0;
  }

  bool place(std::size_t call, bool is_forced) {
    const Step& step = steps_[call / 2];
    if (!is_forced && !(step.changes() && fits(step) && is_sensible(step))) return false;
    const Placed placed{call, state_, print_, is_forced};
    const std::size_t state = step.changes() ? step.value : state_;
    const Fingerprint print = print_ ^ of_step_[call / 2];
    if (!is_forced && !seen_.insert(print ^ of_state_[state]).second) return false;
    ++tried_;
    placed_.push_back(placed);
    state_ = state;
    print_ = print;
    take_out(call);
    if (step.is_known) take_out(call + 1);
    count(step, -1);
    if (options_.wants_prefix) note_depth();
    return true;
  }

  /// Says whether what was undone had no alternative.
  bool undo() {
    const Placed placed = placed_.back();
    placed_.pop_back();
    const Step& step = steps_[placed.call / 2];
    count(step, 1);
    if (step.is_known) put_back(placed.call + 1);
    put_back(placed.call);
    state_ = placed.state_before;
    print_ = placed.print_before;
    return placed.is_forced;
  }

  void take_out(std::size_t node) {
    next_[previous_[node]] = next_[node];
    previous_[next_[node]] = previous_[node];
  }

  void put_back(std::size_t node) {
    next_[previous_[node]] = node;
    previous_[next_[node]] = node;
  }

  [[nodiscard]] bool fits(const Step& step) const {
    switch (step.act) {
      case Act::read: return step.value == state_;
      case Act::write: return true;
      case Act::compare_and_set: return step.expected == state_;
      case Act::mismatch: return step.expected != state_;
    }
    return false;
  }

  [[nodiscard]] bool is_sensible(const Step& step) const {
    if (options_.wants_prefix) return true;
    if (is_pointless(step)) return false;
    if (step.value == state_) return true;
    const bool is_seen_by_itself = step.act == Act::compare_and_set && step.is_known;
    const std::size_t others = needed_[state_] - (is_seen_by_itself ? 1 : 0);
    return others == 0 || made_[state_] > 0;
  }

  [[nodiscard]] bool is_pointless(const Step& step) const {
    return !step.is_known && wanted_[step.value] == 0 && mismatches_ == 0;
  }

  void note_depth() {
    if (open_ >= least_open_) return;
    least_open_ = open_;
    deepest_.clear();
    for (const Placed& placed : placed_) deepest_.push_back(steps_[placed.call / 2].given);
  }

  const SearchOptions& options_;
  std::map<std::optional<std::string>, std::size_t> numbers_;  // of values
  std::vector<std::size_t> needed_;                            // by value: must still be seen
  std::vector<std::size_t> wanted_;                            // by value: may still be seen
  std::vector<std::size_t> made_;                              // by value: still to be written
  std::size_t mismatches_ = 0;
  std::size_t open_ = 0;  // of known outcome and not placed
  std::size_t given_ = 0;
  std::vector<Step> steps_;
  std::vector<std::size_t> next_;
  std::vector<std::size_t> previous_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::vector<Fingerprint> of_step_;
  std::vector<Fingerprint> of_state_;
  std::unordered_set<Fingerprint, FingerprintHash> seen_;
  std::size_t state_ = 0;
  Fingerprint print_;
  std::vector<Placed> placed_;
  std::uint64_t tried_ = 0;
  std::uint64_t steps_since_asked_ = 0;
  std::size_t least_open_ = ~std::size_t{0};
  std::vector<std::size_t> deepest_;
};

/// What the register may have held, as far as it makes a difference: what somebody speaks of, and
/// what nobody does.
std::set<std::optional<std::string>> values_in(const std::vector<const Operation*>& operations) {
  std::set<std::optional<std::string>> values{std::nullopt};
  std::size_t longest = 0;
  for (const Operation* operation : operations) {
    for (const std::optional<std::string>& value : {operation->value, operation->expected}) {
      if (!value) continue;
      values.insert(value);
      longest = std::max(longest, value->size());
    }
  }
  values.insert(std::string(longest + 1, '?'));
  return values;
}

}  // namespace

Searched search_register(
    const std::vector<const Operation*>& operations, const SearchOptions& options) {
  if (!options.is_any_initial) return Search(operations, options.initial, options).run();
  Searched furthest;
  furthest.verdict = Verdict::violated;
  for (const std::optional<std::string>& initial : values_in(operations)) {
    Searched searched = Search(operations, initial, options).run();
    if (searched.verdict != Verdict::violated) return searched;
    if (searched.prefix.size() > furthest.prefix.size()) furthest = std::move(searched);
  }
  return furthest;
}

}  // namespace harka::sim
