// SPDX-License-Identifier: Apache-2.0
// A follower's reads after READONLY, and what caches ask.
#include "tests/actors/shard/shard_fixture.hpp"

using namespace harka;
using kv::CommandId;
using testing::AloneFixture;
using testing::bulk;
using testing::FollowerFixture;
using testing::there;

namespace {

const Address cache = address_of(NodeId{5}, msg::ActorKind::cache);

struct StaleFixture : FollowerFixture {
  StaleFixture() {
    with(CommandId::set, {"k", "v"});
    host.follow(1, {entry(0)});
  }

  void read(LogIndex min_index = 0) { with(CommandId::get, {"k"}).submit_stale(1, min_index); }

  /// It must have asked; the leader has committed up to there.
  void answer_index(LogIndex index, bool is_ok = true) {
    const auto asked = host.sent<msg::ReadIndexRequest>();
    BOOST_REQUIRE_EQUAL(asked.size(), 1U);
    BOOST_TEST(asked[0].first.node == there);
    msg::ReadIndexReply answer;
    answer.group = asked[0].second.group;
    answer.context = asked[0].second.context;
    answer.index = index;
    answer.ok = is_ok;
    host.deliver_from(there, answer);
  }

  bool has_asked() { return !host.sent<msg::ReadIndexRequest>().empty(); }
};

struct CachedFixture : AloneFixture {
  msg::CacheChanges ask(LogIndex since, const std::vector<std::string>& keys) {
    msg::CacheRefresh refresh;
    refresh.token = 3;
    refresh.since = since;
    for (const std::string& key : keys) refresh.keys.push_back(SharedBytes::copy_of(key));
    host.deliver(cache, refresh);
    const auto sent = host.sent<msg::CacheChanges>();
    BOOST_REQUIRE_EQUAL(sent.size(), 1U);
    BOOST_TEST((sent[0].first == cache));
    BOOST_TEST(sent[0].second.token == 3U);
    return sent[0].second;
  }

  static std::string changed(const msg::CacheChanges& changes) {
    std::string text = changes.all ? "all" : "";
    for (const SharedBytes& key : changes.changed) text += std::string(key.view()) + " ";
    return text;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(shard_reads)

BOOST_FIXTURE_TEST_CASE(a_follower_goes_through_a_read_index_first, StaleFixture) {
  read();
  BOOST_TEST(!is_answered());
  answer_index(1);
  const msg::ShardReply got = reply();
  BOOST_TEST(got.replies.view() == bulk("v"));
  BOOST_TEST(got.applied_index == 1U);
}

BOOST_FIXTURE_TEST_CASE(
    a_follower_that_is_behind_the_index_waits_until_it_has_applied_it, StaleFixture) {
  read();
  answer_index(2);
  BOOST_TEST(!is_answered());
  with(CommandId::set, {"k", "newer"});
  host.follow(1, {entry(0)});
  expect(bulk("newer"));
}

BOOST_FIXTURE_TEST_CASE(for_as_long_as_the_bound_it_needs_not_ask_again, StaleFixture) {
  read();
  answer_index(1);
  (void)is_answered();
  host.advance(limits::staleness_default);
  read();
  expect(bulk("v"));
  BOOST_TEST(has_asked());  // in time for those that come later
  host.advance(1ms);
  read();
  BOOST_TEST(!is_answered());
  BOOST_TEST(has_asked());
}

BOOST_FIXTURE_TEST_CASE(staleness_counts_from_the_question, StaleFixture) {
  read();
  host.advance(400ms);
  answer_index(1);
  (void)is_answered();
  host.advance(limits::staleness_default - 400ms + 1ms);
  read();
  BOOST_TEST(!is_answered());
}

BOOST_FIXTURE_TEST_CASE(a_client_that_has_seen_more_is_not_taken_back, StaleFixture) {
  read();
  answer_index(1);
  (void)is_answered();
  read(2);
  BOOST_TEST(!is_answered());
  BOOST_TEST(has_asked());
}

BOOST_FIXTURE_TEST_CASE(a_leader_that_does_not_answer_lets_the_router_try_again, StaleFixture) {
  read();
  answer_index(0, false);
  expect_refusal(msg::BatchOutcome::retry_later, there);
  read();
  host.pass(limits::election_timeout_max + limits::tick_interval);
  BOOST_TEST(is_answered());
}

BOOST_FIXTURE_TEST_CASE(a_leader_answers_caches_with_records_as_of_its_index, CachedFixture) {
  with(CommandId::psetex, {"k", "5000", "v"}).submit(1);
  const msg::CacheChanges got = ask(0, {"k", "none"});
  BOOST_TEST(got.is_done);
  BOOST_TEST(got.all);  // what changed before somebody asked is not known
  BOOST_TEST(got.upto == host.replica().core()->applied_index());
  BOOST_TEST(got.clock == host.driver().wall_now());
  BOOST_REQUIRE_EQUAL(got.records.size(), 2U);
  BOOST_TEST(got.records[0].is_found);
  BOOST_TEST(got.records[0].value.view() == "v");
  BOOST_TEST(got.records[0].expire_at == host.driver().wall_now() + 5000);
  BOOST_TEST(!got.records[1].is_found);
  BOOST_TEST(!got.records[1].is_omitted);
}

BOOST_FIXTURE_TEST_CASE(caches_are_told_every_key_that_changed_since, CachedFixture) {
  with(CommandId::set, {"a", "1"}).with(CommandId::set, {"b", "1"}).submit(1);
  const LogIndex before = ask(0, {}).upto;
  with(CommandId::set, {"a", "2"}).with(CommandId::get, {"b"}).submit(2);
  with(CommandId::del, {"b", "none"}).submit(3);
  BOOST_TEST(changed(ask(before, {})) == "a b ");
  BOOST_TEST(changed(ask(before + 1, {})) == "b ");
  BOOST_TEST(changed(ask(before + 2, {})) == "");
}

BOOST_FIXTURE_TEST_CASE(expiry_that_the_leader_carries_out_is_a_change, CachedFixture) {
  with(CommandId::psetex, {"k", "100", "v"}).submit(1);
  const LogIndex before = ask(0, {}).upto;
  host.pass(5s);
  BOOST_TEST(changed(ask(before, {})) == "k ");
}

BOOST_FIXTURE_TEST_CASE(a_cache_that_did_not_ask_for_long_is_told_to_forget, CachedFixture) {
  const LogIndex before = ask(0, {}).upto;
  host.pass(31s);
  with(CommandId::set, {"a", "2"}).submit(1);
  BOOST_TEST(changed(ask(before, {})) == "all");
}

BOOST_FIXTURE_TEST_CASE(an_answer_to_a_cache_is_bounded, CachedFixture) {
  const std::string large(limits::cache_answer_bytes, 'l');
  with(CommandId::set, {"a", large}).submit(1);
  with(CommandId::set, {"b", "small"}).submit(2);
  const msg::CacheChanges got = ask(0, {"a", "b"});
  BOOST_REQUIRE_EQUAL(got.records.size(), 2U);
  BOOST_TEST(got.records[0].value.size() == large.size());
  BOOST_TEST(got.records[1].is_omitted);
}

BOOST_FIXTURE_TEST_CASE(a_follower_tells_caches_who_leads, FollowerFixture) {
  host.deliver(cache, msg::CacheRefresh{});
  const auto sent = host.sent<msg::CacheChanges>();
  BOOST_REQUIRE_EQUAL(sent.size(), 1U);
  BOOST_TEST(!sent[0].second.is_done);
  BOOST_TEST(sent[0].second.leader == there);
}

BOOST_AUTO_TEST_SUITE_END()
