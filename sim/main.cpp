// SPDX-License-Identifier: Apache-2.0
// The simulator alone, without what `harka` links: quicker to build while working on machines.
#include "sim/command/command.hpp"

int main(int count, char** arguments) {
  return harka::sim::run_command(std::vector<std::string>(arguments + 1, arguments + count));
}
