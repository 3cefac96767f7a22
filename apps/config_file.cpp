// SPDX-License-Identifier: Apache-2.0
// The one home of toml++.
#include "apps/config_file.hpp"

#include "apps/values.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <tuple>

namespace harka::apps {

namespace {

/// Mistakes in the order of the file; a table of toml++ is in the order of names.
using Placed = std::vector<std::tuple<std::uint32_t, std::uint32_t, std::string>>;

void add(Placed& mistakes, const toml::source_region& where, std::string text) {
  mistakes.emplace_back(where.begin.line, where.begin.column, std::move(text));
}

std::string_view name_of(toml::node_type type) {
  switch (type) {
    case toml::node_type::none: return "nothing";
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number with a fraction";
    case toml::node_type::boolean: return "true or false";
    case toml::node_type::date: return "a date";
    case toml::node_type::time: return "a time";
    case toml::node_type::date_time: return "a date with time";
  }
  return "something else";
}

std::string_view expected_by(const Setting& setting) {
  if (setting.type == "list") return "a list of strings";
  if (setting.type == "map") return "a table of strings";
  if (setting.type == "integer") return "a whole number";
  if (setting.type == "bytes") return "a whole number or a string such as \"64MiB\"";
  if (setting.type == "boolean") return "true or false";
  if (setting.type == "duration") return "a string such as \"250ms\"";
  return "a string";
}

std::optional<std::string> text_of_list(const toml::array& list) {
  std::vector<std::string> parts;
  for (const toml::node& item : list) {
    const auto text = item.value_exact<std::string>();
    if (!text) return std::nullopt;
    parts.push_back(*text);
  }
  return join(parts, ",");
}

std::optional<std::string> text_of_table(const toml::table& table) {
  std::vector<std::string> parts;
  for (const auto& [key, item] : table) {
    const auto text = item.value_exact<std::string>();
    if (!text) return std::nullopt;
    parts.push_back(std::string(key.str()) + "=" + *text);
  }
  return join(parts, ",");
}

/// The value in the text form that a flag has; nothing when its type is not the setting's. Lists
/// and tables may be written as they are for a flag, too: the printed reference does that.
std::optional<std::string> text_of(const Setting& setting, const toml::node& node) {
  const bool is_number = setting.type == "integer" || setting.type == "bytes";
  if (const auto number = node.value_exact<std::int64_t>(); number && is_number) {
    return std::to_string(*number);
  }
  if (const auto flag = node.value_exact<bool>(); flag && setting.type == "boolean") {
    return std::string(*flag ? "true" : "false");
  }
  if (node.is_array() && setting.type == "list") return text_of_list(*node.as_array());
  if (node.is_table() && setting.type == "map") return text_of_table(*node.as_table());
  if (setting.type == "integer" || setting.type == "boolean") return std::nullopt;
  return node.value_exact<std::string>();
}

std::string unknown(const std::string& key, bool is_table) {
  if (is_table) return "unknown section [" + key + "]: settings stand at the top of the file";
  std::vector<std::string> names;
  for (const Setting& setting : settings()) names.emplace_back(setting.name);
  const std::string near = nearest(key, names);
  return "unknown key '" + key + "'" +
         (near.empty() ? "; `harka config reference` lists the keys"
                       : "; did you mean '" + near + "'?");
}

void apply(const toml::key& key, const toml::node& node, Config& config, Placed& mistakes) {
  const std::string name(key.str());
  const auto setting =
      std::find_if(settings().begin(), settings().end(), [&](const Setting& known) {
        return known.name == name;
      });
  if (setting == settings().end()) {
    return add(mistakes, key.source(), unknown(name, node.is_table()));
  }
  const std::optional<std::string> text = text_of(*setting, node);
  if (!text) {
    std::string problem = name + ": expected " + std::string(expected_by(*setting)) + ", found ";
    problem += name_of(node.type());
    if (node.is_array() || node.is_table()) problem += " with something else in it";
    return add(mistakes, node.source(), std::move(problem));
  }
  if (const Result<void> set = setting->set(config, *text); !set.ok()) {
    add(mistakes, node.source(), name + ": " + set.error().detail);
  }
}

}  // namespace

Mistakes load_config(const std::string& path, Config& config) {
  std::ifstream file(path);
  // A directory can be opened, but not read.
  if (!file || (file.peek(), file.bad())) {
    return {path + ": cannot be read: " + std::strerror(errno)};
  }
  toml::table table;
  try {
    table = toml::parse(file, path);
  } catch (const toml::parse_error& failure) {  // toml++ reports by exception; the border is here
    const toml::source_position where = failure.source().begin;
    return {
        path + ":" + std::to_string(where.line) + ":" + std::to_string(where.column) + ": " +
        std::string(failure.description())};
  }
  Placed placed;
  for (const auto& [key, node] : table) apply(key, node, config, placed);
  std::sort(placed.begin(), placed.end());
  Mistakes mistakes;
  for (const auto& [line, column, text] : placed) {
    mistakes.push_back(
        path + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + text);
  }
  return mistakes;
}

}  // namespace harka::apps
