// SPDX-License-Identifier: Apache-2.0
// What concerns several keys of one shard at once. There are no transactions of many round trips;
// what there is, is a batch, which is one entry of the log, and commands of several keys:
//
//   transfers  a batch of DECRBY and INCRBY: the balances always add up to nothing
//   pages      MSET writes one value to all pages, so MGET never reads two
//
// All pages together are a register, whose history has to be linearizable.
#include "base/numbers.hpp"
#include "sim/reply.hpp"
#include "sim/violation.hpp"
#include "sim/workloads/loads.hpp"
#include "sim/workloads/register_history.hpp"

#include <map>
#include <set>

namespace harka::sim {

namespace {

constexpr std::uint64_t pages = 3;
constexpr std::uint64_t amount_max = 100;

class Bank final : public Load {
 public:
  explicit Bank(const LoadOptions& options) : options_(options) { options_.keys += 1; }

  ClientRequest draw(Random& random, std::uint32_t client, std::uint64_t operation) override {
    ClientRequest request;
    request.shard = static_cast<std::uint32_t>(random.below(options_.shards));
    const bool is_write = random.chance(options_.writes);
    const bool is_of_pages = random.chance(0.3);
    if (is_of_pages) {
      turn_pages(request, is_write, value_of(client, operation));
    } else if (is_write) {
      transfer(request, random);
    } else {
      request.act = "balances";
      request.key = accounts_of(request.shard);
      std::vector<std::string> keys;
      for (std::uint64_t i = 0; i < options_.keys; ++i) keys.push_back(account(request.shard, i));
      add_command(request, kv::CommandId::mget, keys);
    }
    return request;
  }

  void answered(const Answered& answered) override {
    const ClientRequest& request = answered.request;
    if (request.act == "transfer") return note_transfer(answered);
    if (request.act == "mset") {
      if (answered.is_known) expect_ok(answered.replies[0]);
      pages_.wrote(answered, request.key, request.value);
      return;
    }
    if (!answered.is_known) return;
    const std::vector<std::optional<std::string>> values = array_of(answered.replies[0]);
    if (request.act == "balances") {
      expect_balance(request.key, values);
    } else {
      pages_.read(answered, request.key, the_one_value(request.key, values));
    }
  }

  void audit(const FinalState& state) override {
    for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
      std::vector<std::optional<std::string>> balances;
      for (std::uint64_t i = 0; i < options_.keys; ++i) {
        balances.push_back(state.find(shard, account(shard, i)));
        expect_transfers(account(shard, i), integer_in(balances.back()));
      }
      expect_balance(accounts_of(shard), balances);
    }
    const auto find_pages = [this, &state](std::uint32_t shard, const std::string& name) {
      std::vector<std::optional<std::string>> values;
      for (std::uint64_t i = 0; i < pages; ++i) values.push_back(state.find(shard, page(shard, i)));
      return the_one_value(name, values);
    };
    pages_.audit({find_pages, state.time});
  }

  [[nodiscard]] std::uint64_t undecided() const override { return pages_.undecided(); }

 private:
  struct Moved {  // into an account, if negative out of it
    std::int64_t acknowledged = 0;
    std::int64_t least = 0;  // of unknown outcome
    std::int64_t most = 0;
  };

  static std::string tag(char kind, std::uint32_t shard) {
    return "{" + key_of(kind, shard, 0) + "}";
  }

  static std::string accounts_of(std::uint32_t shard) { return tag('b', shard); }

  static std::string account(std::uint32_t shard, std::uint64_t number) {
    return tag('b', shard) + std::to_string(number);
  }

  static std::string page(std::uint32_t shard, std::uint64_t number) {
    return tag('p', shard) + std::to_string(number);
  }

  static void turn_pages(ClientRequest& request, bool is_write, const std::string& value) {
    request.act = is_write ? "mset" : "mget";
    request.key = tag('p', request.shard);
    std::vector<std::string> arguments;
    for (std::uint64_t i = 0; i < pages; ++i) {
      arguments.push_back(page(request.shard, i));
      if (is_write) arguments.push_back(value);
    }
    if (is_write) request.value = value;
    add_command(request, is_write ? kv::CommandId::mset : kv::CommandId::mget, arguments);
  }

  void transfer(ClientRequest& request, Random& random) {
    const std::uint64_t from = random.below(options_.keys);
    const std::uint64_t to = (from + 1 + random.below(options_.keys - 1)) % options_.keys;
    const std::uint64_t amount = 1 + random.below(amount_max);
    request.act = "transfer";
    request.key = account(request.shard, from);
    request.value = std::to_string(amount) + " " + account(request.shard, to);
    const std::string text = std::to_string(amount);
    add_command(request, kv::CommandId::decrby, {account(request.shard, from), text});
    add_command(request, kv::CommandId::incrby, {account(request.shard, to), text});
  }

  void note_transfer(const Answered& answered) {
    const ClientRequest& request = answered.request;
    const std::size_t gap = request.value.find(' ');
    const auto amount = number_of<std::int64_t>(std::string_view(request.value).substr(0, gap));
    ASSERT(amount.has_value());
    move(request.key, -*amount, answered.is_known);
    move(request.value.substr(gap + 1), *amount, answered.is_known);
  }

  void move(const std::string& key, std::int64_t amount, bool is_known) {
    Moved& moved = moved_[key];
    if (is_known) {
      moved.acknowledged += amount;
    } else {
      (amount < 0 ? moved.least : moved.most) += amount;
    }
  }

  void expect_transfers(const std::string& key, std::int64_t balance) {
    const Moved& moved = moved_[key];
    const std::int64_t unknown = balance - moved.acknowledged;
    if (unknown >= moved.least && unknown <= moved.most) return;
    throw Violation(
        Broken::correctness,
        "the account " + key + " holds " + std::to_string(balance) + " after transfers of " +
            std::to_string(moved.acknowledged) + ", unknown ones between " +
            std::to_string(moved.least) + " and " + std::to_string(moved.most));
  }

  static std::int64_t integer_in(const std::optional<std::string>& value) {
    return value ? number_of<std::int64_t>(*value).value_or(0) : 0;
  }

  static void expect_balance(
      const std::string& key, const std::vector<std::optional<std::string>>& balances) {
    std::int64_t sum = 0;
    for (const auto& balance : balances) sum += integer_in(balance);
    if (sum == 0) return;
    throw Violation(
        Broken::correctness, "the accounts " + key + " add up to " + std::to_string(sum));
  }

  static std::optional<std::string> the_one_value(
      const std::string& key, const std::vector<std::optional<std::string>>& values) {
    const std::set<std::optional<std::string>> different(values.begin(), values.end());
    if (different.size() == 1) return *different.begin();
    throw Violation(
        Broken::correctness,
        "the pages " + key + " are of several MSETs: " + values[0].value_or("nothing") + " and " +
            values.back().value_or("nothing"));
  }

  LoadOptions options_;
  std::map<std::string, Moved> moved_;
  RegisterHistory pages_;
};

}  // namespace

std::unique_ptr<Load> make_bank_load(const LoadOptions& options) {
  return std::make_unique<Bank>(options);
}

}  // namespace harka::sim
