// SPDX-License-Identifier: Apache-2.0
// One-shot questions to a running node: status, init, drain, actors. The node answers with an exit
// code and a document; what that looks like is admin's business.
#include "apps/commands.hpp"
#include "apps/output.hpp"
#include "apps/resp_client.hpp"

namespace harka::apps {

namespace {

// For all of it: connecting, the password, the answer. A node answers the first two from what it
// knows, so one that takes longer is stopped or hangs; the others wait for other nodes.
Duration time_for(const std::string& verb) {
  return verb == "status" || verb == "actors" ? Duration{5s} : Duration{30s};
}

int fail(const ClientOptions& options, std::string_view id, const std::string& detail) {
  return report_failure(options.style, admin::failure(id), detail);
}

// A broken connection means what `otherwise` says; a node that is silent is always the same.
int fail_unanswered(const ClientOptions& options, const Error& error, std::string_view otherwise) {
  return fail(
      options,
      error.code == Code::unknown_outcome ? "HK7001" : otherwise,
      options.address + " did not answer: " + error.detail);
}

std::vector<std::string> request_for(const ClientOptions& options, const std::string& verb) {
  std::vector<std::string> words{"HARKA", verb};
  if (options.nodes != 0) words.push_back("nodes=" + std::to_string(options.nodes));
  if (options.shards != 0) words.push_back("shards=" + std::to_string(options.shards));
  if (options.replicas != 0) words.push_back("replicas=" + std::to_string(options.replicas));
  return words;
}

int print_answer(const ClientOptions& options, int exit_code, const std::string& body) {
  admin::Json answer = admin::Json::parse(body, nullptr, false);
  if (!answer.is_object()) {
    return fail(
        options, "HK8001", "the node sent an answer that this program cannot read: " + body);
  }
  if (answer.contains("error")) {
    return report_failure(
        options.style, admin::failure_of_exit(exit_code), admin::cell_text(answer, "error"));
  }
  print_document(options.style, answer);
  return exit_code;
}

}  // namespace

int run_admin(const ClientOptions& options, const std::string& verb) {
  const auto end = std::chrono::steady_clock::now() + time_for(verb);
  Result<RespClient> client = RespClient::connect(options.address, time_for(verb));
  if (!client.ok()) {
    const bool is_wrong = client.error().code == Code::invalid_argument;
    return fail(options, is_wrong ? "HK2001" : "HK3001", client.error().detail);
  }
  if (!options.password.empty()) {
    client.value().set_timeout(end - std::chrono::steady_clock::now());
    const Result<RespValue> auth = client.value().call({"AUTH", options.password});
    if (!auth.ok()) return fail_unanswered(options, auth.error(), "HK3001");
    if (auth.value().is_error()) return fail(options, "HK4001", auth.value().text);
  }
  client.value().set_timeout(end - std::chrono::steady_clock::now());
  const Result<RespValue> reply = client.value().call(request_for(options, verb));
  if (!reply.ok()) return fail_unanswered(options, reply.error(), "HK7001");
  if (reply.value().is_error()) {
    const bool is_auth = reply.value().text.starts_with("NOAUTH");
    return fail(options, is_auth ? "HK4001" : "HK2001", reply.value().text);
  }
  if (reply.value().items.size() != 2) {
    return fail(options, "HK2001", options.address + " is no HARKA node, or of another version");
  }
  return print_answer(
      options, static_cast<int>(reply.value().items[0].integer), reply.value().items[1].text);
}

}  // namespace harka::apps
