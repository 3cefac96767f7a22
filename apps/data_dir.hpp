// SPDX-License-Identifier: Apache-2.0
// A node's data directory: whose it is, which incarnation this is, and that nobody else has it
// open.
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
  /// corrupt: the identity file cannot be read.
  [[nodiscard]] static Result<DataDir> open(const std::string& path, const std::string& name);

  DataDir(DataDir&& other) noexcept;
  DataDir& operator=(DataDir&& other) = delete;
  DataDir(const DataDir&) = delete;
  DataDir& operator=(const DataDir&) = delete;
  ~DataDir();

  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] std::uint64_t data_id() const { return data_id_; }

  [[nodiscard]] Epoch epoch() const { return epoch_; }

 private:
  DataDir() = default;

  std::string path_;
  std::uint64_t data_id_ = 0;
  Epoch epoch_;
  int lock_ = -1;
};

/// A node's id: a 64-bit hash of its name (FNV-1a), never zero.
[[nodiscard]] NodeId node_id_of(const std::string& name);

}  // namespace harka::apps
