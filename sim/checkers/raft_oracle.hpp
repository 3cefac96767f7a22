// SPDX-License-Identifier: Apache-2.0
// What must hold of every raft group at every step. Boundary oracles compare what a message
// promises with the sender's disk at the moment it is sent (they find in one seed what end-to-end
// oracles miss in thousands); global ones keep the committed log of each group and hold everybody
// against it.
//
// The disks it compares with are its own model, fed with what the stores made durable, so the log's
// code is checked as well: after a restart it must give back what it had confirmed.
#pragma once

#include "cluster/raft/raft.hpp"
#include "sim/world.hpp"

#include <map>
#include <string>
#include <vector>

namespace harka::sim {

/// Is told each entry of each group once, in order, when it is first committed.
class CommitListener {
 public:
  CommitListener() = default;
  CommitListener(const CommitListener&) = delete;
  CommitListener& operator=(const CommitListener&) = delete;
  virtual ~CommitListener() = default;
  virtual void committed(GroupId group, const msg::Entry& entry, Instant now) = 0;

  /// A node starts with what `engine` kept of the group.
  virtual void recovered(GroupId group, const storage::Engine& engine) {
    (void)group;
    (void)engine;
  }
};

class RaftOracle final : public Observer {
 public:
  /// Both outlive it.
  RaftOracle(const World& world, CommitListener& listener) : world_(world), listener_(listener) {}

  void sent(const Envelope& envelope) override;
  void turn_ended(const Address& actor, const Machine& machine) override;
  void log_durable(NodeId node, const msg::AppendLog& append) override;
  void state_durable(NodeId node, GroupId group, LogIndex applied) override;
  void crashed(NodeId node) override;
  void wiped(NodeId node) override;
  void recovered(
      NodeId node, const storage::SegmentLog& log, const storage::Engine& engine) override;

  /// The highest index that any leader has committed.
  [[nodiscard]] LogIndex committed(GroupId group) const;
  /// Who leads the newest term that has had a leader; none if it does not lead any more.
  [[nodiscard]] NodeId leader(GroupId group) const;

  struct Counters {
    std::uint64_t elections = 0;
    std::uint64_t commits = 0;
    std::uint64_t truncations = 0;
    std::uint64_t snapshots = 0;
    std::uint64_t tainted = 0;
    std::uint64_t config_changes = 0;
  };

  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Replicated {  // one replica's disk, and what was last seen of its core
    msg::HardState hard_state;
    msg::HardState promised;  // the newest ever, also when damage has taken it
    LogIndex start = 0;
    Term start_term = 0;
    std::vector<Term> terms;  // of the entries after `start`
    LogIndex applied = 0;     // durable
    bool is_tainted = false;
    LogIndex high_water = 0;  // tainted: how far its disk had come before the damage
    Term damage_term = 0;     // and in which term it was
    Term seen_term = 0;
    LogIndex seen_applied = 0;
    raft::Role seen_role = raft::Role::follower;
    LogIndex seen_commit = 0;
    Term led_term = 0;
    msg::GroupConfig seen_config;

    [[nodiscard]] LogIndex last() const { return std::max(applied, start + terms.size()); }

    [[nodiscard]] bool holds(LogIndex index, Term term) const {
      return index <= applied ||
             (index > start && index <= start + terms.size() && terms[index - start - 1] == term);
    }
  };

  struct Committed {
    Term term = 0;
    std::uint64_t content = 0;
    Term commit_term = 0;
  };

  struct Written {  // what a log says of an entry: the same in all logs that hold (index, term)
    Term prev_term = 0;
    std::uint64_t content = 0;
    friend bool operator==(const Written&, const Written&) = default;
  };

  struct Group {
    std::vector<Committed> log = std::vector<Committed>(1);  // by index
    std::map<LogIndex, msg::GroupConfig> configs;            // committed; at 0 the first
    std::map<std::pair<LogIndex, Term>, Written> written;
    std::map<Term, NodeId> leaders;
    std::map<std::uint64_t, Replicated> replicas;                       // by node
    std::map<std::pair<std::uint64_t, std::uint64_t>, LogIndex> reads;  // by asker and context
  };

  static void forget_volatile(Replicated& own);
  [[noreturn]] static void fail(const std::string& what);
  void check_promise(Group& group, const Envelope& envelope);
  void check_vote(const Replicated& own, const Envelope& envelope) const;
  static void check_healed(const Group& group, NodeId node, Replicated& own);
  void check_entries(const Group& group, const Envelope& envelope) const;
  static void check_snapshot(const Group& group, const msg::SnapshotChunk& chunk);
  void check_read(Group& group, const Envelope& envelope);
  void check_leader(Group& group, NodeId node, Replicated& own, const raft::Raft& raft);
  void check_leases(const Group& group, NodeId node, const raft::Raft& elected) const;
  void check_commit(Group& group, NodeId node, Replicated& own, const raft::Raft& raft);
  static void check_applied(Replicated& own, const raft::Raft& raft);
  void check_quorum(const Group& group, const Replicated& leader, const raft::Raft& raft) const;
  void take_entries(Group& group, Replicated& own, const msg::AppendLog& append);
  static void check_matching(Group& group, const Replicated& own, const msg::AppendLog& append);
  void take_start(const Group& group, Replicated& own, const msg::AppendLog& append);
  void check_recovered(
      const Group& group,
      NodeId node,
      const Replicated& before,
      const msg::GroupRecovered& found,
      LogIndex applied) const;

  const World& world_;
  CommitListener& listener_;
  std::map<std::uint32_t, Group> groups_;
  Counters counters_;
};

}  // namespace harka::sim
