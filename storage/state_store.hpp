// SPDX-License-Identifier: Apache-2.0
// The node's state store: gathers what is waiting from all groups into one transaction, commits it,
// and only then answers. `StateStoreCore` is the logic, driven step by step by the simulator;
// `StateStoreThread` is the production port around it.
#pragma once

#include "runtime/directory.hpp"
#include "storage/engine.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace harka::storage {

class StateStoreCore {
 public:
  explicit StateStoreCore(Engine& engine) : engine_(engine) {}

  void enqueue(EnvelopePtr envelope) { queue_.push_back(std::move(envelope)); }

  [[nodiscard]] bool has_work() const { return !queue_.empty(); }

  /// Writes everything that is queued in one transaction; the answers are due once it returned.
  Result<std::vector<EnvelopePtr>> commit();

 private:
  Engine& engine_;
  std::vector<EnvelopePtr> queue_;
};

class StateStoreThread final : public Port {
 public:
  /// `on_fatal` is called once, on the store's thread, when a write failed: the node must stop.
  StateStoreThread(
      Engine& engine, Directory& directory, std::function<void(const Error&)> on_fatal);
  ~StateStoreThread() override;

  bool post(EnvelopePtr envelope) override;
  /// Finishes what is queued, then ends the thread.
  void stop();

 private:
  void run();

  Engine& engine_;
  Directory& directory_;
  std::function<void(const Error&)> on_fatal_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<EnvelopePtr> queue_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace harka::storage
