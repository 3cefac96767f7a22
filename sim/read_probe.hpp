// SPDX-License-Identifier: Apache-2.0
// Asks the replicas of a group for read indexes, as a follower with a waiting read does. Followers
// of a shard send their clients to the leader, so without it this part of raft would never run.
// What the answers must be is the raft oracle's: it sees question and answer as they are sent.
#pragma once

#include "runtime/machine.hpp"

#include <utility>
#include <vector>

namespace harka::sim {

/// The answers go to a replica on its node, which is not there.
class ReadProbe final : public Machine {
 public:
  ReadProbe(GroupId group, std::vector<NodeId> nodes) : group_(group), nodes_(std::move(nodes)) {}

  void start(Turn& turn) override { turn.set_timer(0, 50ms); }

  void receive(const Envelope& envelope, Turn& turn) override {
    (void)envelope;
    (void)turn;
  }

  void on_timer(TimerId timer, Turn& turn) override {
    const NodeId node = nodes_[turn.random().below(nodes_.size())];
    turn.send(replica_address(node, group_), msg::ReadIndexRequest{group_.value, ++context_});
    turn.set_timer(timer, turn.random().between(1ms, 100ms));
  }

 private:
  GroupId group_;
  std::vector<NodeId> nodes_;
  std::uint64_t context_ = 0;
};

}  // namespace harka::sim
