// SPDX-License-Identifier: Apache-2.0
// `harka sim`: the simulator's own command line.
#include "apps/commands.hpp"
#include "sim/command/command.hpp"

namespace harka::apps {

int run_sim(const std::vector<std::string>& arguments) {
  return sim::run_command(arguments);
}

}  // namespace harka::apps
