// SPDX-License-Identifier: Apache-2.0
// The simulator alone, without what `harka` links: quicker to build while working on machines. With
// `check` as its first word it is `harka check`.
#include "sim/command/check.hpp"
#include "sim/command/command.hpp"

int main(int count, char** arguments) {
  std::vector<std::string> words(arguments + 1, arguments + count);
  if (words.empty() || words.front() != "check") return harka::sim::run_command(words);
  words.erase(words.begin());
  return harka::sim::check_command(words);
}
