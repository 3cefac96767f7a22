// SPDX-License-Identifier: Apache-2.0
// One shard's keys: an overlay of what was applied lately over what the engine holds. Two
// generations, so that writes go on while the older one is being flushed.
#pragma once

#include "actors/kv/overlay.hpp"
#include "storage/engine.hpp"

#include <functional>
#include <string>
#include <vector>

namespace harka::kv {

class ShardState final : public KeyValueView {
 public:
  /// `engine` outlives the state.
  ShardState(GroupId group, const storage::Engine& engine) : group_(group), engine_(engine) {}

  [[nodiscard]] std::optional<Record> find(std::string_view key) const override;
  [[nodiscard]] std::optional<RecordInfo> look(std::string_view key) const override;
  void put(std::string_view key, Record record) override;
  void append(std::string_view key, std::string_view more) override;
  bool remove(std::string_view key) override;

  [[nodiscard]] std::size_t dirty_bytes() const { return active_.bytes() + flushing_.bytes(); }

  [[nodiscard]] bool is_dirty() const { return !active_.empty(); }

  /// The active generation, in no particular order and sharing its memory; `flush_finished` once it
  /// is durable. `index` is the log entry that the engine will have applied then.
  std::vector<msg::StateWrite> begin_flush(LogIndex index);
  void flush_finished();
  /// The engine's content was replaced.
  void reset();

  /// Records with `hash >= from` in hash order; false from `visit` ends it, but never between keys
  /// of equal hash, so that a scan can resume at the next hash. Values are shown where they lie.
  using Visitor = std::function<bool(std::uint64_t hash, std::string_view key, const RecordView&)>;
  void scan(std::uint64_t from, const Visitor& visit) const;

  /// Keys there are, expired ones that nobody removed included. Nothing: that takes more than
  /// `look_ups_max` look-ups in the engine, or a flush came in between; ask again, it gets nearer.
  /// Each key that was written since the last flush is looked up once.
  [[nodiscard]] std::optional<std::uint64_t> count(std::size_t look_ups_max);

 private:
  [[nodiscard]] const Overlay::Entry* find_in_overlays(
      std::string_view key, std::uint64_t hash) const;

  /// The least entry of both overlays, the newer one's where both have the key.
  class OverlayMerge;

  /// Finds out of which keys there is something below the overlays; false: the budget is spent.
  [[nodiscard]] bool look_below(Overlay& overlay, std::size_t& look_ups_left) const;
  [[nodiscard]] std::uint64_t stored_keys() const;

  GroupId group_;
  const storage::Engine& engine_;
  Overlay active_;
  Overlay flushing_;
  LogIndex flush_index_ = 0;  // of what is being flushed; 0: nothing
};

}  // namespace harka::kv
