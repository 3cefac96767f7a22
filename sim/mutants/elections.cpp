// SPDX-License-Identifier: Apache-2.0
#include "sim/mutants/defect.hpp"

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
    {"counts-votes-of-older-terms", "a vote counts in the next term", counts_votes_of_older_terms},
};

}  // namespace

std::span<const Defect> election_defects() {
  return list;
}

}  // namespace harka::sim
