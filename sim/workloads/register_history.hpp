// SPDX-License-Identifier: Apache-2.0
// What clients saw of registers, until it is judged at the end.
#pragma once

#include "sim/checkers/operation.hpp"
#include "sim/workloads/load.hpp"

#include <map>

namespace harka::sim {

class RegisterHistory {
 public:
  void wrote(const Answered& answered, const std::string& key, const std::string& value);
  /// Unknown reads count for nothing.
  void read(const Answered& answered, const std::string& key, std::optional<std::string> value);

  /// With what each register holds now: an acknowledged write may not be missing. Throws a
  /// Violation.
  void audit(const FinalState& state);

  [[nodiscard]] std::uint64_t undecided() const { return undecided_; }

 private:
  void add(const Answered& answered, Operation operation);

  std::vector<Operation> operations_;
  std::map<std::string, std::uint32_t> shards_;  // by key
  std::uint64_t undecided_ = 0;
};

}  // namespace harka::sim
