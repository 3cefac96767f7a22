// SPDX-License-Identifier: Apache-2.0
// Parsing with nlohmann's library: this is a checking tool, not a server's face.
#include "sim/history.hpp"

#include <nlohmann/json.hpp>

#include <fstream>

namespace harka::sim {

namespace {

using Json = nlohmann::json;

std::optional<Operation> operation_of(const Json& row) {
  Operation operation;
  operation.key = row.at("key").get<std::string>();
  operation.is_write = row.at("op").get<std::string>() == "write";
  if (!row.at("value").is_null()) operation.value = row.at("value").get<std::string>();
  operation.start = row.at("start_ns").get<std::int64_t>();
  const std::string outcome = row.at("outcome").get<std::string>();
  if (outcome == "fail") return std::nullopt;
  if (outcome == "ok") operation.end = row.at("end_ns").get<std::int64_t>();
  return operation;
}

}  // namespace

Result<std::vector<Operation>> read_history(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error{Code::not_found, "cannot read " + path};
  std::vector<Operation> history;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    try {  // nlohmann reports by exception; the border is here
      if (std::optional<Operation> operation = operation_of(Json::parse(line))) {
        history.push_back(std::move(*operation));
      }
    } catch (const Json::exception& failure) {
      return Error{
          Code::invalid_argument, path + ":" + std::to_string(number) + ": " + failure.what()};
    }
  }
  return history;
}

}  // namespace harka::sim
