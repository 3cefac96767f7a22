// SPDX-License-Identifier: Apache-2.0
// How a run ends badly. Only the runner catches it.
#pragma once

#include <stdexcept>
#include <string>

namespace harka::sim {

enum class Broken : std::uint8_t { crash, liveness, correctness };

class Violation : public std::runtime_error {
 public:
  Violation(Broken kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}

  [[nodiscard]] Broken kind() const { return kind_; }

 private:
  Broken kind_;
};

}  // namespace harka::sim
