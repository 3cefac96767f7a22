// SPDX-License-Identifier: Apache-2.0
// Of a history that is not linearizable: the fewest operations that show it, how far they can be
// put in order, and why each that could come next cannot. What is left out is chosen so that a
// history without it is linearizable whenever the whole one is:
//
//   everything after the first moment at which no order fits any more;
//   everything that ended before some moment, if the rest fits in no order whatever the key held;
//   a value: whoever wrote it and whoever saw it (what compared with it just writes);
//   single operations that only look.
//
// So no single value and no single look can be left out of what remains.
#pragma once

#include "sim/checkers/register_search.hpp"

#include <string>
#include <vector>

namespace harka::sim {

struct FailingWindow {
  struct Next {
    std::size_t operation = 0;
    std::string reason;  // why it cannot be the next one
  };

  std::vector<Operation> operations;  // by the time of their start
  bool is_any_before = false;         // whatever the key held before them
  std::vector<std::size_t> prefix;    // of them, in the order that goes furthest
  std::optional<std::string> held;    // by the key after the prefix
  std::vector<Next> next;
  std::size_t operations_of_key = 0;  // that the window was cut from
};

/// Of one key, not linearizable within the budget of the options.
[[nodiscard]] FailingWindow failing_window(
    const std::vector<const Operation*>& operations, const SearchOptions& options);

/// "write 3", "read nothing", "compare 1 and set 2".
[[nodiscard]] std::string text_of(const Operation& operation);

/// The window in one line.
[[nodiscard]] std::string sentence_of(const FailingWindow& window);

/// The window as a drawing: time goes to the right, a lane for each client.
[[nodiscard]] std::string drawing_of(const FailingWindow& window);

}  // namespace harka::sim
