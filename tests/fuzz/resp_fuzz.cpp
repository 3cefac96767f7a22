// SPDX-License-Identifier: Apache-2.0
// Any bytes: however they are cut, the same commands and the same error come out; printing a
// command and parsing it again gives the same command; views never leave the input.
#include "base/assert.hpp"
#include "gateway/resp_codec.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using harka::gateway::ParserLimits;
using harka::gateway::RequestParser;

struct Outcome {
  std::vector<std::vector<std::string>> commands;
  std::string error;
  bool operator==(const Outcome&) const = default;
};

ParserLimits small_limits() {
  ParserLimits limits;
  limits.bulk_bytes_max = 4096;
  limits.arguments_max = 64;
  limits.line_bytes_max = 128;
  limits.command_bytes_max = 8192;
  limits.stranger_bulk_bytes_max = 64;
  limits.stranger_arguments_max = 4;
  return limits;
}

/// Feeds `bytes` in pieces of `step`, in a buffer that moves, as a socket's would.
Outcome parse(std::string_view bytes, std::size_t step, bool is_authenticated) {
  Outcome outcome;
  RequestParser parser(small_limits());
  parser.set_authenticated(is_authenticated);
  std::string buffer;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    buffer.append(bytes.substr(at, step));
    buffer.shrink_to_fit();
    for (;;) {
      const RequestParser::Status status = parser.next(buffer);
      if (status == RequestParser::Status::need_more) break;
      if (status == RequestParser::Status::error) {
        outcome.error = parser.error();
        return outcome;
      }
      std::vector<std::string> words;
      for (const std::string_view word : parser.arguments()) words.emplace_back(word);
      if (!words.empty()) outcome.commands.push_back(std::move(words));
      ASSERT(parser.consumed() > 0 && parser.consumed() <= buffer.size());
      buffer.erase(0, parser.consumed());
    }
  }
  return outcome;
}

std::string print(const std::vector<std::vector<std::string>>& commands) {
  std::string out;
  for (const auto& words : commands) {
    out += "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) {
      out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 8192) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);  // NOLINT: as given
  for (const bool is_authenticated : {true, false}) {
    const Outcome whole = parse(bytes, size, is_authenticated);
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, size / 2 + 1}) {
      ASSERT(parse(bytes, step, is_authenticated) == whole);
    }
  }
  const Outcome whole = parse(bytes, size, true);
  const bool is_printable =
      std::all_of(whole.commands.begin(), whole.commands.end(), [](const auto& words) {
        return words.size() <= 64;
      });
  if (is_printable) {
    const std::string printed = print(whole.commands);
    ASSERT(printed.empty() || parse(printed, printed.size(), true).commands == whole.commands);
  }
  return 0;
}
