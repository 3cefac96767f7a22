// SPDX-License-Identifier: Apache-2.0
// Runs a node's tree of machines on CAF's worker threads. No CAF type here: an application includes
// this header and nothing else of the folder.
#pragma once

#include "runtime/directory.hpp"
#include "runtime/machine.hpp"
#include "runtime/registry.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace harka {

class CafHost {
 public:
  struct Options {
    std::size_t worker_threads = 0;  // 0: one a core
    std::uint64_t seed = 0;          // of the machines' random numbers
    /// The root ended by itself: its restarts exceeded their budget (or it was asked to stop by a
    /// message). On a worker thread; must not call back into the host. Not called during stop().
    std::function<void(const std::string& reason)> root_failed{};
  };

  /// The three references outlive the host. `factory` is called from worker threads, one call at a
  /// time.
  CafHost(Options options, Directory& directory, MachineFactory& factory, Registry& registry);
  CafHost(const CafHost&) = delete;
  CafHost& operator=(const CafHost&) = delete;
  /// Stops with a budget of ten seconds unless stopped already.
  ~CafHost();

  /// Spawns the root supervisor, which spawns the rest. Once.
  void start_root(const ChildSpec& root);
  /// Ordered shutdown of the tree within `budget`, then a kill of what is left. False if some
  /// machine did not even return from its turn: its threads are abandoned and the process should
  /// exit without running destructors.
  bool stop(Duration budget);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harka
