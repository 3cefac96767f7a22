// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/raft_oracle.hpp"

#include "cluster/raft/quorum.hpp"
#include "sim/message_hash.hpp"
#include "sim/replicas.hpp"

#include <algorithm>
#include <limits>

namespace harka::sim {

namespace {

std::uint64_t content_of(const msg::Entry& entry) {
  return mix(hash_bytes(entry.data.view()), static_cast<std::uint64_t>(entry.type));
}

std::string text(std::uint64_t number) {
  return std::to_string(number);
}

}  // namespace

void RaftOracle::fail(const std::string& what) {
  throw Violation(Broken::correctness, what);
}

LogIndex RaftOracle::committed(GroupId group) const {
  const auto found = groups_.find(group.value);
  return found == groups_.end() ? 0 : found->second.log.size() - 1;
}

NodeId RaftOracle::leader(GroupId group) const {
  const auto found = groups_.find(group.value);
  if (found == groups_.end() || found->second.leaders.empty()) return {};
  const NodeId node = found->second.leaders.rbegin()->second;
  const raft::Raft* raft = core_of(world_, node, group);
  return raft != nullptr && raft->is_leader() ? node : NodeId{};
}

// --- What messages promise ---------------------------------------------------------------------

void RaftOracle::sent(const Envelope& envelope) {
  if (const auto* asked = std::get_if<msg::ReadIndexRequest>(&envelope.body)) {
    Group& group = groups_[asked->group];  // from a replica or from a probe
    group.reads[{envelope.from.node, asked->context}] = group.log.size() - 1;
    return;
  }
  if (envelope.from.kind != msg::ActorKind::replica) return;
  Group& group = groups_[envelope.from.index];
  if (std::holds_alternative<msg::RecoverGroup>(envelope.body)) {
    forget_volatile(group.replicas[envelope.from.node]);  // a new incarnation of the actor
  }
  check_promise(group, envelope);
}

void RaftOracle::check_promise(Group& group, const Envelope& envelope) {
  const Replicated& own = group.replicas[envelope.from.node];
  const msg::Message& body = envelope.body;
  check_vote(own, envelope);
  if (const auto* reply = std::get_if<msg::AppendReply>(&body);
      reply != nullptr && reply->term < own.promised.term) {
    fail(
        "an answer in term " + text(reply->term) + " by a disk that was in term " +
        text(own.promised.term) + " once");
  }
  if (const auto* ack = std::get_if<msg::AppendReply>(&body); ack != nullptr && ack->success) {
    if (ack->index > own.last()) {
      fail(
          "an acknowledgement of " + text(ack->index) + " where the sender's disk ends at " +
          text(own.last()));
    }
    if (own.hard_state.term < ack->term) {
      fail("an acknowledgement carries a term that is not durable");
    }
  } else if (const auto* done = std::get_if<msg::SnapshotReply>(&body)) {
    if (done->installed && done->snapshot_index > own.last()) {
      fail("a snapshot is confirmed before it is durable");
    }
    counters_.snapshots += done->installed ? 1 : 0;
  } else if (const auto* beat = std::get_if<msg::BeatReplyOut>(&body)) {
    if (beat->reply.read_context != 0 && own.hard_state.term < beat->reply.term) {
      fail("loyalty is promised to a term that is not durable");
    }
    if (beat->reply.read_context != 0 && beat->reply.term < own.promised.term) {
      fail(
          "loyalty to term " + text(beat->reply.term) + " by a disk that was in term " +
          text(own.promised.term) + " once");
    }
  }
  check_entries(group, envelope);
  check_read(group, envelope);
}

/// What a leader sends: entries without a gap and none from the future, snapshots of what is
/// committed, and only by who leads the term.
void RaftOracle::check_entries(const Group& group, const Envelope& envelope) const {
  const auto expect_leader = [&](Term term) {
    const auto leader = group.leaders.find(term);  // not known yet while it sends its first
    if (leader != group.leaders.end() && leader->second.value != envelope.from.node) {
      fail(
          "node " + text(envelope.from.node) + " sends entries as the leader of term " +
          text(term));
    }
  };
  if (const auto* append = std::get_if<msg::AppendEntries>(&envelope.body)) {
    expect_leader(append->term);
    LogIndex index = append->prev_index;
    Term term = append->prev_term;
    for (const msg::Entry& entry : append->entries) {
      if (entry.index != ++index) fail("entries are sent with a gap at " + text(index));
      if (entry.term < term || entry.term > append->term) {
        fail("entry " + text(index) + " is sent with a term out of order");
      }
      term = entry.term;
    }
  } else if (const auto* chunk = std::get_if<msg::SnapshotChunk>(&envelope.body)) {
    expect_leader(chunk->term);
    check_snapshot(group, *chunk);
  }
}

void RaftOracle::check_snapshot(const Group& group, const msg::SnapshotChunk& chunk) {
  const LogIndex index = chunk.snapshot_index;
  const bool is_committed =
      index < group.log.size() && group.log[index].term == chunk.snapshot_term;
  if (!is_committed) fail("a snapshot at " + text(index) + " is not committed");
  const auto later = group.configs.upper_bound(index);
  if (later != group.configs.begin() && std::prev(later)->second != chunk.config) {
    fail("a snapshot at " + text(index) + " names other members than there were");
  }
}

void RaftOracle::check_vote(const Replicated& own, const Envelope& envelope) const {
  if (const auto* vote = std::get_if<msg::VoteReply>(&envelope.body)) {
    const bool is_promise = vote->granted && !vote->pre_vote;
    if (is_promise &&
        (own.hard_state.term != vote->term || own.hard_state.vote != envelope.to.node)) {
      fail("a vote is granted before it is durable");
    }
  } else if (const auto* request = std::get_if<msg::VoteRequest>(&envelope.body)) {
    if (request->pre_vote) return;
    if (own.hard_state.term != request->term || own.hard_state.vote != envelope.from.node) {
      fail("a candidate asks before its own vote is durable");
    }
    if (own.last() < request->last_index) {
      fail(
          "a candidate boasts of a log up to " + text(request->last_index) + " of which only " +
          text(own.last()) + " is durable");
    }
  }
}

void RaftOracle::check_read(Group& group, const Envelope& envelope) {
  if (const auto* told = std::get_if<msg::ReadIndexReply>(&envelope.body)) {
    const auto found = group.reads.find({envelope.to.node, told->context});
    if (found != group.reads.end() && told->ok && told->index < found->second) {
      fail(
          "a read index of " + text(told->index) + " where " + text(found->second) +
          " was committed before the read began");
    }
  }
}

// --- What cores do -----------------------------------------------------------------------------

void RaftOracle::turn_ended(const Address& actor, const Machine& machine) {
  const raft::Raft* raft = core_of(actor, machine);
  if (raft == nullptr) return;
  Group& group = groups_[actor.index];
  Replicated& own = group.replicas[actor.node];
  if (raft->term() != own.seen_term || raft->role() != own.seen_role) {
    own.seen_term = raft->term();
    own.seen_role = raft->role();
    if (raft->is_leader()) check_leader(group, NodeId{actor.node}, own, *raft);
  }
  if (group.log.size() == 1 && group.configs.empty() && !raft->config().voters.empty()) {
    group.configs[0] = raft->config();
  }
  if (raft->commit_index() != own.seen_commit) check_commit(group, NodeId{actor.node}, own, *raft);
  if (own.seen_config != raft->config()) {
    own.seen_config = raft->config();
    ++counters_.config_changes;
  }
  check_applied(own, *raft);
  if (own.is_tainted && !raft->is_tainted()) check_healed(group, NodeId{actor.node}, own);
}

/// Whoever counts again has again what it had acknowledged. What came in later terms need not be
/// there: then the damage had taken something else, which was never committed.
void RaftOracle::check_healed(const Group& group, NodeId node, Replicated& own) {
  const LogIndex last = std::min<LogIndex>(own.high_water, group.log.size() - 1);
  for (LogIndex index = 1; index <= last; ++index) {
    const Term term = group.log[index].term;
    if (term > own.damage_term || own.holds(index, term)) continue;
    fail(
        "node " + text(node.value) + " calls its log whole without committed entry " + text(index) +
        ", which was there before the damage");
  }
  own.is_tainted = false;
}

void RaftOracle::check_applied(Replicated& own, const raft::Raft& raft) {
  if (raft.applied_index() > raft.commit_index()) fail("an entry is applied and not committed");
  if (raft.applied_index() < own.seen_applied) fail("what is applied goes back in time");
  if (raft.last_index() < raft.commit_index()) fail("a log ends before what is committed");
  own.seen_applied = raft.applied_index();
}

void RaftOracle::check_leader(Group& group, NodeId node, Replicated& own, const raft::Raft& raft) {
  ++counters_.elections;
  own.led_term = raft.term();
  const auto [known, is_new] = group.leaders.emplace(raft.term(), node);
  if (!is_new && known->second != node) fail("two leaders in term " + text(raft.term()));
  if (!is_new) fail("node " + text(node.value) + " leads term " + text(raft.term()) + " twice");
  check_leases(group, node, raft);
  if (own.is_tainted) fail("a replica that lost acknowledged entries leads");
  for (LogIndex index = raft.start_index() + 1; index < group.log.size(); ++index) {
    // By the term of commitment: a candidate of an older term may win late.
    const Committed& entry = group.log[index];
    if (entry.commit_term < raft.term() && raft.term_at(index) != entry.term) {
      fail("the leader of term " + text(raft.term()) + " lacks committed entry " + text(index));
    }
  }
}

/// Who is elected may commit at once: nobody may answer from a lease any more.
void RaftOracle::check_leases(const Group& group, NodeId node, const raft::Raft& elected) const {
  for (const auto& [id, unused] : group.replicas) {
    const raft::Raft* other = core_of(world_, NodeId{id}, elected.options().group);
    if (id == node.value || other == nullptr) continue;
    if (other->term() < elected.term() && other->has_lease(world_.clock(NodeId{id}))) {
      fail("node " + text(node.value) + " is elected while node " + text(id) + " has a lease");
    }
  }
}

void RaftOracle::check_commit(Group& group, NodeId node, Replicated& own, const raft::Raft& raft) {
  if (raft.commit_index() < own.seen_commit) {
    fail("the commit index of node " + text(node.value) + " moves backwards");
  }
  const LogIndex start = raft.start_index();
  const bool is_base_wrong = start > own.seen_commit && start < group.log.size() &&
                             raft.term_at(start) != group.log[start].term;
  if (is_base_wrong) fail("a state at " + text(start) + " is of a term that was not committed");
  const LogIndex from = std::max(own.seen_commit, start) + 1;
  own.seen_commit = raft.commit_index();
  if (from > raft.commit_index()) return;
  const std::vector<msg::Entry> entries =
      raft.entries(from, raft.commit_index(), std::numeric_limits<std::size_t>::max());
  bool is_news = false;
  for (const msg::Entry& entry : entries) {
    if (entry.index > group.log.size()) fail("a commit leaves a gap");
    if (entry.index == group.log.size()) {
      // It may commit its own removal and step down in one turn.
      if (own.led_term != raft.term()) fail("a follower commits what no leader has committed");
      group.log.push_back({entry.term, content_of(entry), raft.term()});
      if (entry.type == msg::EntryType::config) {
        group.configs[entry.index] = raft::decode_config(entry.data).value();
      }
      listener_.committed(raft.options().group, entry, world_.now());
      is_news = true;
    }
    const Committed& known = group.log[entry.index];
    if (known.term != entry.term || known.content != content_of(entry)) {
      fail("two different entries are committed at index " + text(entry.index));
    }
  }
  counters_.commits += is_news ? 1 : 0;
  if (is_news) check_quorum(group, own, raft);
}

void RaftOracle::check_quorum(
    const Group& group, const Replicated& leader, const raft::Raft& raft) const {
  const LogIndex index = raft.commit_index();
  const Term term = group.log[index].term;
  if (term != raft.term()) fail("a leader commits an entry of an older term by counting");
  // By the configuration before this turn: the commit may be what began the next one.
  const std::uint64_t held =
      raft::quorum_value(leader.seen_config, [&](NodeId id) -> std::uint64_t {
        const auto replica = group.replicas.find(id.value);
        if (replica == group.replicas.end()) return 0;
        // Who lost what it acknowledged abstains until it has it again: that is as good.
        const bool is_abstaining =
            replica->second.is_tainted && replica->second.high_water >= index;
        return is_abstaining || replica->second.holds(index, term) ? 1 : 0;
      });
  if (held == 0) fail("index " + text(index) + " is committed without a majority of disks");
}

// --- What disks keep ---------------------------------------------------------------------------

void RaftOracle::log_durable(NodeId node, const msg::AppendLog& append) {
  Group& group = groups_[append.group];
  Replicated& own = group.replicas[node.value];
  if (append.has_hard_state) {
    const msg::HardState& old = own.promised;
    const bool changes_vote =
        append.hard_state.term == old.term && old.vote != 0 && append.hard_state.vote != old.vote;
    if (append.hard_state.term < old.term) fail("a term moves backwards on disk");
    if (changes_vote) fail("a vote is changed within a term on disk");
    own.hard_state = append.hard_state;
    own.promised = append.hard_state;
  }
  if (append.has_start) take_start(group, own, append);
  if (!append.entries.empty()) take_entries(group, own, append);
}

void RaftOracle::take_start(const Group& group, Replicated& own, const msg::AppendLog& append) {
  const LogIndex last = own.start + own.terms.size();
  for (LogIndex index = append.start_index + 1; append.drops_suffix && index <= last; ++index) {
    const bool is_lost = index < group.log.size() && index > own.applied && index > own.start &&
                         own.terms[index - own.start - 1] == group.log[index].term;
    if (is_lost) fail("a snapshot drops committed entry " + text(index));
  }
  own.start_term = append.start_term;
  if (append.drops_suffix || append.start_index >= last) {
    own.terms.clear();
  } else if (append.start_index > own.start) {
    own.terms.erase(
        own.terms.begin(),
        own.terms.begin() + static_cast<std::ptrdiff_t>(append.start_index - own.start));
  }
  own.start = append.start_index;
}

void RaftOracle::take_entries(Group& group, Replicated& own, const msg::AppendLog& append) {
  const LogIndex first = append.entries.front().index;
  if (first <= own.start || first > own.start + own.terms.size() + 1) {
    fail("a log gets entries that do not continue it");
  }
  for (LogIndex index = first; index <= own.start + own.terms.size(); ++index) {
    const Term term = own.terms[index - own.start - 1];
    const bool is_kept =
        index - first < append.entries.size() && append.entries[index - first].term == term;
    if (is_kept) continue;
    ++counters_.truncations;
    if (index < group.log.size() && term == group.log[index].term) {
      fail("committed entry " + text(index) + " is truncated");
    }
    break;
  }
  own.terms.resize(first - own.start - 1);
  check_matching(group, own, append);
  for (const msg::Entry& entry : append.entries) own.terms.push_back(entry.term);
}

/// Two logs that hold an entry of one index and term agree on it and on the term before it; by
/// induction they are equal up to there.
void RaftOracle::check_matching(Group& group, const Replicated& own, const msg::AppendLog& append) {
  Term prev_term = own.terms.empty() ? own.start_term : own.terms.back();
  for (const msg::Entry& entry : append.entries) {
    const Written written{prev_term, content_of(entry)};
    const auto [known, is_new] = group.written.emplace(std::pair(entry.index, entry.term), written);
    if (!is_new && known->second != written) {
      fail("two logs differ at index " + text(entry.index) + " of term " + text(entry.term));
    }
    prev_term = entry.term;
  }
}

void RaftOracle::state_durable(NodeId node, GroupId group, LogIndex applied) {
  if (group == node_group) return;
  Replicated& own = groups_[group.value].replicas[node.value];
  if (applied < own.applied) fail("a durable state goes back in time");
  own.applied = applied;
}

void RaftOracle::crashed(NodeId node) {
  for (auto& [id, group] : groups_) {
    const auto found = group.replicas.find(node.value);
    if (found == group.replicas.end()) continue;
    forget_volatile(found->second);
  }
}

void RaftOracle::wiped(NodeId node) {
  for (auto& [id, group] : groups_) group.replicas.erase(node.value);
}

void RaftOracle::forget_volatile(Replicated& own) {
  own.seen_role = raft::Role::follower;
  own.seen_term = 0;
  own.led_term = 0;
  own.seen_commit = 0;
  own.seen_applied = 0;
}

void RaftOracle::recovered(
    NodeId node, const storage::SegmentLog& log, const storage::Engine& engine) {
  for (auto& [id, group] : groups_) {
    const auto known = group.replicas.find(node.value);
    if (known == group.replicas.end()) continue;
    Replicated& own = known->second;
    const Result<msg::GroupRecovered> read = log.recover(GroupId{id});
    if (!read.ok()) fail("a log cannot be read: " + read.error().detail);
    const msg::GroupRecovered& found = read.value();
    const LogIndex applied = engine.applied(GroupId{id}).index;
    if (applied < own.applied) fail("a durable state was lost");
    if (found.tainted) {
      ++counters_.tainted;
      own.high_water = std::max(own.last(), own.is_tainted ? own.high_water : 0);
      own.damage_term = std::max(own.promised.term, own.is_tainted ? own.damage_term : 0);
      own.is_tainted = true;
    } else {
      check_recovered(group, node, own, found, applied);
    }
    own.hard_state = found.hard_state;
    if (found.hard_state.term > own.promised.term) own.promised = found.hard_state;
    own.start = found.start_index;
    own.start_term = found.start_term;
    own.applied = applied;
    listener_.recovered(GroupId{id}, engine);
    own.terms.clear();
    for (const msg::Entry& entry : found.entries) own.terms.push_back(entry.term);
    if (own.is_tainted && !found.tainted) check_healed(group, node, own);
  }
}

void RaftOracle::check_recovered(
    const Group& group,
    NodeId node,
    const Replicated& before,
    const msg::GroupRecovered& found,
    LogIndex applied) const {
  const std::string who = "node " + text(node.value);
  const msg::HardState& vote = before.hard_state;
  if (found.hard_state.term < vote.term) fail(who + " forgot a term that was synced");
  if (found.hard_state.term == vote.term && vote.vote != 0 && found.hard_state.vote != vote.vote) {
    fail(who + " forgot a vote that was synced");
  }
  const LogIndex last = found.start_index + found.entries.size();
  for (LogIndex index = before.start + 1; index <= before.start + before.terms.size(); ++index) {
    const Term term = before.terms[index - before.start - 1];
    if (index <= applied || index <= found.start_index) continue;
    const bool is_there =
        index <= last && found.entries[index - found.start_index - 1].term == term;
    if (is_there) continue;
    const bool is_committed = index < group.log.size() && group.log[index].term == term;
    if (is_committed) fail(who + " lost committed entry " + text(index) + " that was synced");
    // Replaced by a write that was under way: then something newer is in its place.
    const bool is_replaced = !found.entries.empty() && found.entries.back().term > term;
    const bool is_restarted = found.entries.empty() && found.start_index != before.start;
    if (!is_replaced && !is_restarted)
      fail(who + " lost entry " + text(index) + " that was synced");
    return;
  }
}

}  // namespace harka::sim
