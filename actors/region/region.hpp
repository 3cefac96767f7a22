// SPDX-License-Identifier: Apache-2.0
// The region actor: one a node, standing for its region's share on this machine. It supervises the
// cache and the replicas that the cluster map places here, starting and stopping them as the map
// changes. A replica that fails is restarted here; a node that fails is nobody's child.
#pragma once

#include "runtime/machine.hpp"
#include "runtime/supervisor.hpp"

#include <set>
#include <string>

namespace harka {

class Region final : public Machine {
 public:
  /// `own` is the region's specification: its restart policy and fixed children (the cache). `map`
  /// is the node's stored map, so that replicas start without waiting for anybody.
  Region(const ChildSpec& own, msg::ClusterMap map);

  void start(Turn& turn) override;
  void receive(const Envelope& envelope, Turn& turn) override;
  void on_timer(TimerId timer, Turn& turn) override;
  [[nodiscard]] std::string describe() const override;

 private:
  void follow_map(Turn& turn);

  Supervisor supervisor_;
  msg::ClusterMap map_;
  std::set<std::uint32_t> hosted_;  // groups
};

/// The specification of a replica of `group` on `node`.
[[nodiscard]] ChildSpec replica_spec(NodeId node, GroupId group);

}  // namespace harka
