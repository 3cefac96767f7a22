// SPDX-License-Identifier: Apache-2.0
// One-shot questions to a running node (status, init, drain, actors) and how answers are printed:
// results on stdout, everything else on stderr, JSON on request, exit codes that mean something.
#include <cstdio>
#include <iostream>

#include <nlohmann/json.hpp>

#include "apps/commands.hpp"
#include "apps/exit_code.hpp"
#include "apps/resp_client.hpp"
#include "base/json_writer.hpp"

namespace harka::apps {

namespace {

constexpr Duration answer_timeout = 30s;

using Json = nlohmann::json;

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "-";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

/// UN: up and normal. DN: down. UL: up, leaving. US: suspected.
const char* state_letters(const std::string& state) {
  if (state == "alive") return "UN";
  if (state == "suspect") return "US";
  if (state == "left") return "UL";
  return "DN";
}

void print_status(const Json& status) {
  std::printf("%s\n", text(status, "verdict").c_str());
  std::printf(
      "cluster %s  map %s  shards %s  replicas %s  without leader %s\n\n",
      text(status, "clusterId").c_str(), text(status, "mapVersion").c_str(),
      text(status, "shards").c_str(), text(status, "replicationFactor").c_str(),
      text(status, "shardsWithoutLeader").c_str());
  std::printf("%-3s %-12s %-14s %-22s %-22s %8s\n", "", "NODE", "REGION", "CLIENTS", "LINKS", "LEADS");
  for (const Json& node : status.value("items", Json::array())) {
    std::printf(
        "%-3s %-12s %-14s %-22s %-22s %8s\n", state_letters(text(node, "state")),
        text(node, "name").c_str(), text(node, "region").c_str(),
        text(node, "clientAddress").c_str(), text(node, "linkAddress").c_str(),
        text(node, "leading").c_str());
  }
}

void print_actors(const Json& actors) {
  std::printf(
      "%-16s %8s %8s %12s %9s  %s\n", "ACTOR", "MAILBOX", "PEAK", "HANDLED", "RESTARTS", "STATE");
  for (const Json& actor : actors.value("items", Json::array())) {
    std::printf(
        "%-16s %8s %8s %12s %9s  %s\n", text(actor, "name").c_str(), text(actor, "mailbox").c_str(),
        text(actor, "mailboxPeak").c_str(), text(actor, "handled").c_str(),
        text(actor, "restarts").c_str(),
        (text(actor, "alive") == "true" ? text(actor, "state")
                                        : "failed: " + text(actor, "lastFailure")).c_str());
  }
}

void print_table(const std::string& verb, const std::string& body) {
  const Json answer = Json::parse(body, nullptr, false);
  if (answer.is_discarded()) {
    std::printf("%s\n", body.c_str());
  } else if (verb == "status") {
    print_status(answer);
  } else if (verb == "actors") {
    print_actors(answer);
  } else {
    for (const auto& [key, value] : answer.items()) {
      std::printf("%s: %s\n", key.c_str(), text(answer, key.c_str()).c_str());
    }
  }
}

int fail(const ClientOptions& options, int exit_code, const std::string& detail) {
  if (options.output == "json") {
    std::cout << JsonWriter().begin_object().field("error", detail).end().take() << '\n';
  }
  std::cerr << "harka: " << detail << '\n';
  return exit_code;
}

}  // namespace

int run_admin(const ClientOptions& options, const std::string& verb) {
  Result<RespClient> client = RespClient::connect(options.address, answer_timeout);
  if (!client.ok()) return fail(options, exit_unreachable, client.error().detail);
  if (!options.password.empty()) {
    const Result<RespValue> auth = client.value().call({"AUTH", options.password});
    if (!auth.ok()) return fail(options, exit_unreachable, auth.error().detail);
    if (auth.value().is_error()) return fail(options, exit_not_allowed, auth.value().text);
  }
  std::vector<std::string> words{"HARKA", verb};
  if (options.nodes != 0) words.push_back("nodes=" + std::to_string(options.nodes));
  if (options.shards != 0) words.push_back("shards=" + std::to_string(options.shards));
  if (options.replicas != 0) words.push_back("replicas=" + std::to_string(options.replicas));
  const Result<RespValue> reply = client.value().call(words);
  if (!reply.ok()) return fail(options, exit_timed_out, reply.error().detail);
  if (reply.value().is_error()) {
    const bool is_auth = reply.value().text.starts_with("NOAUTH");
    return fail(options, is_auth ? exit_not_allowed : exit_usage, reply.value().text);
  }
  if (reply.value().items.size() != 2) {
    return fail(options, exit_bug, "the node sent an answer that this program does not know");
  }
  const std::string& body = reply.value().items[1].text;
  if (options.output == "json") {
    std::cout << body << '\n';
  } else {
    print_table(verb, body);
  }
  return static_cast<int>(reply.value().items[0].integer);
}

}  // namespace harka::apps
