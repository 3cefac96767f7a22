// SPDX-License-Identifier: Apache-2.0
// The two stores of a simulated node: the production cores over a disk that forgets and an engine
// in memory. Time passes between `begin_…` and `finish_…`; what a crash finds in between is
// un-synced.
#pragma once

#include "base/random.hpp"
#include "sim/disk.hpp"
#include "sim/memory_engine.hpp"
#include "storage/log_store.hpp"
#include "storage/state_store.hpp"

#include <memory>
#include <vector>

namespace harka::sim {

struct StoreOptions {
  Duration sync_min = 50us;
  Duration sync_max = 2ms;
  double stall = 0;  // this share of flushes takes up to stall_max
  Duration stall_max = 400ms;
  std::size_t snapshot_part_bytes = 512;
  storage::LogOptions log{.segment_bytes = 128 * 1024, .copy_forward_bytes_max = 16 * 1024};
};

class NodeStores {
 public:
  NodeStores(const StoreOptions& options, Random random);

  /// The node starts: opens the log from what the disk kept.
  Result<void> open();
  /// Both stores are empty from now on. Only while the node is down.
  void wipe();
  /// The node stops; whatever is under way becomes what `loss` says.
  void crash(CrashLoss loss);

  void enqueue_log(EnvelopePtr envelope) { log_waiting_.push_back(std::move(envelope)); }

  void enqueue_state(EnvelopePtr envelope) { state_waiting_.push_back(std::move(envelope)); }

  /// How long the flush takes that begins now; nothing when there is no work or one is under way.
  [[nodiscard]] std::optional<Duration> begin_log_flush();
  [[nodiscard]] std::optional<Duration> begin_state_commit();
  [[nodiscard]] std::vector<EnvelopePtr> take_early_answers();
  /// Makes it durable and returns the answers. After an error the node must end.
  [[nodiscard]] Result<std::vector<EnvelopePtr>> finish_log_flush();
  [[nodiscard]] Result<std::vector<EnvelopePtr>> finish_state_commit();

  /// The requests that the last `finish_…` made durable.
  [[nodiscard]] const std::vector<EnvelopePtr>& flushed() const { return flushed_; }

  [[nodiscard]] storage::SegmentLog& log() { return *log_; }

  [[nodiscard]] MemoryEngine& engine() { return engine_; }

  [[nodiscard]] SimDisk& disk() { return disk_; }

  /// Every flush takes at least this long, until it is set back.
  void set_slow(Duration at_least) { at_least_ = at_least; }

  /// A defect on purpose: flushes are answered as they begin, by `take_early_answers`.
  void set_answers_before_sync(bool is_defect) { answers_before_sync_ = is_defect; }

 private:
  [[nodiscard]] Duration draw_latency();

  StoreOptions options_;
  Random random_;
  SimDisk disk_;
  MemoryEngine engine_;
  std::unique_ptr<storage::SegmentLog> log_;
  std::unique_ptr<storage::LogStoreCore> log_core_;
  std::unique_ptr<storage::StateStoreCore> state_core_;
  std::vector<EnvelopePtr> log_waiting_;
  std::vector<EnvelopePtr> state_waiting_;
  std::vector<EnvelopePtr> log_taken_;  // of the flush that is under way
  std::vector<EnvelopePtr> state_taken_;
  std::vector<EnvelopePtr> flushed_;
  bool is_flushing_ = false;
  bool is_committing_ = false;
  Duration at_least_{};
  bool answers_before_sync_ = false;
};

}  // namespace harka::sim
