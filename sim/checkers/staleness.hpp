// SPDX-License-Identifier: Apache-2.0
// What reads after READONLY must hold, wherever they were answered: each answer is exactly what its
// key held as of the index that comes with it, that index is not behind what the session has seen,
// and it is not behind what was committed `staleness` before the read began. Under every fault:
// the bound is measured by who answers, so no network can stretch it.
//
// It keeps the history of each key by executing the committed entries' SETs, retries left out as
// shards leave them out.
#pragma once

#include "sim/checkers/raft_oracle.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace harka::sim {

class StalenessOracle final : public CommitListener {
 public:
  /// `bound` already includes how far clocks differ.
  explicit StalenessOracle(Duration bound) : bound_(bound) {}

  void committed(GroupId group, const msg::Entry& entry, Instant now) override;

  /// Also a durable state holds exactly what its keys held as of its index.
  void recovered(GroupId group, const storage::Engine& engine) override;

  struct Read {
    GroupId group;
    std::string key;
    std::optional<std::string> value;
    LogIndex index = 0;      // as of which it was answered
    LogIndex min_index = 0;  // what the session had seen
    Instant began;           // as the World counts
  };

  /// Throws a Violation.
  void check(const Read& read) const;

 private:
  struct Write {
    LogIndex index = 0;
    std::string value;
  };

  struct Session {
    std::uint64_t acknowledged = 0;
    std::map<std::uint64_t, LogIndex> seen;  // by sequence: where it took effect
  };

  struct Group {
    std::vector<Instant> committed_at = std::vector<Instant>(1);  // by index
    std::map<std::string, std::vector<Write>, std::less<>> writes;
    std::set<std::string, std::less<>> unclear;  // written by more than plain SETs
    std::map<std::uint64_t, Session> sessions;
  };

  [[nodiscard]] static std::optional<std::string> held_at(
      const std::vector<Write>& writes, LogIndex index);
  static void check_sessions(GroupId id, const Group& group, const storage::Engine& engine);
  [[nodiscard]] static bool takes_effect(Group& group, const msg::Entry& entry);

  Duration bound_;
  std::map<std::uint32_t, Group> groups_;
};

}  // namespace harka::sim
