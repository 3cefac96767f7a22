// SPDX-License-Identifier: Apache-2.0
// Appends that are asked again, in the same session and with the same number, after they were
// answered: of any node, so that often another one leads by then. The answer must be the same (the
// client sees to that), and the token there once.
#include "sim/reply.hpp"
#include "sim/workloads/loads.hpp"
#include "sim/workloads/tokens.hpp"

namespace harka::sim {

namespace {

constexpr std::uint64_t repeats_max = 2;

class Session final : public Load {
 public:
  explicit Session(const LoadOptions& options) : options_(options) {}

  ClientRequest draw(Random& random, std::uint32_t client, std::uint64_t operation) override {
    ClientRequest request;
    request.act = "append";
    request.shard = static_cast<std::uint32_t>(random.below(options_.shards));
    request.key = key_of('s', request.shard, random.below(options_.keys));
    request.value = value_of(client, operation) + ",";
    request.repeats = static_cast<std::uint32_t>(random.below(repeats_max + 1));
    add_command(request, kv::CommandId::append, {request.key, request.value});
    return request;
  }

  void answered(const Answered& answered) override {
    const std::uint64_t length = answered.is_known ? integer_of(answered.replies[0]) : 0;
    const ClientRequest& request = answered.request;
    appended_.push_back({request.shard, request.key, request.value, answered.is_known, length});
  }

  void audit(const FinalState& state) override { audit_tokens(appended_, state); }

 private:
  LoadOptions options_;
  std::vector<Appended> appended_;
};

}  // namespace

std::unique_ptr<Load> make_session_load(const LoadOptions& options) {
  return std::make_unique<Session>(options);
}

}  // namespace harka::sim
