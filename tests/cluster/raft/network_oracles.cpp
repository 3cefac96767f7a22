// SPDX-License-Identifier: Apache-2.0
// What must hold at every step of the world. Boundary oracles compare what a message promises with
// the sender's disk at that moment; they find in one seed what end-to-end oracles miss in
// thousands.
#include "cluster/raft/quorum.hpp"
#include "network.hpp"

#include <algorithm>
#include <functional>

namespace harka::raft {

namespace {

std::uint64_t content_of(const msg::Entry& entry) {
  return std::hash<std::string_view>{}(entry.data.view()) * 4 +
         static_cast<std::uint64_t>(entry.type);
}

}  // namespace

void World::fail(const std::string& what) const {
  throw Violation(
      what + " (seed " + std::to_string(options_.seed) + ", event " +
      std::to_string(counters.events) + ", " +
      std::to_string(now_.time_since_epoch().count() / 1'000'000) + " ms)");
}

void World::check_promise(const Node& node, NodeId to, const msg::Message& message) {
  const Disk& disk = node.disk;
  const LogIndex disk_last = std::max(
      disk.applied_index, disk.entries.empty() ? disk.start_index : disk.entries.back().index);
  if (const auto* vote = std::get_if<msg::VoteReply>(&message); vote != nullptr) {
    const bool is_promise = vote->granted && !vote->pre_vote;
    if (is_promise && (disk.hard_state.term != vote->term || disk.hard_state.vote != to.value)) {
      fail("a vote is granted before it is durable");
    }
  } else if (const auto* request = std::get_if<msg::VoteRequest>(&message); request != nullptr) {
    const bool is_stand = !request->pre_vote;
    if (is_stand &&
        (disk.hard_state.term != request->term || disk.hard_state.vote != node.id.value)) {
      fail("a candidate asks before its own vote is durable");
    }
    if (is_stand && disk_last < request->last_index) {
      fail("a candidate boasts of a log that is not durable");
    }
  } else if (const auto* ack = std::get_if<msg::AppendReply>(&message); ack != nullptr) {
    if (ack->success && ack->index > disk_last) {
      fail("an acknowledgement is ahead of the disk");
    }
    if (ack->success && disk.hard_state.term < ack->term) {
      fail("an acknowledgement carries a term that is not durable");
    }
  } else if (const auto* done = std::get_if<msg::SnapshotReply>(&message); done != nullptr) {
    if (done->installed && done->snapshot_index > disk_last) {
      fail("a snapshot is confirmed before it is durable");
    }
  } else if (const auto* beat = std::get_if<msg::HeartbeatReply>(&message); beat != nullptr) {
    if (beat->reply.read_context != 0 && disk.hard_state.term < beat->reply.term) {
      fail("loyalty is promised to a term that is not durable");
    }
  }
}

void World::check_leader(Node& node) {
  const Raft& raft = *node.raft;
  node.led_term = raft.is_leader() ? raft.term() : node.led_term;
  if (!raft.is_leader() || !elected_seen_.emplace(raft.term(), node.id).second) {
    return;
  }
  ++counters.elections;
  const auto [known, is_new] = leaders_.emplace(raft.term(), node.id);
  if (!is_new && known->second != node.id) {
    fail("two leaders in term " + std::to_string(raft.term()));
  }
  if (!is_new) {
    fail("a node leads one term twice");
  }
  for (const auto& [index, entry] : committed_) {
    // By the term of commitment: a candidate of an older term may win late.
    if (entry.commit_term < raft.term() && index > raft.start_index() &&
        raft.term_at(index) != entry.term) {
      fail("the new leader lacks committed entry " + std::to_string(index));
    }
  }
}

void World::check_commit(Node& node) {
  const Raft& raft = *node.raft;
  if (raft.commit_index() < node.commit_seen) {
    fail("the commit index moves backwards");
  }
  for (LogIndex i = std::max(node.commit_seen, raft.start_index()) + 1; i <= raft.commit_index();
       ++i) {
    const msg::Entry entry = raft.entries(i, i, 0).front();
    const auto [known, is_new] =
        committed_.emplace(i, Committed{entry.term, content_of(entry), raft.term()});
    // It may commit its own removal and step down in one turn.
    if (is_new && node.led_term != raft.term()) {
      fail("a follower commits what no leader committed");
    }
    if (is_new && i == raft.commit_index()) {
      check_quorum_on_disk(node, i);
    }
    if (known->second.term != entry.term || known->second.data != content_of(entry)) {
      fail("two entries are committed at index " + std::to_string(i));
    }
  }
  node.commit_seen = raft.commit_index();
  node.config_seen = raft.config();
  committed_max_ = std::max(committed_max_, node.commit_seen);
  counters.commits = committed_max_;
}

void World::check_quorum_on_disk(const Node& leader, LogIndex index) {
  const Term term = *leader.raft->term_at(index);
  if (term != leader.raft->term()) {
    fail("a leader commits an entry of an older term by counting");
  }
  // By the configuration before this turn: the commit may have been what began the next one.
  const std::uint64_t held = quorum_value(leader.config_seen, [&](NodeId id) -> std::uint64_t {
    const Node& node = nodes_[index_of(id)];
    const Disk& disk = node.disk;
    // Who lost what it acknowledged does not vote before it has it again: that is as good.
    const bool is_abstaining = node.is_tainted && node.high_water >= index;
    if (disk.applied_index >= index || is_abstaining) {
      return 1;
    }
    return std::any_of(disk.entries.begin(), disk.entries.end(), [&](const msg::Entry& entry) {
      return entry.index == index && entry.term == term;
    });
  });
  if (held == 0) {
    fail("committed without a majority of disks");
  }
}

// A disk that held a committed entry holds it, or a state that includes it, for ever.
void World::check_nothing_lost(const Node& node, const std::vector<msg::Entry>& before) const {
  const Disk& disk = node.disk;
  for (auto entry = before.rbegin(); entry != before.rend(); ++entry) {
    if (entry->index <= disk.applied_index) {
      return;
    }
    const auto known = committed_.find(entry->index);
    const bool was_committed = known != committed_.end() && known->second.term == entry->term;
    const bool is_there = entry->index > disk.start_index && !disk.entries.empty() &&
                          entry->index <= disk.entries.back().index &&
                          disk.entries[entry->index - disk.start_index - 1].term == entry->term;
    if (was_committed && !is_there) {
      fail("a disk loses committed entry " + std::to_string(entry->index));
    }
    if (is_there && !was_committed) {
      continue;
    }
    if (is_there) {
      return;  // what precedes it is there as well
    }
  }
}

void World::check_reads(Node& node, const std::vector<ReadDone>& reads) {
  for (const ReadDone& read : reads) {
    const auto asked = node.reads.find(read.context);
    if (asked == node.reads.end()) {
      fail("a read is answered twice, or was never asked");
    }
    if (read.ok && read.index < asked->second) {
      fail(
          "a stale read: index " + std::to_string(read.index) + " where " +
          std::to_string(asked->second) + " was committed before");
    }
    counters.reads += read.ok ? 1 : 0;
    node.reads.erase(asked);
  }
}

}  // namespace harka::raft
