// SPDX-License-Identifier: Apache-2.0
// `harka sim` and `harka check`: the simulator's own command lines.
#include "apps/commands.hpp"
#include "sim/command/check.hpp"
#include "sim/command/command.hpp"

namespace harka::apps {

int run_sim(const std::vector<std::string>& arguments) {
  return sim::run_command(arguments);
}

int run_check(const std::vector<std::string>& arguments) {
  return sim::check_command(arguments);
}

}  // namespace harka::apps
