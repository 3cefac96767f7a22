// SPDX-License-Identifier: Apache-2.0
// An LMDB engine that counts what is asked of it.
#pragma once

#include "tests/storage/engine_fixture.hpp"

#include <memory>
#include <optional>

namespace harka::testing {

class CountingEngine final : public storage::Engine {
 public:
  CountingEngine() : engine_(open_engine(folder_)) {}

  [[nodiscard]] std::optional<SharedBytes> get(GroupId group, std::string_view key) const override {
    std::optional<SharedBytes> value = engine_->get(group, key);
    if (value) bytes_copied += value->size();
    return value;
  }

  bool look(GroupId group, std::string_view key, const storage::Look& look) const override {
    return engine_->look(group, key, look);
  }

  [[nodiscard]] bool contains(GroupId group, std::string_view key) const override {
    ++contains_count;
    return engine_->contains(group, key);
  }

  void scan(GroupId group, std::string_view from, const storage::Visitor& visit) const override {
    engine_->scan(group, from, visit);
  }

  [[nodiscard]] std::uint64_t count(GroupId group) const override { return engine_->count(group); }

  [[nodiscard]] storage::AppliedState applied(GroupId group) const override {
    return engine_->applied(group);
  }

  [[nodiscard]] std::unique_ptr<storage::SnapshotReader> snapshot(GroupId group) const override {
    return engine_->snapshot(group);
  }

  Result<void> write(const storage::WriteBatch& batch) override { return engine_->write(batch); }

  mutable std::size_t bytes_copied = 0;
  mutable std::size_t contains_count = 0;

 private:
  Folder folder_;
  std::unique_ptr<storage::Engine> engine_;
};

}  // namespace harka::testing
