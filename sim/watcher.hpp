// SPDX-License-Identifier: Apache-2.0
// Who writes a run down while it goes: a trace for the viewer, a story for a terminal. It judges
// nothing and changes nothing, so a run goes the same way with and without one.
#pragma once

#include "sim/client.hpp"
#include "sim/observer.hpp"

#include <string>

namespace harka::sim {

struct Plan;
class World;

class Watcher : public Observer {
 public:
  /// Before anything happens; `world` outlives the run.
  virtual void begins(const Plan& plan, const World& world) = 0;
  virtual void observed(const ClientEvent& event) = 0;
  /// `property` is what broke; empty: the run was clean.
  virtual void ends(const std::string& property) = 0;
};

}  // namespace harka::sim
