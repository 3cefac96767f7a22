// SPDX-License-Identifier: Apache-2.0
// A replica between its two stores: recovery, flushes, snapshots, and what it tells its node.
#include "storage/checksum.hpp"
#include "tests/actors/shard/shard_fixture.hpp"

#include <set>

using namespace harka;
using kv::CommandId;
using testing::AloneFixture;
using testing::bulk;
using testing::FollowerFixture;
using testing::here;
using testing::hosted_group;
using testing::there;

namespace {

const Address pulse = address_of(here, msg::ActorKind::pulse);

struct TestedAlone : AloneFixture {
  LogIndex flushed() { return host.engine().applied(hosted_group).index; }

  LogIndex applied() { return host.replica().core()->applied_index(); }
};

msg::SnapshotChunk chunk_of(std::string_view data) {
  msg::SnapshotChunk chunk;
  chunk.group = hosted_group.value;
  chunk.term = 1;
  chunk.snapshot_index = 10;
  chunk.snapshot_term = 1;
  chunk.config.voters = {1, 2, 3};
  chunk.data = SharedBytes::copy_of(data);
  chunk.checksum = storage::crc32c(data);
  return chunk;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replica)

BOOST_FIXTURE_TEST_CASE(it_asks_the_log_only_when_the_state_store_is_done, FollowerFixture) {
  const std::vector<Address>& asked = host.recovered_from();
  BOOST_REQUIRE_EQUAL(asked.size(), 2U);
  BOOST_TEST((asked[0].kind == msg::ActorKind::state_store));
  BOOST_TEST((asked[1].kind == msg::ActorKind::log_store));
}

BOOST_FIXTURE_TEST_CASE(no_node_beats_in_the_name_of_another, FollowerFixture) {
  msg::Heartbeat forged;
  forged.beat.group = hosted_group.value;
  forged.beat.term = host.replica().core()->term() + 1;
  forged.from = there;
  host.deliver_from(3, forged);
  BOOST_TEST(host.replica().core()->term() < forged.beat.term);
  host.deliver_from(there, forged);
  BOOST_TEST(host.replica().core()->term() == forged.beat.term);
}

BOOST_FIXTURE_TEST_CASE(what_was_applied_is_flushed_after_a_while, TestedAlone) {
  with(CommandId::set, {"k", "v"}).submit(1);
  host.pass(950ms);
  BOOST_TEST(flushed() == 0U);
  host.pass(1150ms);
  BOOST_TEST(flushed() == applied());
  BOOST_TEST(host.engine().applied(hosted_group).term == host.replica().core()->term());
  BOOST_TEST((host.engine().applied(hosted_group).config.voters == std::vector<std::uint64_t>{1}));
}

BOOST_FIXTURE_TEST_CASE(nothing_new_is_not_flushed_again, TestedAlone) {
  with(CommandId::set, {"k", "v"}).submit(1);
  host.pass(3s);
  const LogIndex before = flushed();
  host.start();
  host.lead();  // its own empty entry
  host.pass(5s);
  BOOST_TEST(applied() > before);
  BOOST_TEST(flushed() == before);
}

BOOST_FIXTURE_TEST_CASE(a_restart_applies_what_was_not_flushed_once, TestedAlone) {
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    with(CommandId::incr, {"n"}).submit(sequence);
    if (sequence == 2) host.pass(3s);
  }
  (void)is_answered();
  host.start();
  host.lead();
  with(CommandId::get, {"n"}).submit(4);
  expect(bulk("3"));
}

BOOST_FIXTURE_TEST_CASE(a_leader_is_announced_to_pulse_and_control, TestedAlone) {
  std::set<msg::ActorKind> told;
  for (const auto& [to, change] : host.sent<msg::LeadershipChanged>()) {
    if (change.leader != here.value) continue;
    BOOST_TEST(change.group == hosted_group.value);
    BOOST_TEST(change.term == host.replica().core()->term());
    told.insert(to.kind);
  }
  BOOST_TEST((told == std::set{msg::ActorKind::pulse, msg::ActorKind::control}));
}

BOOST_FIXTURE_TEST_CASE(a_pulse_that_forgot_the_group_is_reminded, TestedAlone) {
  (void)host.sent<msg::LeadershipChanged>();
  host.advance(10 * limits::tick_interval - 1ms);
  with(CommandId::get, {"k"}).submit(1);
  BOOST_TEST(host.sent<msg::LeadershipChanged>().empty());
  host.advance(1ms);
  with(CommandId::get, {"k"}).submit(2);
  const auto told = host.sent<msg::LeadershipChanged>();
  BOOST_REQUIRE_EQUAL(told.size(), 1U);
  BOOST_TEST((told[0].first == pulse));
}

BOOST_FIXTURE_TEST_CASE(a_damaged_snapshot_ends_the_incarnation, FollowerFixture) {
  msg::SnapshotChunk chunk = chunk_of("data");
  chunk.checksum ^= 1;
  host.deliver_from(there, chunk);
  BOOST_TEST(host.driver().stop_reason().value_or("") == "a snapshot chunk arrived damaged");
}

BOOST_FIXTURE_TEST_CASE(a_snapshot_goes_to_the_state_store_as_it_came, FollowerFixture) {
  host.deliver_from(there, chunk_of("data"));
  const auto installs = host.sent<msg::InstallState>();
  BOOST_REQUIRE_EQUAL(installs.size(), 1U);
  BOOST_TEST((installs[0].first == address_of(here, msg::ActorKind::state_store)));
  BOOST_TEST(installs[0].second.applied_index == 10U);
  BOOST_TEST(installs[0].second.data.view() == "data");
  BOOST_TEST(!installs[0].second.done);
}

/// A pinned image keeps LMDB from using any page again, as long as this replica leads.
BOOST_FIXTURE_TEST_CASE(a_sent_snapshot_does_not_make_the_engine_grow, TestedAlone) {
  with(CommandId::set, {"k", "v"}).submit(1);
  host.pass(3s);
  BOOST_REQUIRE(flushed() > 0U);
  host.deliver(pulse, msg::ChangeReplicas{hosted_group.value, {here.value}, {there}});
  const auto probes = host.sent<msg::AppendEntries>();
  BOOST_REQUIRE(!probes.empty());
  const msg::AppendEntries& probe = probes.back().second;
  host.deliver_from(
      there, msg::AppendReply{hosted_group.value, probe.term, false, 0, 0, probe.prev_index});
  const auto chunks = host.sent<msg::SnapshotChunk>();
  BOOST_REQUIRE_EQUAL(chunks.size(), 1U);
  BOOST_REQUIRE(chunks[0].second.done);
  for (LogIndex index = 1; index < 40; ++index) {
    msg::FlushState flush;
    flush.group = hosted_group.value + 1;
    flush.applied_index = index;
    flush.writes.push_back(
        {SharedBytes::copy_of("key"), SharedBytes(std::string(100'000, 'x')), false});
    storage::WriteBatch written;
    written.flushes = {&flush};
    BOOST_REQUIRE(host.engine().write(written).ok());
  }
  BOOST_TEST(host.engine_bytes() < 1'000'000U);
}

BOOST_FIXTURE_TEST_CASE(a_damaged_log_is_reported_and_does_not_vote, FollowerFixture) {
  host.log.tainted = true;
  host.log.high_water = 50;
  host.start();
  (void)host.sent<msg::VoteReply>();
  host.pass(1s);  // no loyalty to a leader any more
  host.deliver_from(there, msg::VoteRequest{hosted_group.value, 9, 100, 8, false, false});
  for (const auto& [to, vote] : host.sent<msg::VoteReply>()) BOOST_TEST(!vote.granted);
}

BOOST_FIXTURE_TEST_CASE(an_asked_for_transfer_lets_the_follower_stand, FollowerFixture) {
  host.lead();
  host.deliver(pulse, msg::TransferLeadership{hosted_group.value, there});
  host.acknowledge();
  const auto told = host.sent<msg::TimeoutNow>();
  BOOST_REQUIRE(!told.empty());
  BOOST_TEST(told[0].first.node == there);
}

BOOST_FIXTURE_TEST_CASE(it_stops_and_crashes_when_told_to, FollowerFixture) {
  BOOST_CHECK_THROW(host.driver().deliver(pulse, msg::Inject{"crash"}), Bug);
  host.driver().deliver(pulse, msg::StopChild{});
  BOOST_TEST(host.driver().stop_reason().value_or("none") == "");
}

BOOST_AUTO_TEST_SUITE_END()
