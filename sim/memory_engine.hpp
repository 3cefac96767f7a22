// SPDX-License-Identifier: Apache-2.0
// The state engine of simulated nodes: ordered maps with the transactions of the real one. What
// `write` took is durable: it outlives the node's machines, as a file would.
#pragma once

#include "storage/engine.hpp"

#include <map>
#include <memory>
#include <string>

namespace harka::sim {

class MemoryEngine final : public storage::Engine {
 public:
  /// Small parts make snapshots of many chunks out of small states.
  explicit MemoryEngine(std::size_t part_bytes) : part_bytes_(part_bytes) {}

  [[nodiscard]] std::optional<SharedBytes> get(GroupId group, std::string_view key) const override;
  bool look(GroupId group, std::string_view key, const storage::Look& look) const override;
  [[nodiscard]] bool contains(GroupId group, std::string_view key) const override;
  void scan(GroupId group, std::string_view from, const storage::Visitor& visit) const override;
  [[nodiscard]] std::uint64_t count(GroupId group) const override;
  [[nodiscard]] storage::AppliedState applied(GroupId group) const override;
  [[nodiscard]] std::unique_ptr<storage::SnapshotReader> snapshot(GroupId group) const override;
  Result<void> write(const storage::WriteBatch& batch) override;

 private:
  using Rows = std::map<std::string, SharedBytes, std::less<>>;

  struct Group {
    storage::AppliedState applied;
    std::shared_ptr<Rows> rows =
        std::make_shared<Rows>();  // shared with snapshots: copied on write
    Rows staged;
  };

  [[nodiscard]] const Group* find(GroupId group) const;
  static Rows& own(Group& group);
  Result<void> install(const msg::InstallState& install);

  std::size_t part_bytes_;
  std::map<std::uint32_t, Group> groups_;
};

}  // namespace harka::sim
