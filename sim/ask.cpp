// SPDX-License-Identifier: Apache-2.0
#include "sim/ask.hpp"

#include "actors/kv/command.hpp"
#include "base/numbers.hpp"
#include "sim/fault.hpp"

#include <sstream>

namespace harka::sim {

std::string text_of(const Ask& ask) {
  std::string text = text_of(ask.at) + (ask.is_write ? " set " : " get ") + ask.key;
  if (ask.is_write) text += " " + ask.value;
  if (ask.shard != 0) text += " shard " + std::to_string(ask.shard);
  return text;
}

Result<Ask> ask_of(std::string_view at, const std::vector<std::string>& words) {
  const Error error{Code::invalid_argument, "say 'get KEY [shard N]' or 'set KEY VALUE [shard N]'"};
  const Result<Duration> time = duration_of(at);
  if (!time.ok()) return time.error();
  if (words.empty() || (words[0] != "get" && words[0] != "set")) return error;
  Ask ask;
  ask.at = time.value();
  ask.is_write = words[0] == "set";
  const std::size_t needed = ask.is_write ? 3 : 2;
  const bool names_shard = words.size() == needed + 2 && words[needed] == "shard";
  if (words.size() != needed && !names_shard) return error;
  ask.key = words[1];
  if (ask.is_write) ask.value = words[2];
  if (names_shard) {
    const auto shard = number_of<std::uint32_t>(words.back());
    if (!shard) return error;
    ask.shard = *shard;
  }
  return ask;
}

Result<Ask> ask_of(std::string_view line) {
  std::istringstream in{std::string(line)};
  std::string at;
  in >> at;
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return ask_of(at, words);
}

std::string commands_of(const Ask& ask) {
  std::string commands;
  const std::string_view arguments[] = {ask.key, ask.value};
  kv::CommandWriter(commands).add(
      ask.is_write ? kv::CommandId::set : kv::CommandId::get,
      ask.is_write ? kv::encoded_flag::may_write : 0,
      arguments,
      ask.is_write ? 2 : 1);
  return commands;
}

}  // namespace harka::sim
