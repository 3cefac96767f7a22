// SPDX-License-Identifier: Apache-2.0
// A shard in a real replica, and batches as a router sends them.
#pragma once

#include "tests/actors/replica/hosted_replica.hpp"

#include <string>
#include <vector>

namespace harka::testing {

inline std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

struct ShardFixture {
  explicit ShardFixture(std::vector<std::uint64_t> voters, ShardOptions options = {})
      : host(std::move(voters), [options](const storage::Engine& engine) {
          return std::make_unique<Shard>(options, engine);
        }) {}

  HostedReplica host;
  msg::ShardBatch batch;  // the next one; `with` adds a command, `submit` sends it
  std::string commands;

  ShardFixture& with(kv::CommandId id, const std::vector<std::string_view>& arguments) {
    const bool is_write = kv::find_command(id)->has(kv::command_flag::write);
    return with(id, arguments, is_write ? kv::encoded_flag::may_write : std::uint8_t{0});
  }

  ShardFixture& with(
      kv::CommandId id, const std::vector<std::string_view>& arguments, std::uint8_t flags) {
    kv::CommandWriter(commands).add(id, flags, arguments.data(), arguments.size());
    ++batch.count;
    batch.writes += (flags & kv::encoded_flag::may_write) != 0 ? 1 : 0;
    return *this;
  }

  void submit(std::uint64_t sequence, std::uint64_t acknowledged = 0, std::uint64_t session = 7) {
    batch.commands = SharedBytes(std::exchange(commands, {}));
    batch.session = session;
    batch.sequence = sequence;
    batch.acknowledged = acknowledged;
    host.deliver(router, std::exchange(batch, {}), sequence);
  }

  /// READONLY.
  void submit_stale(std::uint64_t sequence, LogIndex min_index = 0) {
    batch.stale_reads = true;
    batch.min_index = min_index;
    submit(sequence);
  }

  msg::ShardReply reply() {
    const auto sent = host.sent<msg::ShardReply>();
    BOOST_REQUIRE_EQUAL(sent.size(), 1U);
    BOOST_TEST((sent[0].first == router));
    return sent[0].second;
  }

  bool is_answered() { return !host.sent<msg::ShardReply>().empty(); }

  void expect(const std::string& replies) {
    const msg::ShardReply got = reply();
    BOOST_TEST((got.outcome == msg::BatchOutcome::done));
    BOOST_TEST(got.replies.view() == replies);
  }

  void expect_refusal(msg::BatchOutcome outcome, std::uint64_t leader) {
    const msg::ShardReply got = reply();
    BOOST_TEST(msg::name_of(got.outcome) == msg::name_of(outcome));
    BOOST_TEST(got.leader == leader);
  }

  /// An entry as a leader with this clock proposes it; takes the commands added so far.
  SharedBytes entry(WallTime now) {
    kv::EntryHeader header;
    header.now = now;
    header.count = std::exchange(batch, {}).count;
    return SharedBytes(kv::encode_entry(header, std::exchange(commands, {})));
  }
};

struct AloneFixture : ShardFixture {
  AloneFixture() : ShardFixture({1}) { host.lead(); }
};

struct FollowerFixture : ShardFixture {
  FollowerFixture() : ShardFixture({1, 2, 3}) { host.follow(1); }
};

}  // namespace harka::testing
