// SPDX-License-Identifier: Apache-2.0
// The state of the meta group: the cluster map. Commands change it only if what they expect still
// holds (a node is new, a shard's record has the expected epoch), so retries are harmless.
#pragma once

#include "actors/replica/replicated_state.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>

namespace harka {

class MetaState final : public ReplicatedState {
 public:
  /// Reads the map that the engine holds for the meta group, or the map of the cluster's creation.
  using Loader = std::function<msg::ClusterMap()>;

  explicit MetaState(Loader loader) : loader_(std::move(loader)), map_(loader_()) {}

  void apply(const msg::Entry& entry, ReplicaHost& host, Turn& turn) override;
  void receive(const Envelope& envelope, ReplicaHost& host, Turn& turn) override;

  void read_done(std::uint64_t, bool, ReplicaHost&, Turn&) override {}

  void leadership_lost(ReplicaHost& host, Turn& turn) override;

  [[nodiscard]] std::size_t dirty_bytes() const override { return is_dirty_ ? 4096 : 0; }

  std::vector<msg::StateWrite> begin_flush(LogIndex applied) override;

  void flush_finished() override {}

  void reload() override { map_ = loader_(); }

  [[nodiscard]] std::string describe() const override;

  [[nodiscard]] const msg::ClusterMap& map() const { return map_; }

 private:
  struct Asker {
    Address address;
    std::uint64_t correlation = 0;
  };

  Loader loader_;
  msg::ClusterMap map_;
  bool is_dirty_ = false;
  std::map<LogIndex, Asker> askers_;
};

/// The map's key in the meta group's engine state.
constexpr std::string_view meta_map_key = "map";

/// Pure: what a command does to a map. Empty when it was applied, else the reason for refusing.
[[nodiscard]] std::string apply_map_command(const msg::MapCommand& command, msg::ClusterMap& map);

}  // namespace harka
