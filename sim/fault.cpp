// SPDX-License-Identifier: Apache-2.0
#include "sim/fault.hpp"

#include "base/numbers.hpp"

#include <algorithm>

namespace harka::sim {

namespace {

constexpr std::int64_t nanoseconds = 1'000'000'000;
constexpr std::size_t decimals = 9;

constexpr std::array<std::string_view, fault_kinds> names{
    "crash",       "storm",     "power-loss", "pause",    "slow-cpu", "partition",  "isolate",
    "bridge",      "cut-out",   "cut-in",     "clog",     "swizzle",  "reset",      "narrow",
    "slow-disk",   "full-disk", "sync-error", "rot",      "misplace", "replace",    "kill-actor",
    "stall-actor", "overflow",  "clock-step", "transfer", "change",   "kill-often", "heal"};

Error wrong(const std::string& what) {
  return Error{Code::invalid_argument, what};
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t begin = line.find_first_not_of(" \t", at);
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    at = end;
  }
  return words;
}

bool take_others(Fault& fault, std::string_view list) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const auto node = number_of<std::uint32_t>(list.substr(0, comma));
    if (!node || *node == 0) return false;
    fault.others.push_back(*node);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return true;
}

/// One `name value` pair behind the kind.
Result<void> take(Fault& fault, std::string_view name, std::string_view value) {
  if (name == "node" || name == "leader") {
    const auto number = number_of<std::uint32_t>(value);
    if (!number || (name == "node" && *number == 0)) {
      return wrong("no number of a " + std::string(name) + ": " + std::string(value));
    }
    fault.target = Target{name == "leader", *number};
  } else if (name == "others") {
    if (!take_others(fault, value)) return wrong("no list of nodes: " + std::string(value));
  } else if (name == "for") {
    const Result<Duration> lasts = duration_of(value);
    if (!lasts.ok()) return lasts.error();
    fault.lasts = lasts.value();
  } else if (name == "amount") {
    const auto amount = number_of<std::int64_t>(value);
    if (!amount) return wrong("no amount: " + std::string(value));
    fault.amount = *amount;
  } else {
    return wrong("'" + std::string(name) + "' is none of node, leader, others, for, amount");
  }
  return {};
}

}  // namespace

std::string_view name_of(FaultKind kind) {
  return names[static_cast<std::size_t>(kind)];
}

std::string text_of(Duration time) {
  std::string fraction = std::to_string(time.count() % nanoseconds);
  fraction.insert(0, decimals - std::min(decimals, fraction.size()), '0');
  fraction.erase(fraction.find_last_not_of('0') + 1);
  const std::string seconds = std::to_string(time.count() / nanoseconds);
  return seconds + (fraction.empty() ? "" : "." + fraction) + "s";
}

Result<Duration> duration_of(std::string_view text) {
  const Error error = wrong("no time in seconds, such as 1.5s: " + std::string(text));
  if (text.empty() || text.back() != 's') return error;
  text.remove_suffix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string fraction(text.substr(std::min(point + 1, text.size())));
  if (fraction.size() > decimals) return error;
  fraction.append(decimals - fraction.size(), '0');
  const auto seconds = number_of<std::uint32_t>(text.substr(0, point));
  const auto rest = number_of<std::uint32_t>(fraction);
  if (!seconds || !rest) return error;
  return Duration(static_cast<std::int64_t>(*seconds) * nanoseconds + *rest);
}

std::string text_of(const Fault& fault) {
  std::string text = text_of(fault.at) + " " + std::string(name_of(fault.kind));
  if (fault.target != Target{}) {
    text += fault.target.is_leader ? " leader " : " node ";
    text += std::to_string(fault.target.number);
  }
  for (std::size_t i = 0; i < fault.others.size(); ++i) {
    text += (i == 0 ? " others " : ",") + std::to_string(fault.others[i]);
  }
  if (fault.lasts != Duration{}) text += " for " + text_of(fault.lasts);
  if (fault.amount != 0) text += " amount " + std::to_string(fault.amount);
  return text;
}

Result<Fault> fault_of(std::string_view line) {
  const std::vector<std::string_view> words = words_of(line);
  if (words.size() < 2 || words.size() % 2 != 0) {
    return wrong("not a time, a kind and pairs of name and value: " + std::string(line));
  }
  Fault fault;
  const Result<Duration> at = duration_of(words[0]);
  if (!at.ok()) return at.error();
  fault.at = at.value();
  const auto kind = std::ranges::find(names, words[1]);
  if (kind == names.end()) return wrong("no such fault: " + std::string(words[1]));
  fault.kind = static_cast<FaultKind>(kind - names.begin());
  for (std::size_t i = 2; i < words.size(); i += 2) {
    if (Result<void> taken = take(fault, words[i], words[i + 1]); !taken.ok()) return taken.error();
  }
  return fault;
}

}  // namespace harka::sim
