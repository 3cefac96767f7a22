// SPDX-License-Identifier: Apache-2.0
// Whether a node that nobody has let in should give up: what its seeds said, judged without I/O.
//
// A node that has been linked to anybody never gives up, and a seed that cannot be reached may yet
// let it in. What two nodes of one name say about each other counts for nothing, as each says the
// same: only a third one can tell which of them was first.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace harka::net {

/// The last failure of a dial.
struct SeedAnswer {
  std::string address;
  std::string reason;  // empty: there was none yet
};

struct Rejection {
  enum class Kind { name_taken, other_cluster, certificate };
  Kind kind{};
  std::string detail;
};

/// `seeds` without this node itself. A fresh node, which belongs to no cluster yet, has nothing to
/// lose and believes the first that says whose its name is; any other one wants to hear it from
/// all.
[[nodiscard]] std::optional<Rejection> rejection_of(
    const std::vector<SeedAnswer>& seeds, bool is_fresh);

}  // namespace harka::net
