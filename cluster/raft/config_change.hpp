// SPDX-License-Identifier: Apache-2.0
// Configurations: their bytes in a log entry, and the history of those in the log.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "schemas/raft.hpp"

#include <cstddef>
#include <vector>

namespace harka::raft {

/// The data of a `config` entry: three counted lists of little-endian 64-bit node ids.
[[nodiscard]] SharedBytes encode_config(const msg::GroupConfig& config);
[[nodiscard]] Result<msg::GroupConfig> decode_config(const SharedBytes& bytes);

/// Every node that gets the log: voters of both halves and learners, sorted, each once.
[[nodiscard]] std::vector<NodeId> members_of(const msg::GroupConfig& config);

/// The configurations in the log, oldest first, beginning with the one in force at its start.
/// A server acts by the newest one as soon as it is in the log, committed or not (dissertation,
/// 4.1), and falls back when it is truncated away.
class ConfigHistory {
 public:
  struct Item {
    LogIndex index = 0;
    msg::GroupConfig config;
  };

  ConfigHistory() = default;
  ConfigHistory(LogIndex index, msg::GroupConfig config);

  [[nodiscard]] const msg::GroupConfig& newest() const { return items_.back().config; }

  [[nodiscard]] LogIndex newest_index() const { return items_.back().index; }

  /// In force at `index`, or the oldest one known.
  [[nodiscard]] const msg::GroupConfig& at(LogIndex index) const;
  /// A voter of the newest configuration, or of one that it may still have to fall back to.
  [[nodiscard]] bool may_stand(NodeId node, LogIndex commit) const;

  void append(LogIndex index, msg::GroupConfig config);
  /// False when nothing changed.
  bool truncate_from(LogIndex index);
  void drop_through(LogIndex index);

 private:
  std::vector<Item> items_ = std::vector<Item>(1);
};

}  // namespace harka::raft
