// SPDX-License-Identifier: Apache-2.0
// "INFO  jepsen.util - 3 :invoke :cas [1 2]" and the like, tab-separated: one register without a
// name, and no times but the order of the lines.
#include "base/numbers.hpp"
#include "sim/history.hpp"

#include <algorithm>
#include <map>
#include <sstream>

namespace harka::sim {

namespace {

constexpr std::string_view prefix = "jepsen.util - ";

class Reader {
 public:
  /// What is wrong with the line; empty: nothing.
  std::string take(std::int64_t time, std::string_view line) {
    const std::size_t at = line.find(prefix);
    if (at == std::string_view::npos) return "not a line of jepsen.util";
    std::istringstream words{std::string(line.substr(at + prefix.size()))};
    std::string process;
    std::string phase;
    std::string act;
    words >> process >> phase >> act;
    if (process == ":nemesis") return {};
    const std::optional<std::uint32_t> client = number_of<std::uint32_t>(process);
    if (!client) return "not the number of a process: '" + process + "'";
    std::string value;
    std::getline(words >> std::ws, value);
    if (phase == ":invoke") return begin(*client, time, act, value);
    return end(*client, time, phase, act, value);
  }

  History finish() {
    for (const auto& [client, operation] : open_) history_.operations.push_back(operation);
    return std::move(history_);
  }

 private:
  std::string begin(
      std::uint32_t client, std::int64_t time, const std::string& act, const std::string& value) {
    Operation operation;
    operation.key = "register";
    operation.client = client;
    operation.start = time;
    if (act == ":write") {
      operation.act = Act::write;
      operation.value = value;
    } else if (act == ":cas") {
      std::istringstream pair(value.substr(std::min<std::size_t>(1, value.size())));
      std::string expected;
      std::string to;
      if (!(pair >> expected >> to) || value.front() != '[' || to.back() != ']') {
        return ":cas needs [expected value], not '" + value + "'";
      }
      operation.act = Act::compare_and_set;
      operation.expected = expected;
      operation.value = to.substr(0, to.size() - 1);
    } else if (act != ":read") {
      return "neither :read, :write nor :cas: '" + act + "'";
    }
    if (!open_.emplace(client, operation).second) return "this process has an operation under way";
    return {};
  }

  std::string end(
      std::uint32_t client,
      std::int64_t time,
      const std::string& phase,
      const std::string& act,
      const std::string& value) {
    const auto found = open_.find(client);
    if (found == open_.end()) return "this process has no operation under way";
    Operation operation = found->second;
    open_.erase(found);
    if (phase == ":ok") {
      operation.end = time;
      if (act == ":read" && value != "nil") operation.value = value;
    } else if (phase == ":fail") {
      if (operation.act != Act::compare_and_set) return {};
      operation.act = Act::mismatch;
      operation.value.reset();
      operation.end = time;
    } else if (phase != ":info") {
      return "neither :invoke, :ok, :fail nor :info: '" + phase + "'";
    }
    history_.operations.push_back(std::move(operation));
    return {};
  }

  History history_;
  std::map<std::uint32_t, Operation> open_;  // by process
};

}  // namespace

Result<History> history_of_jepsen(std::string_view text) {
  Reader reader;
  std::int64_t number = 0;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, length);
    if (line.ends_with('\r')) line.remove_suffix(1);
    text.remove_prefix(std::min(length + 1, text.size()));
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (const std::string wrong = reader.take(number, line); !wrong.empty()) {
      return Error{Code::invalid_argument, std::to_string(number) + ": " + wrong};
    }
  }
  return reader.finish();
}

}  // namespace harka::sim
