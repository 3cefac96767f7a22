// SPDX-License-Identifier: Apache-2.0
// Registers that one client each writes, with numbers that grow, and that all read, asking any node
// first: one that has been deposed and does not know it yet must not answer from its lease once a
// newer write was acknowledged elsewhere. So an answer is never below what had been acknowledged
// before it was asked. Beside that all of it has to be linearizable.
#include "base/numbers.hpp"
#include "sim/reply.hpp"
#include "sim/violation.hpp"
#include "sim/workloads/loads.hpp"
#include "sim/workloads/register_history.hpp"

#include <map>

namespace harka::sim {

namespace {

class Lease final : public Load {
 public:
  explicit Lease(const LoadOptions& options) : options_(options) {}

  ClientRequest draw(Random& random, std::uint32_t client, std::uint64_t operation) override {
    ClientRequest request;
    request.shard = static_cast<std::uint32_t>(random.below(options_.shards));
    const std::uint64_t writer = 1 + random.below(options_.clients);
    if (random.chance(options_.writes)) {
      request.act = "write";
      request.key = key_of('v', request.shard, client);
      request.value = std::to_string(operation);
      add_command(request, kv::CommandId::set, {request.key, request.value});
    } else {
      request.act = "read";
      request.key = key_of('v', request.shard, writer);
      request.asks_anyone = true;
      add_command(request, kv::CommandId::get, {request.key});
    }
    return request;
  }

  void answered(const Answered& answered) override {
    const ClientRequest& request = answered.request;
    if (request.act == "write") {
      if (answered.is_known) {
        expect_ok(answered.replies[0]);
        acknowledged_[request.key][number_in(request.value)] = answered.end;
      }
      registers_.wrote(answered, request.key, request.value);
      return;
    }
    if (!answered.is_known) return;
    std::optional<std::string> value = bulk_of(answered.replies[0]);
    expect_fresh(answered, value);
    registers_.read(answered, request.key, std::move(value));
  }

  void audit(const FinalState& state) override { registers_.audit(state); }

  [[nodiscard]] std::uint64_t undecided() const override { return registers_.undecided(); }

 private:
  static std::uint64_t number_in(const std::string& value) {
    return number_of<std::uint64_t>(value).value_or(0);
  }

  /// What was written without an acknowledgement may take effect at any time.
  void expect_fresh(const Answered& answered, const std::optional<std::string>& value) {
    const std::map<std::uint64_t, std::int64_t>& writes = acknowledged_[answered.request.key];
    const std::uint64_t number = value ? number_in(*value) : 0;
    if (value && !writes.contains(number)) return;
    for (auto newer = writes.upper_bound(number); newer != writes.end(); ++newer) {
      if (newer->second >= answered.start) continue;
      throw Violation(
          Broken::correctness,
          "a read of " + answered.request.key + " gives " +
              (value ? "'" + *value + "'" : std::string("nothing")) + ", and the write of '" +
              std::to_string(newer->first) + "' had been acknowledged " +
              std::to_string((answered.start - newer->second) / 1000) + " us before it began");
    }
  }

  LoadOptions options_;
  std::map<std::string, std::map<std::uint64_t, std::int64_t>> acknowledged_;  // number, when
  RegisterHistory registers_;
};

}  // namespace

std::unique_ptr<Load> make_lease_load(const LoadOptions& options) {
  return std::make_unique<Lease>(options);
}

}  // namespace harka::sim
