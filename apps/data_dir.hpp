// SPDX-License-Identifier: Apache-2.0
// A node's data directory: whose it is, which incarnation this is, that nobody else has it open,
// and that nothing of it is missing.
//
//   identity  whose it is; guarded by a checksum, replaced as a whole
//   lock      held while a node runs; names the process
//   log/      the raft log of all groups
//   state/    what was applied; may be taken away to have it restored by the cluster
#pragma once

#include "apps/identity.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace harka::apps {

/// Holds the directory's lock until destroyed.
class DataDir {
 public:
  /// Makes the directory if missing, locks it, and says who this node will be. Until `claim`
  /// nothing of it lasts: what was made goes away again with the object.
  /// already_exists: another process has it open. refused_to_protect: it belongs to another node.
  /// stale_epoch: another version of HARKA wrote it. corrupt: the identity or the log is damaged or
  /// gone. io_failed: the system's words.
  [[nodiscard]] static Result<DataDir> open(const std::string& path, const std::string& name);

  DataDir(DataDir&& other) noexcept;
  DataDir& operator=(DataDir&& other) = delete;
  DataDir(const DataDir&) = delete;
  DataDir& operator=(const DataDir&) = delete;
  ~DataDir();

  /// Makes the directory's name and the identity with the raised incarnation durable, before
  /// anybody is told of it.
  [[nodiscard]] Result<void> claim();

  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] std::uint64_t data_id() const { return identity_.data_id; }

  [[nodiscard]] Epoch epoch() const { return Epoch{identity_.epoch}; }

  /// There is a log, but the state was taken away.
  [[nodiscard]] bool is_state_lost() const { return is_state_lost_; }

 private:
  DataDir() = default;
  Result<void> make_folders();
  /// What will be acknowledged lies below these names.
  [[nodiscard]] Result<void> sync_names() const;
  Result<void> lock();
  /// Whether the locked file still has that name: its maker may have taken it away again.
  [[nodiscard]] bool is_lock_of(const std::string& lock_path) const;

  std::string path_;
  Identity identity_;
  std::vector<std::string> made_;  // files and folders, outer ones first; none once claimed
  bool is_state_lost_ = false;
  int lock_ = -1;
};

}  // namespace harka::apps
