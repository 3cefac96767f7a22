// SPDX-License-Identifier: Apache-2.0
// Which transaction on lists must have come before which? Lists only grow, so whoever read one says
// in which order all of it was appended (Kingsbury and Alvaro, Elle, 2020):
//
//   ww  A appended a value, and B the next one of that list
//   wr  B read a list whose last value A appended
//   rw  A read a list, and B appended what comes next in it
//   rt  A had ended before B began
//
// What needs no cycle to be wrong is found on the way: reads that are no state of any list, or not
// what their own transaction had done before.
#pragma once

#include "base/result.hpp"
#include "sim/checkers/transaction.hpp"

namespace harka::sim {

struct Dependency {
  enum class Kind : std::uint8_t { ww, wr, rw, rt };
  Kind kind = Kind::ww;
  std::size_t from = 0;  // a transaction, by its place in the history
  std::size_t to = 0;
  const std::string* key = nullptr;     // not of rt; into the history
  const std::string* before = nullptr;  // the value that `from` appended, or read last; null: none
  const std::string* after = nullptr;   // the value that `to` appended
};

struct Anomaly {
  std::string name;
  std::string text;
};

struct AppendGraph {
  std::vector<Dependency> dependencies;
  std::vector<Anomaly> anomalies;  // at most a few of each name
};

/// `history` outlives the graph. invalid_argument when two appends of a value to one list leave
/// open who did it.
[[nodiscard]] Result<AppendGraph> append_graph_of(const std::vector<Transaction>& history);

/// Adds what real time says: as few dependencies as imply all others.
void add_real_time(const std::vector<Transaction>& history, AppendGraph& graph);

/// "T3 = client 1 [10, 25]: append x 5, r y [1 2]"
[[nodiscard]] std::string text_of(const std::vector<Transaction>& history, std::size_t transaction);

}  // namespace harka::sim
