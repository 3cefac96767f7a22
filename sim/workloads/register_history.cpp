// SPDX-License-Identifier: Apache-2.0
#include "sim/workloads/register_history.hpp"

#include "sim/checkers/linearizability.hpp"
#include "sim/violation.hpp"

namespace harka::sim {

namespace {

constexpr std::uint64_t states_max = 300'000;

}  // namespace

void RegisterHistory::add(const Answered& answered, Operation operation) {
  shards_.emplace(operation.key, answered.request.shard);
  operation.client = answered.client;
  operation.start = answered.start;
  if (answered.is_known) operation.end = answered.end;
  operations_.push_back(std::move(operation));
}

void RegisterHistory::wrote(
    const Answered& answered, const std::string& key, const std::string& value) {
  Operation operation;
  operation.key = key;
  operation.act = Act::write;
  operation.value = value;
  add(answered, std::move(operation));
}

void RegisterHistory::read(
    const Answered& answered, const std::string& key, std::optional<std::string> value) {
  if (!answered.is_known) return;
  Operation operation;
  operation.key = key;
  operation.value = std::move(value);
  add(answered, std::move(operation));
}

void RegisterHistory::audit(const FinalState& state) {
  for (const auto& [key, shard] : shards_) {
    Operation read;
    read.key = key;
    read.value = state.find(shard, key);
    read.start = state.time;
    read.end = state.time;
    operations_.push_back(std::move(read));
  }
  LinearizabilityOptions options;
  options.budget.states_max = states_max;
  const LinearizabilityReport report = check_linearizability(operations_, options);
  if (report.verdict == Verdict::violated) {
    throw Violation(
        Broken::correctness,
        "key " + report.key + " is not linearizable: " + sentence_of(*report.window));
  }
  undecided_ += report.verdict == Verdict::undecided ? 1 : 0;
}

}  // namespace harka::sim
