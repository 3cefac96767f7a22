// SPDX-License-Identifier: Apache-2.0
// Slots to nodes, pipelines of keys that one node serves, redirections followed.
#include "apps/bench/load.hpp"

#include "apps/cluster_client.hpp"
#include "base/random.hpp"
#include "cluster/routing/slots.hpp"

#include <chrono>
#include <map>
#include <thread>

namespace harka::apps {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Duration step_timeout = 5s;  // a connection or the replies of one pipeline
constexpr auto pause_after_error = std::chrono::milliseconds(20);
constexpr int draws_a_key_max = 64;  // until a key of the pipeline's node is found

struct Request {
  std::vector<std::string> words;
  std::string key;
  bool is_read = false;
};

}  // namespace

void LoadCounts::merge(const LoadCounts& other) {
  reads.merge(other.reads);
  writes.merge(other.writes);
  redirected += other.redirected;
  errors += other.errors;
  if (error_example.empty()) error_example = other.error_example;
}

struct LoadClient::Impl {
  Impl(const LoadOptions& load_options, std::uint32_t number, LoadCounts& load_counts)
      : options(load_options),
        counts(load_counts),
        random(number + 1),
        value(load_options.value_bytes, 'v'),
        map_source(load_options.addresses, step_timeout, load_options.password) {}

  const LoadOptions& options;
  LoadCounts& counts;
  Random random;
  std::string value;
  ClusterClient map_source;
  std::map<std::uint16_t, std::string> slots;  // last slot of a range → address
  std::map<std::string, RespClient> connections;
  bool is_measuring = false;

  std::string address_of(const std::string& key) const {
    const auto range = slots.lower_bound(routing::slot_of(key));
    return range == slots.end() ? std::string() : range->second;
  }

  std::string draw_key() { return "bench:" + std::to_string(random.below(options.keys)); }

  Request request_for(std::string key) {
    Request request;
    request.is_read = random.chance(options.read_ratio);
    request.words = request.is_read ? std::vector<std::string>{"GET", key}
                                    : std::vector<std::string>{"SET", key, value};
    request.key = std::move(key);
    return request;
  }

  /// Keys of one node; its address is in `address`.
  std::vector<Request> draw_pipeline(std::string& address) {
    std::vector<Request> pipeline;
    std::string key = draw_key();
    address = address_of(key);
    pipeline.push_back(request_for(std::move(key)));
    while (pipeline.size() < options.pipeline) {
      key = draw_key();
      for (int i = 0; i < draws_a_key_max && address_of(key) != address; ++i) key = draw_key();
      pipeline.push_back(request_for(std::move(key)));
    }
    return pipeline;
  }

  void note_error(const std::string& text, std::uint64_t count) {
    if (!is_measuring) return;
    counts.errors += count;
    if (counts.error_example.empty()) counts.error_example = text;
  }

  RespClient* connection(const std::string& address) {
    const auto known = connections.find(address);
    if (known != connections.end()) return &known->second;
    Result<RespClient> made = RespClient::connect(address, step_timeout);
    if (!made.ok()) {
      note_error(made.error().detail, 1);
      return nullptr;
    }
    if (!options.password.empty()) {
      const Result<RespValue> reply = made.value().call({"AUTH", options.password});
      if (!reply.ok() || reply.value().is_error()) {
        note_error(reply.ok() ? reply.value().text : reply.error().detail, 1);
        return nullptr;
      }
    }
    return &connections.emplace(address, std::move(made).value()).first->second;
  }

  /// A command that MOVED somewhere else is sent there once more, alone.
  bool follow(const Request& request, const std::string& error) {
    const std::string target = error.substr(error.rfind(' ') + 1);
    RespClient* client = connection(target);
    slots.clear();
    if (client == nullptr) return false;
    const Result<RespValue> reply = client->call(request.words);
    if (!reply.ok()) connections.erase(target);
    if (reply.ok() && !reply.value().is_error()) {
      counts.redirected += is_measuring ? 1 : 0;
      return true;
    }
    note_error(reply.ok() ? reply.value().text : reply.error().detail, 1);
    return false;
  }

  void pause() {
    slots.clear();
    std::this_thread::sleep_for(pause_after_error);
  }

  void run_once() {
    if (slots.empty()) slots = map_source.fetch_slots();
    std::string address;
    const std::vector<Request> pipeline = draw_pipeline(address);
    if (address.empty()) {
      note_error("no node serves the slots of some keys", 1);
      pause();
      return;
    }
    RespClient* client = connection(address);
    if (client == nullptr) {
      pause();
      return;
    }
    std::vector<std::vector<std::string>> commands;
    commands.reserve(pipeline.size());
    for (const Request& request : pipeline) commands.push_back(request.words);
    const auto began = SteadyClock::now();
    const Result<std::vector<RespValue>> replies = client->call_all(commands);
    if (!replies.ok()) {
      note_error(address + ": " + replies.error().detail, pipeline.size());
      connections.erase(address);
      pause();
      return;
    }
    count(pipeline, replies.value(), began);
  }

  void count(
      const std::vector<Request>& pipeline,
      const std::vector<RespValue>& replies,
      SteadyClock::time_point began) {
    const auto answered = SteadyClock::now();
    bool is_refused = false;
    for (std::size_t i = 0; i < pipeline.size(); ++i) {
      auto ended = answered;
      if (replies[i].is_error()) {
        const bool is_moved = replies[i].text.starts_with("MOVED ");
        if (!is_moved) note_error(replies[i].text, 1);
        is_refused = is_refused || !is_moved;
        if (!is_moved || !follow(pipeline[i], replies[i].text)) continue;
        ended = SteadyClock::now();
      }
      if (is_measuring) (pipeline[i].is_read ? counts.reads : counts.writes).add(ended - began);
    }
    if (is_refused) pause();
  }
};

LoadClient::LoadClient(const LoadOptions& options, std::uint32_t number)
    : options_(options), number_(number) {}

void LoadClient::run(const std::atomic<bool>& is_running, const std::atomic<bool>& is_measuring) {
  Impl client(options_, number_, counts_);
  while (is_running) {
    client.is_measuring = is_measuring;
    client.run_once();
  }
}

}  // namespace harka::apps
