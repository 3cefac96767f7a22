// SPDX-License-Identifier: Apache-2.0
// Reads and writes of registers, and appends to lists.
#include "sim/reply.hpp"
#include "sim/workloads/loads.hpp"
#include "sim/workloads/register_history.hpp"
#include "sim/workloads/tokens.hpp"

namespace harka::sim {

namespace {

class Mixed final : public Load {
 public:
  explicit Mixed(const LoadOptions& options) : options_(options) {}

  ClientRequest draw(Random& random, std::uint32_t client, std::uint64_t operation) override {
    ClientRequest request;
    request.shard = static_cast<std::uint32_t>(random.below(options_.shards));
    const std::uint64_t number = random.below(options_.keys);
    request.value = value_of(client, operation);
    if (random.chance(options_.appends)) {
      request.act = "append";
      request.key = key_of('l', request.shard, number);
      request.value += ",";
      add_command(request, kv::CommandId::append, {request.key, request.value});
      return request;
    }
    request.key = key_of('r', request.shard, number);
    if (random.chance(options_.writes)) {
      request.act = "write";
      add_command(request, kv::CommandId::set, {request.key, request.value});
    } else {
      request.act = "read";
      request.value.clear();
      add_command(request, kv::CommandId::get, {request.key});
    }
    return request;
  }

  void answered(const Answered& answered) override {
    const ClientRequest& request = answered.request;
    if (request.act == "append") {
      const std::uint64_t length = answered.is_known ? integer_of(answered.replies[0]) : 0;
      appended_.push_back({request.shard, request.key, request.value, answered.is_known, length});
    } else if (request.act == "write") {
      if (answered.is_known) expect_ok(answered.replies[0]);
      registers_.wrote(answered, request.key, request.value);
    } else if (answered.is_known) {
      registers_.read(answered, request.key, bulk_of(answered.replies[0]));
    }
  }

  void audit(const FinalState& state) override {
    audit_tokens(appended_, state);
    registers_.audit(state);
  }

  [[nodiscard]] std::uint64_t undecided() const override { return registers_.undecided(); }

 private:
  LoadOptions options_;
  RegisterHistory registers_;
  std::vector<Appended> appended_;
};

}  // namespace

std::unique_ptr<Load> make_mixed_load(const LoadOptions& options) {
  LoadOptions only = options;
  if (options.kind == WorkloadKind::registers) only.appends = 0;
  return std::make_unique<Mixed>(only);
}

}  // namespace harka::sim
