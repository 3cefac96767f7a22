// SPDX-License-Identifier: Apache-2.0
#include "sim/memory_engine.hpp"

#include "storage/snapshot_part.hpp"

#include <utility>

namespace harka::sim {

namespace {

class Reader final : public storage::SnapshotReader {
 public:
  using Rows = std::map<std::string, SharedBytes, std::less<>>;

  Reader(storage::AppliedState applied, std::shared_ptr<const Rows> rows, std::size_t part_bytes)
      : applied_(std::move(applied)),
        rows_(std::move(rows)),
        next_(rows_->begin()),
        part_bytes_(part_bytes) {}

  [[nodiscard]] const storage::AppliedState& applied() const override { return applied_; }

  Result<storage::SnapshotPart> next() override {
    storage::SnapshotPartWriter writer;
    std::size_t bytes = 0;
    while (next_ != rows_->end() && bytes < part_bytes_ &&
           writer.add(next_->first, next_->second.view())) {
      bytes += 8 + next_->first.size() + next_->second.size();
      ++next_;
    }
    storage::SnapshotPart part;
    part.sequence = sequence_++;
    part.data = writer.take();
    part.done = next_ == rows_->end();
    return part;
  }

 private:
  storage::AppliedState applied_;
  std::shared_ptr<const Rows> rows_;
  Rows::const_iterator next_;
  std::size_t part_bytes_;
  std::uint32_t sequence_ = 0;
};

}  // namespace

const MemoryEngine::Group* MemoryEngine::find(GroupId group) const {
  const auto found = groups_.find(group.value);
  return found == groups_.end() ? nullptr : &found->second;
}

MemoryEngine::Rows& MemoryEngine::own(Group& group) {
  if (group.rows.use_count() > 1) group.rows = std::make_shared<Rows>(*group.rows);
  return *group.rows;
}

std::optional<SharedBytes> MemoryEngine::get(GroupId group, std::string_view key) const {
  const Group* found = find(group);
  if (found == nullptr) return std::nullopt;
  const auto row = found->rows->find(key);
  if (row == found->rows->end()) return std::nullopt;
  return row->second;
}

bool MemoryEngine::look(GroupId group, std::string_view key, const storage::Look& look) const {
  const Group* found = find(group);
  if (found == nullptr) return false;
  const auto row = found->rows->find(key);
  if (row == found->rows->end()) return false;
  look(row->second.view());
  return true;
}

bool MemoryEngine::contains(GroupId group, std::string_view key) const {
  const Group* found = find(group);
  return found != nullptr && found->rows->find(key) != found->rows->end();
}

void MemoryEngine::scan(GroupId group, std::string_view from, const storage::Visitor& visit) const {
  const Group* found = find(group);
  if (found == nullptr) return;
  for (auto row = found->rows->lower_bound(from); row != found->rows->end(); ++row) {
    if (!visit(row->first, row->second.view())) return;
  }
}

std::uint64_t MemoryEngine::count(GroupId group) const {
  const Group* found = find(group);
  return found == nullptr ? 0 : found->rows->size();
}

storage::AppliedState MemoryEngine::applied(GroupId group) const {
  const Group* found = find(group);
  return found == nullptr ? storage::AppliedState{} : found->applied;
}

std::unique_ptr<storage::SnapshotReader> MemoryEngine::snapshot(GroupId group) const {
  const Group* found = find(group);
  const Group none;
  const Group& source = found == nullptr ? none : *found;
  return std::make_unique<Reader>(source.applied, source.rows, part_bytes_);
}

Result<void> MemoryEngine::write(const storage::WriteBatch& batch) {
  for (const msg::FlushState* flush : batch.flushes) {
    Group& group = groups_[flush->group];
    Rows& rows = own(group);
    for (const msg::StateWrite& write : flush->writes) {
      if (write.removed) {
        rows.erase(std::string(write.key.view()));
      } else {
        rows.insert_or_assign(
            std::string(write.key.view()), SharedBytes::copy_of(write.value.view()));
      }
    }
    group.applied = {flush->applied_index, flush->applied_term, flush->config};
  }
  for (const msg::InstallState* part : batch.installs) {
    if (Result<void> done = install(*part); !done.ok()) return done;
  }
  for (const GroupId group : batch.drops) groups_.erase(group.value);
  return {};
}

Result<void> MemoryEngine::install(const msg::InstallState& install) {
  Group& group = groups_[install.group];
  if (install.sequence == 0) group.staged.clear();
  storage::SnapshotPartReader reader(install.data.view());
  while (reader.next()) {
    group.staged.insert_or_assign(std::string(reader.key()), SharedBytes::copy_of(reader.value()));
  }
  if (reader.is_damaged()) return Error{Code::corrupt, "a snapshot part does not add up"};
  if (!install.done) return {};
  group.rows = std::make_shared<Rows>(std::exchange(group.staged, {}));
  group.applied = {install.applied_index, install.applied_term, install.config};
  return {};
}

}  // namespace harka::sim
