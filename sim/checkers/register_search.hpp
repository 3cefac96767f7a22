// SPDX-License-Identifier: Apache-2.0
// Is there an order of the operations on one register that explains what each of them saw, and that
// keeps those in order of which one ended before the other began? Wing and Gong's search with
// Lowe's memory of what was tried. Deciding it is NP-complete, so five observations keep the search
// near linear where values are mostly written once:
//
//   a read that fits can be placed at once: whatever follows, it is not in the way;
//   so can a write that nobody has to see, when nobody has to see what it overwrites;
//   a value that somebody still has to see and nobody will write again may not be overwritten;
//   a write of unknown outcome whose value nobody has to see need not have happened;
//   a set of placed operations is remembered as the exclusive or of random numbers, one for each
//   (Zobrist, 1970), which costs nothing to keep up: at 128 bits two sets never look alike.
#pragma once

#include "sim/checkers/operation.hpp"

#include <functional>
#include <vector>

namespace harka::sim {

struct SearchBudget {
  std::uint64_t states_max = 20'000'000;  // that are tried, some 40 bytes each
  std::function<bool()> is_over;          // asked now and then; empty: never
};

struct SearchOptions {
  std::optional<std::string> initial;
  bool is_any_initial = false;  // no order fits whatever the register held at first
  SearchBudget budget;
  bool wants_prefix = false;  // then nothing is left out of the search, which may take long
};

struct Searched {
  Verdict verdict = Verdict::linearizable;
  std::vector<std::size_t> prefix;  // the order that places most operations of known outcome
};

/// Operations of one key, in any order. Reads of unknown outcome count for nothing.
[[nodiscard]] Searched search_register(
    const std::vector<const Operation*>& operations, const SearchOptions& options);

}  // namespace harka::sim
