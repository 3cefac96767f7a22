// SPDX-License-Identifier: Apache-2.0
// A node's data directory: whose it is, which incarnation this is, that nobody else has it open,
// and that nothing of it is missing.
//
//   identity  whose it is; guarded by a checksum, replaced as a whole
//   lock      held while a node runs; names the process
//   log/      the raft log of all groups
//   state/    what was applied; may be taken away to have it restored by the cluster
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>

namespace harka::apps {

/// Holds the directory's lock until destroyed.
class DataDir {
 public:
  /// Makes the directory if missing, locks it, raises the incarnation and makes that durable.
  /// already_exists: another process has it open. refused_to_protect: it belongs to another node.
  /// stale_epoch: another version of HARKA wrote it. corrupt: the identity or the log is damaged or
  /// gone. io_failed: the system's words.
  [[nodiscard]] static Result<DataDir> open(const std::string& path, const std::string& name);

  DataDir(DataDir&& other) noexcept;
  DataDir& operator=(DataDir&& other) = delete;
  DataDir(const DataDir&) = delete;
  DataDir& operator=(const DataDir&) = delete;
  ~DataDir();

  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] std::uint64_t data_id() const { return data_id_; }

  [[nodiscard]] Epoch epoch() const { return epoch_; }

  /// There is a log, but the state was taken away.
  [[nodiscard]] bool is_state_lost() const { return is_state_lost_; }

 private:
  DataDir() = default;
  Result<void> lock();

  std::string path_;
  std::uint64_t data_id_ = 0;
  Epoch epoch_;
  bool is_state_lost_ = false;
  int lock_ = -1;
};

}  // namespace harka::apps
