// SPDX-License-Identifier: Apache-2.0
// The node's log store as a neighbour of the replicas: gathers what is waiting from all groups into
// one write and one sync, and only then answers. `LogStoreCore` is the logic, driven step by step
// by the simulator; `LogStoreThread` is the production port around it.
#pragma once

#include "runtime/directory.hpp"
#include "runtime/wake_batch.hpp"
#include "storage/segment_log.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace harka::storage {

class LogStoreCore {
 public:
  explicit LogStoreCore(SegmentLog& log) : log_(log) {}

  void enqueue(EnvelopePtr envelope) { queue_.push_back(std::move(envelope)); }

  [[nodiscard]] bool has_work() const { return !queue_.empty(); }

  /// Appends and writes everything that is queued. What is enqueued from here on waits for the next
  /// flush. After an error the log is dead and the node must stop.
  Result<void> begin_flush();
  /// Syncs what `begin_flush` wrote; the answers to it are due once this returned.
  Result<std::vector<EnvelopePtr>> finish_flush();
  /// Both.
  Result<std::vector<EnvelopePtr>> flush();

 private:
  Result<void> take(const Envelope& envelope);

  SegmentLog& log_;
  std::vector<EnvelopePtr> queue_;
  std::vector<EnvelopePtr> answers_;
  bool is_flushing_ = false;
};

class LogStoreThread final : public Port {
 public:
  /// `on_fatal` is called once, on the store's thread, when the disk failed: the node must stop,
  /// because after a failed sync nobody knows what is on the disk.
  LogStoreThread(
      std::unique_ptr<SegmentLog> log,
      Directory& directory,
      std::function<void(const Error&)> on_fatal);
  ~LogStoreThread() override;

  bool post(EnvelopePtr envelope) override;
  /// Finishes what is queued, then closes the log and ends the thread.
  void stop();
  /// Any thread; of the last flush.
  [[nodiscard]] LogCounters counters() const;

 private:
  class Bell;

  void run();
  void fail(const Error& error);

  std::unique_ptr<SegmentLog> log_;
  Directory& directory_;
  std::function<void(const Error&)> on_fatal_;
  mutable std::mutex mutex_;
  std::shared_ptr<Bell> bell_;  // shared with the wake batches of other threads
  std::vector<EnvelopePtr> queue_;
  LogCounters counters_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace harka::storage
