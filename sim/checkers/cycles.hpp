// SPDX-License-Identifier: Apache-2.0
// Is a history of transactions on lists what some order of them, one after the other, would have
// given, and one that keeps real time? If what must come before what has no cycle, any order that
// follows it is one; a cycle is named after what it is made of (Adya, 1999; Elle, 2020):
//
//   G0        only ww: writes of two are interleaved
//   G1c       ww and wr: two saw each other
//   G-single  with one rw: one saw what another had overwritten, and depends on it
//   G2        with more of them
//   …-realtime  only with what had ended before what began
//
// Cycles lie within strongly connected components (Tarjan), the shortest is searched breadth first.
#pragma once

#include "sim/checkers/append_graph.hpp"

namespace harka::sim {

struct TransactionsReport {
  std::vector<Anomaly> anomalies;  // none: the history is right
};

struct TransactionsOptions {
  bool keeps_real_time = true;  // strict serializability; else serializability
};

/// invalid_argument when a value is appended to a list twice.
[[nodiscard]] Result<TransactionsReport> check_transactions(
    const std::vector<Transaction>& history, const TransactionsOptions& options);

}  // namespace harka::sim
