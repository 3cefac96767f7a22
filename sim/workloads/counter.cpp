// SPDX-License-Identifier: Apache-2.0
// Counters that are only incremented. An answer says how many increments there are, so it is given
// once, is above every answer that was there before it was asked, and not above what had been asked
// when it came. At the end there are all that were acknowledged, and perhaps those of unknown
// outcome.
#include "base/numbers.hpp"
#include "sim/reply.hpp"
#include "sim/violation.hpp"
#include "sim/workloads/loads.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace harka::sim {

namespace {

class Counter final : public Load {
 public:
  explicit Counter(const LoadOptions& options) : options_(options) {}

  ClientRequest draw(Random& random, std::uint32_t, std::uint64_t) override {
    ClientRequest request;
    request.shard = static_cast<std::uint32_t>(random.below(options_.shards));
    request.key = key_of('c', request.shard, random.below(options_.keys));
    const bool is_increment = random.chance(std::max(options_.writes, 0.3));
    request.act = is_increment ? "increment" : "read";
    add_command(request, is_increment ? kv::CommandId::incr : kv::CommandId::get, {request.key});
    return request;
  }

  void answered(const Answered& answered) override {
    Count& count = counts_[answered.request.key];
    count.shard = answered.request.shard;
    const bool is_increment = answered.request.writes > 0;
    count.asked.push_back(is_increment ? answered.start : never);
    if (!answered.is_known) {
      count.unknown += is_increment ? 1 : 0;
      return;
    }
    std::uint64_t value = 0;
    if (is_increment) {
      value = integer_of(answered.replies[0]);
      ++count.acknowledged;
      if (!count.answers.insert(value).second) {
        fail(answered.request.key, "answered " + std::to_string(value) + " twice");
      }
    } else if (const auto text = bulk_of(answered.replies[0])) {
      value = number_in(answered.request.key, *text);
    }
    count.seen.push_back({answered.start, answered.end, value, is_increment});
  }

  void audit(const FinalState& state) override {
    for (auto& [key, count] : counts_) {
      const std::uint64_t value = number_in(key, state.find(count.shard, key).value_or("0"));
      const std::uint64_t most = count.acknowledged + count.unknown;
      if (value < count.acknowledged || value > most) {
        fail(
            key,
            "holds " + std::to_string(value) + " after " + std::to_string(count.acknowledged) +
                " acknowledged increments and " + std::to_string(count.unknown) + " unknown ones");
      }
      count.seen.push_back({state.time, state.time, value, false});
      audit_order(key, count);
    }
  }

 private:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  struct Seen {
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::uint64_t value = 0;
    bool is_increment = false;
  };

  struct Count {
    std::uint32_t shard = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t unknown = 0;
    std::set<std::uint64_t> answers;
    std::vector<Seen> seen;
    std::vector<std::int64_t> asked;  // when; never: a read
  };

  [[noreturn]] static void fail(const std::string& key, const std::string& what) {
    throw Violation(Broken::correctness, "the counter " + key + " " + what);
  }

  static std::uint64_t number_in(const std::string& key, const std::string& text) {
    const std::optional<std::uint64_t> number = number_of<std::uint64_t>(text);
    if (!number) fail(key, "holds no number: " + text);
    return *number;
  }

  static void audit_order(const std::string& key, Count& count) {
    std::ranges::sort(count.asked);
    std::vector<Seen> by_end = count.seen;
    std::ranges::sort(by_end, {}, &Seen::end);
    std::ranges::sort(count.seen, {}, &Seen::start);
    std::size_t ended = 0;
    std::uint64_t highest = 0;
    for (const Seen& seen : count.seen) {
      for (; ended < by_end.size() && by_end[ended].end < seen.start; ++ended) {
        highest = std::max(highest, by_end[ended].value);
      }
      if (seen.value < highest + (seen.is_increment ? 1 : 0)) {
        fail(
            key,
            "answered " + std::to_string(seen.value) + " to what began when " +
                std::to_string(highest) + " had been answered");
      }
      const auto asked = static_cast<std::uint64_t>(
          std::ranges::upper_bound(count.asked, seen.end) - count.asked.begin());
      if (seen.value > asked) {
        fail(
            key,
            "answered " + std::to_string(seen.value) + " when only " + std::to_string(asked) +
                " increments had been asked for");
      }
    }
  }

  LoadOptions options_;
  std::map<std::string, Count> counts_;
};

}  // namespace

std::unique_ptr<Load> make_counter_load(const LoadOptions& options) {
  return std::make_unique<Counter>(options);
}

}  // namespace harka::sim
