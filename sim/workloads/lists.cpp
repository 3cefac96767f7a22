// SPDX-License-Identifier: Apache-2.0
// Lists that are appended to and read, one command a batch or several: a batch takes effect at
// once, so it is a transaction, and what all of them saw must fit into one order.
#include "actors/kv/command.hpp"
#include "sim/checkers/cycles.hpp"
#include "sim/reply.hpp"
#include "sim/violation.hpp"
#include "sim/workloads/loads.hpp"
#include "sim/workloads/tokens.hpp"

#include <map>

namespace harka::sim {

namespace {

constexpr std::uint64_t commands_max = 4;  // in a batch
constexpr std::uint64_t operations_of_a_list =
    60;  // of a client; then others, so that they stay short

class Lists final : public Load {
 public:
  explicit Lists(const LoadOptions& options) : options_(options) {}

  ClientRequest draw(Random& random, std::uint32_t client, std::uint64_t operation) override {
    ClientRequest request;
    request.shard = static_cast<std::uint32_t>(random.below(options_.shards));
    const bool is_single = options_.kind == WorkloadKind::append;
    const std::uint64_t count = is_single ? 1 : 1 + random.below(commands_max);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t number =
          random.below(options_.keys) + options_.keys * (operation / operations_of_a_list);
      const std::string key = key_of('x', request.shard, number);
      request.key += (i == 0 ? "" : " ") + key;
      if (random.chance(options_.writes)) {
        const std::string token = value_of(client, operation) + "." + std::to_string(i) + ",";
        request.value += token;
        add_command(request, kv::CommandId::append, {key, token});
      } else {
        add_command(request, kv::CommandId::get, {key});
      }
    }
    request.act = request.writes == 0 ? "read" : "append";
    return request;
  }

  void answered(const Answered& answered) override {
    Transaction transaction;
    transaction.client = answered.client;
    transaction.start = answered.start;
    if (answered.is_known) transaction.end = answered.end;
    if (!answered.is_known) transaction.outcome = Transaction::Outcome::unknown;
    std::size_t at = 0;
    kv::CommandReader commands(answered.request.commands);
    while (commands.next()) {
      const kv::CommandView& command = commands.command();
      ListAct act;
      act.key = command[0];
      shards_.emplace(act.key, answered.request.shard);
      const std::string_view reply = answered.is_known ? answered.replies[at] : "";
      if (command.id == kv::CommandId::append) {
        const std::string token(command[1]);
        act.appended = token.substr(0, token.size() - 1);
        const std::uint64_t length = answered.is_known ? integer_of(reply) : 0;
        appended_.push_back({answered.request.shard, act.key, token, answered.is_known, length});
      } else if (answered.is_known) {
        act.seen = tokens_of(bulk_of(reply).value_or(""));
      }
      transaction.acts.push_back(std::move(act));
      ++at;
    }
    history_.push_back(std::move(transaction));
  }

  /// The last transaction reads all that there is.
  void audit(const FinalState& state) override {
    audit_tokens(appended_, state);
    Transaction last;
    last.start = state.time;
    last.end = state.time;
    for (const auto& [key, shard] : shards_) {
      ListAct read;
      read.key = key;
      read.seen = tokens_of(state.find(shard, key).value_or(""));
      last.acts.push_back(std::move(read));
    }
    history_.push_back(std::move(last));
    const Result<TransactionsReport> report = check_transactions(history_, {});
    ASSERT(report.ok());
    if (report.value().anomalies.empty()) return;
    const Anomaly& anomaly = report.value().anomalies.front();
    throw Violation(Broken::correctness, anomaly.name + ": " + anomaly.text);
  }

 private:
  LoadOptions options_;
  std::vector<Transaction> history_;
  std::vector<Appended> appended_;
  std::map<std::string, std::uint32_t> shards_;  // by key
};

}  // namespace

std::unique_ptr<Load> make_lists_load(const LoadOptions& options) {
  return std::make_unique<Lists>(options);
}

}  // namespace harka::sim
