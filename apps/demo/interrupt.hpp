// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and friends as something that waits can see, so that a command that started processes ends
// them and deletes what is temporary, instead of dying in the middle.
#pragma once

#include "base/time.hpp"

#include <functional>
#include <string>

namespace harka::apps {

/// Blocks SIGINT, SIGTERM and SIGHUP for the whole process. Make it before any thread starts.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// Whether a signal has come since the start.
  [[nodiscard]] bool is_raised();
  /// Waits; false when a signal came before or meanwhile.
  bool sleep(Duration duration);
  /// Polls a condition; false when the bound passed or a signal came first.
  bool wait_until(Duration bound, const std::function<bool()>& condition);
  /// One line from stdin without its end; false at its end or when a signal came.
  bool read_line(std::string& line);

 private:
  /// Waits for a signal or, if asked, for input.
  void poll(Duration duration, bool includes_input, bool& has_input);

  int signals_ = -1;
  bool is_raised_ = false;
  std::string input_;
};

}  // namespace harka::apps
