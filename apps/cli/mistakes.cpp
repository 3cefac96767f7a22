// SPDX-License-Identifier: Apache-2.0
// What was wrong with a command line.
#include "apps/cli/options.hpp"
#include "apps/values.hpp"

#include <algorithm>
#include <cstdlib>

namespace harka::apps::cli {

namespace {

/// The words of `command` that start with a dash: what a mistyped flag may have meant.
std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

std::string did_you_mean(const std::string& near, const std::string& otherwise) {
  return near.empty() ? "; `" + otherwise + "` lists what there is"
                      : "; did you mean '" + near + "'?";
}

}  // namespace

// Follows the words as far as they are commands.
std::string explain_mistake(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  std::string path = "harka";
  for (const std::string& word : words) {
    const std::vector<const CLI::App*> known = command->get_subcommands({});
    if (word.starts_with("-") && word.size() > 1) {
      const std::vector<std::string> flags = flags_of(*command);
      const std::string flag = word.substr(0, word.find('='));
      if (!word.starts_with("--") || std::find(flags.begin(), flags.end(), flag) != flags.end())
        continue;
      return "unknown flag '" + flag + "'" + did_you_mean(nearest(flag, flags), path + " --help");
    }
    if (known.empty()) continue;
    const auto found = std::find_if(
        known.begin(), known.end(), [&](const CLI::App* sub) { return sub->get_name() == word; });
    if (found == known.end()) {
      std::vector<std::string> names;
      for (const CLI::App* sub : known) names.push_back(sub->get_name());
      return "unknown command '" + word + "'" +
             did_you_mean(nearest(word, names), path + " --help");
    }
    command = *found;
    path += " " + word;
  }
  return {};
}

admin::Format wanted_format(const std::vector<std::string>& words) {
  const char* fallback = std::getenv("HARKA_OUTPUT");
  std::string name = fallback == nullptr ? "table" : fallback;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--json") name = "json";
    if ((words[i] == "-o" || words[i] == "--output") && i + 1 < words.size()) name = words[i + 1];
    if (words[i].starts_with("--output=")) name = words[i].substr(9);
  }
  return admin::parse_format(name).value_or(admin::Format::table);
}

}  // namespace harka::apps::cli
