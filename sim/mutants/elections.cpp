// SPDX-License-Identifier: Apache-2.0
#include "sim/mutants/defect.hpp"

#include <set>

namespace harka::sim {

namespace {

Tamper grants_every_vote() {
  return on<msg::VoteReply>(
      [](msg::VoteReply& reply) { return !std::exchange(reply.granted, true); });
}

Tamper ignores_loyalty() {
  return on<msg::VoteRequest>(
      [](msg::VoteRequest& request) { return !std::exchange(request.transfer, true); });
}

Tamper skips_pre_votes() {
  return on<msg::VoteRequest>(
      [](msg::VoteRequest& request) { return std::exchange(request.pre_vote, false); });
}

Tamper boasts_of_its_log() {
  return on<msg::VoteRequest>([](msg::VoteRequest& request) {
    if (request.pre_vote) return false;
    ++request.last_index;
    return true;
  });
}

Tamper boasts_of_its_term() {
  return on<msg::VoteRequest>([](msg::VoteRequest& request) {
    ++request.last_term;
    return true;
  });
}

Tamper counts_pre_votes() {
  return on<msg::VoteReply>(
      [](msg::VoteReply& reply) { return reply.granted && std::exchange(reply.pre_vote, false); });
}

Tamper counts_votes_of_older_terms() {
  return on<msg::VoteReply>([](msg::VoteReply& reply) {
    if (!reply.granted || reply.pre_vote) return false;
    ++reply.term;
    return true;
  });
}

/// Whom it promised loyalty before a restart no voter knows. Here none waits until that is over.
/// With its first word to a leader it knows again, and is as loyal as any other.
Tamper vote_at_once_after_restart() {
  using Voter = std::pair<std::uint64_t, std::uint32_t>;  // node and group
  return [fresh = std::set<Voter>()](const EnvelopePtr& envelope) mutable -> EnvelopePtr {
    const msg::Message& body = envelope->body;
    const std::uint64_t from = envelope->from.node;
    if (const auto* recover = std::get_if<msg::RecoverGroup>(&body)) {
      fresh.insert({from, recover->group});
    } else if (const auto* reply = std::get_if<msg::AppendReply>(&body)) {
      fresh.erase({from, reply->group});
    } else if (const auto* beat = std::get_if<msg::BeatReplyOut>(&body)) {
      fresh.erase({from, beat->reply.group});
    }
    return on<msg::VoteRequest>([&](msg::VoteRequest& request) {
      const bool is_fresh = fresh.contains({envelope->to.node, request.group});
      return is_fresh && !std::exchange(request.transfer, true);
    })(envelope);
  };
}

constexpr Defect list[] = {
    {"grants-every-vote", "two candidates get one node's vote", grants_every_vote},
    {"ignores-loyalty",
     "votes are granted while a leader rests on its lease",
     ignores_loyalty,
     false,
     false,
     WorkloadKind::lease},
    {"skips-pre-votes", "a candidate asks before its own vote is durable", skips_pre_votes},
    {"boasts-of-its-log", "a candidate claims an entry that it lacks", boasts_of_its_log},
    {"boasts-of-its-term", "a candidate claims a newer last term", boasts_of_its_term},
    {"counts-pre-votes", "a pre-vote counts as a vote", counts_pre_votes},
    {"vote-at-once-after-restart",
     "a restarted voter forgets that it may have promised loyalty",
     vote_at_once_after_restart,
     false,
     false,
     std::nullopt,
     "restarted-voter-is-silent"},
    {"counts-votes-of-older-terms", "a vote counts in the next term", counts_votes_of_older_terms},
};

}  // namespace

std::span<const Defect> election_defects() {
  return list;
}

}  // namespace harka::sim
