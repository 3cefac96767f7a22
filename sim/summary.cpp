// SPDX-License-Identifier: Apache-2.0
#include "sim/summary.hpp"

#include <variant>

namespace harka::sim {

namespace {

std::string text(std::uint64_t number) {
  return std::to_string(number);
}

std::string group(std::uint32_t id) {
  return "group " + text(id) + ", ";
}

struct Summary {
  std::string operator()(const msg::VoteRequest& request) const {
    return group(request.group) + (request.pre_vote ? "pre-vote for term " : "vote in term ") +
           text(request.term) + ", log ends at " + text(request.last_index) + " of term " +
           text(request.last_term) + (request.transfer ? ", by transfer" : "");
  }

  std::string operator()(const msg::VoteReply& reply) const {
    return group(reply.group) + (reply.pre_vote ? "pre-vote " : "vote ") +
           (reply.granted ? "granted" : "refused") + " in term " + text(reply.term);
  }

  std::string operator()(const msg::AppendEntries& append) const {
    return group(append.group) + "term " + text(append.term) + ", " + text(append.entries.size()) +
           " entries after " + text(append.prev_index) + " of term " + text(append.prev_term) +
           ", committed " + text(append.commit);
  }

  std::string operator()(const msg::AppendReply& reply) const {
    return group(reply.group) + "term " + text(reply.term) +
           (reply.success ? ", holds up to " : ", refused, retry at ") + text(reply.index);
  }

  std::string operator()(const msg::SnapshotChunk& chunk) const {
    return group(chunk.group) + "term " + text(chunk.term) + ", part " + text(chunk.sequence) +
           " of the state at " + text(chunk.snapshot_index) + (chunk.done ? ", the last" : "");
  }

  std::string operator()(const msg::SnapshotReply& reply) const {
    return group(reply.group) + "state at " + text(reply.snapshot_index) +
           (reply.refused     ? " refused"
            : reply.installed ? " installed"
                              : ", next part " + text(reply.next_sequence));
  }

  std::string operator()(const msg::TimeoutNow& message) const {
    return group(message.group) + "stand in term " + text(message.term + 1) + " at once";
  }

  std::string operator()(const msg::ReadIndexReply& reply) const {
    return group(reply.group) + (reply.ok ? "read at " + text(reply.index) : "refused");
  }

  std::string operator()(const msg::Beats& beats) const {
    return text(beats.beats.size()) + " groups";
  }

  std::string operator()(const msg::AppendLog& append) const {
    return group(append.group) + text(append.entries.size()) + " entries" +
           (append.has_hard_state ? ", term " + text(append.hard_state.term) + " and vote for " +
                                        text(append.hard_state.vote)
                                  : "");
  }

  std::string operator()(const msg::ShardBatch& batch) const {
    return "shard " + text(batch.shard) + ", " + text(batch.count) + " commands, session " +
           text(batch.session) + ", sequence " + text(batch.sequence);
  }

  std::string operator()(const msg::ShardReply& reply) const {
    return "shard " + text(reply.shard) +
           (reply.outcome == msg::BatchOutcome::done ? ", done as of " + text(reply.applied_index)
            : reply.outcome == msg::BatchOutcome::not_leader
                ? ", not the leader; perhaps node " + text(reply.leader)
                : ", try again");
  }

  template <typename Other>
  std::string operator()(const Other&) const {
    return {};
  }
};

}  // namespace

std::string summary_of(const msg::Message& message) {
  return std::visit(Summary{}, message);
}

}  // namespace harka::sim
