// SPDX-License-Identifier: Apache-2.0
// Parsing with nlohmann's library: this is a checking tool, not a server's face.
#include "sim/history.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace harka::sim {

namespace {

using Json = nlohmann::json;

/// What is wrong with a line; nlohmann reports by exception, so this does, too.
struct Wrong : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Keys and values are text or numbers.
std::string text_in(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  throw Wrong("neither text nor a number: " + value.dump());
}

std::optional<std::string> value_in(const Json& row, const char* name) {
  if (!row.contains(name) || row.at(name).is_null()) return std::nullopt;
  return text_in(row.at(name));
}

struct Times {
  std::string outcome;
  std::int64_t start = 0;
  std::optional<std::int64_t> end;
};

Times times_of(const Json& row) {
  Times times;
  times.outcome = row.at("outcome").get<std::string>();
  times.start = row.at("start_ns").get<std::int64_t>();
  for (const char* known : {"ok", "fail", "refused", "unknown"}) {
    if (times.outcome != known) continue;
    if (times.outcome == "unknown") return times;
    if (times.outcome == "fail" && (!row.contains("end_ns") || row.at("end_ns").is_null())) {
      return times;
    }
    times.end = row.at("end_ns").get<std::int64_t>();
    if (*times.end < times.start) throw Wrong("it ends before it starts");
    return times;
  }
  throw Wrong("outcome is ok, fail, refused or unknown, not " + times.outcome);
}

std::optional<Operation> operation_of(const Json& row, const std::string& act) {
  const Times times = times_of(row);
  Operation operation;
  operation.key = text_in(row.at("key"));
  operation.client = row.at("client").get<std::uint32_t>();
  operation.start = times.start;
  operation.end = times.end;
  operation.value = value_in(row, "value");
  if (act == "write") {
    operation.act = Act::write;
  } else if (act == "cas") {
    operation.expected = value_in(row, "expected");
    operation.act = times.outcome == "refused" ? Act::mismatch : Act::compare_and_set;
    if (times.outcome == "refused") operation.value.reset();
  } else if (act != "read") {
    throw Wrong("op is read, write, cas or txn, not " + act);
  }
  if (times.outcome == "refused" && act != "cas") throw Wrong("only a cas can be refused");
  if (times.outcome == "fail") return std::nullopt;
  return operation;
}

ListAct list_act_of(const Json& row) {
  const auto name = row.at(0).get<std::string>();
  ListAct act;
  act.key = text_in(row.at(1));
  if (name == "append") {
    act.appended = text_in(row.at(2));
  } else if (name != "r") {
    throw Wrong("a transaction has [\"append\", key, value] and [\"r\", key, list], not " + name);
  } else if (!row.at(2).is_null()) {
    act.seen.emplace();
    for (const Json& value : row.at(2)) act.seen->push_back(text_in(value));
  }
  return act;
}

Transaction transaction_of(const Json& row) {
  const Times times = times_of(row);
  Transaction transaction;
  transaction.client = row.at("client").get<std::uint32_t>();
  transaction.start = times.start;
  transaction.end = times.end;
  transaction.outcome = times.outcome == "ok"     ? Transaction::Outcome::committed
                        : times.outcome == "fail" ? Transaction::Outcome::aborted
                                                  : Transaction::Outcome::unknown;
  for (const Json& act : row.at("txn")) transaction.acts.push_back(list_act_of(act));
  return transaction;
}

void take_row(History& history, const Json& row) {
  if (!row.is_object()) throw Wrong("not a JSON object");
  const auto act = row.at("op").get<std::string>();
  if (act == "txn") {
    history.transactions.push_back(transaction_of(row));
  } else if (std::optional<Operation> operation = operation_of(row, act)) {
    history.operations.push_back(std::move(*operation));
  }
  if (!history.transactions.empty() && !history.operations.empty()) {
    throw Wrong("registers and transactions in one history");
  }
}

}  // namespace

Result<History> history_of_json(std::string_view text) {
  History history;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    try {  // the border
      take_row(history, Json::parse(line));
    } catch (const std::exception& failure) {
      return Error{Code::invalid_argument, std::to_string(number) + ": " + failure.what()};
    }
  }
  return history;
}

Result<History> read_history(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  if (file && file.peek() != std::ifstream::traits_type::eof()) content << file.rdbuf();
  if (!file || !content) {
    return Error{Code::not_found, "cannot read " + path + ": " + std::strerror(errno)};
  }
  const std::string text = std::move(content).str();
  const bool is_jepsen = text.substr(0, text.find('\n')).find("jepsen.util") != std::string::npos;
  Result<History> history = is_jepsen ? history_of_jepsen(text) : history_of_json(text);
  if (!history.ok()) return Error{history.error().code, path + ":" + history.error().detail};
  return history;
}

}  // namespace harka::sim
