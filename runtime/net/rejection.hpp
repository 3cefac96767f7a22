// SPDX-License-Identifier: Apache-2.0
// Whether a node that nobody has let in should give up: what its seeds said, judged without I/O.
//
// A node that has been linked to anybody never gives up, and seeds that contradict each other
// decide nothing. A seed that says nothing (it is down, cut off, no node at all) may yet let it in:
// it is waited for, but not for ever, or one dead seed would keep a node that is not of this
// cluster running and warning. What two nodes of one name say about each other counts for nothing,
// as each says the same: only a third one can tell which of them was first.
#pragma once

#include "base/time.hpp"

#include <optional>
#include <string>
#include <vector>

namespace harka::net {

/// How long after its start a node waits for a seed that says nothing, when others reject it.
constexpr Duration rejection_patience = 15s;

/// The last failure of a dial.
struct SeedAnswer {
  std::string address;
  std::string reason;  // empty: there was none yet
};

/// The node that asks to be let in.
struct Applicant {
  bool is_fresh = false;  // it belongs to no cluster yet
  Duration waited{};      // since its start
};

struct Rejection {
  enum class Kind { name_taken, other_cluster, certificate };
  Kind kind{};
  std::string detail;
};

/// `seeds` without this node itself. A fresh node has nothing to lose and believes the first that
/// says whose its name is; any other verdict all seeds must agree on, or, after the patience, all
/// that said one.
[[nodiscard]] std::optional<Rejection> rejection_of(
    const std::vector<SeedAnswer>& seeds, const Applicant& applicant);

}  // namespace harka::net
