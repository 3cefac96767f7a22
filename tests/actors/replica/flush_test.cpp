// SPDX-License-Identifier: Apache-2.0
// When a replica flushes. One voter with a shard over LMDB; the test is its log store and pulse.
#include "actors/kv/command.hpp"
#include "actors/replica/replica.hpp"
#include "actors/shard/shard.hpp"
#include "storage/lmdb_engine.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/turn_driver.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <set>

using namespace harka;
using testing::Folder;

namespace {

constexpr NodeId node{1};
constexpr ShardId shard{0};
const GroupId group = group_of(shard);

std::unique_ptr<storage::Engine> open(const Folder& folder) {
  storage::LmdbOptions options;
  options.directory = folder.path;
  options.map_bytes = 1U << 24;
  return storage::open_lmdb_engine(options).value();
}

ReplicaOptions options_of(std::size_t flush_bytes) {
  ReplicaOptions options;
  options.raft.group = group;
  options.raft.self = node;
  options.raft.preferred_leader = true;
  options.initial_voters = {node.value};
  options.flush_bytes = flush_bytes;
  options.flush_interval = 4s;
  return options;
}

struct Fixture {
  explicit Fixture(std::uint64_t seed, std::size_t flush_bytes = 1U << 20)
      : engine(open(folder)),
        replica(
            options_of(flush_bytes),
            *engine,
            std::make_unique<Shard>(ShardOptions{.shard = shard}, *engine)),
        recorder(replica, replica_address(node, group), seed) {
    recorder.start();
    recorder.deliver(store(msg::ActorKind::state_store), msg::GroupRecovered{.group = group.value});
    recorder.deliver(store(msg::ActorKind::log_store), msg::GroupRecovered{.group = group.value});
    for (int ticks = 0; ticks < 40 && !replica.core()->is_leader(); ++ticks) tick();
    BOOST_REQUIRE(replica.core()->is_leader());
    tick();
    BOOST_REQUIRE(flushes == 0);
  }

  [[nodiscard]] static Address store(msg::ActorKind kind) { return address_of(node, kind); }

  void tick() {
    recorder.advance(50ms);
    recorder.deliver(store(msg::ActorKind::pulse), msg::Tick{});
    settle();
  }

  void set(std::string_view key, std::string_view value) {
    std::string commands;
    const std::array<std::string_view, 2> words{key, value};
    kv::CommandWriter(commands).add(
        kv::CommandId::set, kv::encoded_flag::may_write, words.data(), words.size());
    msg::ShardBatch batch;
    batch.shard = shard.value;
    batch.count = 1;
    batch.writes = 1;
    batch.commands = SharedBytes(std::move(commands));
    recorder.deliver(store(msg::ActorKind::router), batch);
    settle();
  }

  /// The log is durable at once.
  void settle() {
    for (const effect::Send& send : recorder.take<effect::Send>()) {
      const msg::Message& body = send.envelope->body;
      flushes += std::holds_alternative<msg::FlushState>(body) ? 1 : 0;
      if (const auto* append = std::get_if<msg::AppendLog>(&body)) {
        recorder.deliver(
            store(msg::ActorKind::log_store), msg::LogAppended{append->group, append->ticket});
        settle();
      }
    }
  }

  /// Ticks from the first write to the flush.
  int ticks_to_flush() {
    set("key", "value");
    int ticks = 0;
    for (; flushes == 0 && ticks < 200; ++ticks) tick();
    return ticks;
  }

  Folder folder;
  std::unique_ptr<storage::Engine> engine;
  Replica replica;
  testing::TurnDriver recorder;
  int flushes = 0;
};

BOOST_AUTO_TEST_SUITE(replica_flush)

BOOST_AUTO_TEST_CASE(groups_that_became_dirty_together_flush_apart) {
  std::set<int> times;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const int ticks = Fixture(seed).ticks_to_flush();
    BOOST_TEST(ticks >= 40);  // 2 s
    BOOST_TEST(ticks <= 81);  // 4 s
    times.insert(ticks);
  }
  BOOST_TEST(times.size() >= 5U);
}

BOOST_AUTO_TEST_CASE(much_that_is_dirty_is_flushed_at_once) {
  Fixture fixture(1, 10'000);
  for (int i = 0; i < 15; ++i) fixture.set("key" + std::to_string(i), std::string(1000, 'x'));
  BOOST_TEST(fixture.flushes == 1);
}

// One key keeps the overlay small, but its log cannot be compacted before a flush.
BOOST_AUTO_TEST_CASE(a_key_that_is_written_again_and_again_is_flushed_by_its_log) {
  Fixture fixture(1, 10'000);
  for (int i = 0; i < 15; ++i) fixture.set("key", std::string(1000, 'x'));
  BOOST_TEST(fixture.flushes == 1);
}

BOOST_AUTO_TEST_CASE(a_heartbeat_is_a_tick) {
  Fixture fixture(1);
  fixture.set("key", "value");
  for (int beats = 0; beats < 50; ++beats) {
    fixture.recorder.advance(100ms);
    fixture.recorder.deliver(Fixture::store(msg::ActorKind::pulse), msg::Heartbeat{});
    fixture.settle();
  }
  BOOST_TEST(fixture.flushes == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
