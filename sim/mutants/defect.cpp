// SPDX-License-Identifier: Apache-2.0
#include "sim/mutants/defect.hpp"

#include <algorithm>

namespace harka::sim {

const std::vector<Defect>& defects() {
  static const std::vector<Defect> all = [] {
    std::vector<Defect> list;
    for (const std::span<const Defect> part :
         {election_defects(),
          replication_defects(),
          snapshot_defects(),
          store_defects(),
          shard_defects()}) {
      list.insert(list.end(), part.begin(), part.end());
    }
    return list;
  }();
  return all;
}

const Defect* defect_of(std::string_view name) {
  const auto found = std::ranges::find(defects(), name, &Defect::name);
  return found == defects().end() ? nullptr : &*found;
}

}  // namespace harka::sim
