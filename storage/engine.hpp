// SPDX-License-Identifier: Apache-2.0
// Where applied state lives: one ordered key space a raft group, written in batches together with
// the applied index. Reads may come from any thread at any time; writes come from one thread. Keys
// have 1 byte to limits::key_bytes_max and what their owner puts in front; values any size.
#pragma once

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "schemas/durable.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harka::storage {

/// What a group's durable state covers. Index 0: nothing was ever written.
struct AppliedState {
  LogIndex index = 0;
  Term term = 0;
  msg::GroupConfig config;
};

/// One part of a snapshot; parts are numbered from 0 and the last one is `done`.
struct SnapshotPart {
  std::uint32_t sequence = 0;
  SharedBytes data;
  bool done = false;
};

/// A consistent image of one group, read piece by piece from a pinned transaction. An image that is
/// held open too long fails with retry_later: pinned pages make the file grow. So does one more
/// than the engine has room for; its `applied().index` is 0.
class SnapshotReader {
 public:
  virtual ~SnapshotReader() = default;
  [[nodiscard]] virtual const AppliedState& applied() const = 0;
  virtual Result<SnapshotPart> next() = 0;
};

/// Called for each record in key order; false ends the scan. It must not call the engine.
using Visitor = std::function<bool(std::string_view key, std::string_view value)>;

/// Sees a value that is valid only during the call. It must not call the engine.
using Look = std::function<void(std::string_view value)>;

/// One transaction: everything in it becomes durable, or nothing does. Of one group its flushes are
/// done first, then its installs, then its drop, each kind in its order.
struct WriteBatch {
  std::vector<const msg::FlushState*> flushes;
  std::vector<const msg::InstallState*> installs;
  std::vector<GroupId> drops;
};

class Engine {
 public:
  virtual ~Engine() = default;

  [[nodiscard]] virtual std::optional<SharedBytes> get(
      GroupId group, std::string_view key) const = 0;
  /// Shows the value where it lies instead of copying it; false: there is none.
  virtual bool look(GroupId group, std::string_view key, const Look& look) const = 0;
  [[nodiscard]] virtual bool contains(GroupId group, std::string_view key) const = 0;
  /// From the first key at or after `from`.
  virtual void scan(GroupId group, std::string_view from, const Visitor& visit) const = 0;
  /// An engine may count keys once that agree in their first 511 bytes.
  [[nodiscard]] virtual std::uint64_t count(GroupId group) const = 0;
  [[nodiscard]] virtual AppliedState applied(GroupId group) const = 0;
  [[nodiscard]] virtual std::unique_ptr<SnapshotReader> snapshot(GroupId group) const = 0;

  /// The writing thread only. io_failed: nothing of the batch is durable and the node must stop.
  virtual Result<void> write(const WriteBatch& batch) = 0;
};

}  // namespace harka::storage
