// SPDX-License-Identifier: Apache-2.0
// The same shells as CafHost on one thread, in virtual time, in an order that a seed decides. For
// tests of the shells; the World runs the pure machines much faster. One thread only.
#pragma once

#include "runtime/directory.hpp"
#include "runtime/machine.hpp"
#include "runtime/registry.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace harka {

class SeededHost {
 public:
  /// The three references outlive the host.
  SeededHost(std::uint64_t seed, Directory& directory, MachineFactory& factory, Registry& registry);
  SeededHost(const SeededHost&) = delete;
  SeededHost& operator=(const SeededHost&) = delete;
  ~SeededHost();

  void start_root(const ChildSpec& root);
  /// Lets virtual time pass; all that becomes runnable runs.
  void run_for(Duration duration);
  /// Asks the root to stop and lets time pass. False if the tree still lives after `budget`.
  bool stop(Duration budget);
  [[nodiscard]] Instant now() const;
  /// Why the root ended, empty for a normal end; nothing while it lives.
  [[nodiscard]] const std::optional<std::string>& root_ending() const;
  /// Actors' steps so far: with the same seed the same number.
  [[nodiscard]] std::uint64_t steps() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace harka
