// SPDX-License-Identifier: Apache-2.0
// Routing by slot, redirections and reconnection.
#include "apps/cluster_client.hpp"

#include "cluster/routing/slots.hpp"

#include <thread>

namespace harka::apps {

namespace {

using SteadyClock = std::chrono::steady_clock;

/// "MOVED 3999 127.0.0.1:7402" → "127.0.0.1:7402"; empty for other errors.
std::string moved_to(const std::string& error) {
  if (!error.starts_with("MOVED ")) return {};
  return error.substr(error.rfind(' ') + 1);
}

bool is_passing(const std::string& error) {
  return error.starts_with("CLUSTERDOWN") || error.starts_with("TRYAGAIN") ||
         error.starts_with("LOADING");
}

std::map<std::uint16_t, std::string> ranges_in(const RespValue& reply) {
  std::map<std::int64_t, std::pair<std::int64_t, std::string>> by_first;
  for (const RespValue& range : reply.items) {
    if (range.items.size() < 3 || range.items[2].items.size() < 2) continue;
    const RespValue& node = range.items[2];
    by_first[range.items[0].integer] = {
        range.items[1].integer, node.items[0].text + ":" + std::to_string(node.items[1].integer)};
  }
  std::map<std::uint16_t, std::string> slots;
  std::int64_t next = 0;
  for (const auto& [first, range] : by_first) {
    if (first > next) slots[static_cast<std::uint16_t>(first - 1)] = {};
    slots[static_cast<std::uint16_t>(range.first)] = range.second;
    next = range.first + 1;
  }
  if (next < limits::slot_count) slots[limits::slot_count - 1] = {};
  return slots;
}

}  // namespace

ClusterClient::ClusterClient(std::vector<std::string> seeds, Duration timeout, std::string password)
    : seeds_(std::move(seeds)), timeout_(timeout), password_(std::move(password)) {
  ASSERT(!seeds_.empty());
}

Result<RespValue> ClusterClient::call(
    const std::string& key, const std::vector<std::string>& arguments, Duration deadline) {
  const std::uint16_t slot = routing::slot_of(key);
  const auto end = SteadyClock::now() + deadline;
  std::string address = address_for(slot);
  Error last{Code::retry_later, "no node is reachable"};
  do {
    if (address.empty()) {
      slots_ = fetch_slots();
      address = address_for(slot);
    }
    if (!address.empty()) {
      Result<RespValue> reply = try_once(address, arguments);
      if (reply.ok() && !reply.value().is_error()) return reply;
      if (reply.ok()) {
        const std::string target = moved_to(reply.value().text);
        if (target.empty() && !is_passing(reply.value().text)) return reply;
        last = Error{Code::retry_later, reply.value().text};
        slots_.clear();
        address = target == address ? std::string() : target;
        if (!target.empty()) continue;
      } else {
        last = reply.error();
        slots_.clear();
        address.clear();
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  } while (SteadyClock::now() < end && (gives_up_ == nullptr || !*gives_up_));
  return last;
}

std::map<std::uint16_t, std::string> ClusterClient::fetch_slots() {
  for (std::size_t tried = 0; tried < seeds_.size(); ++tried) {
    const std::string seed = seeds_[next_seed_++ % seeds_.size()];
    Result<RespValue> reply = try_once(seed, {"CLUSTER", "SLOTS"});
    if (!reply.ok() || reply.value().kind != RespValue::Kind::array) continue;
    std::map<std::uint16_t, std::string> slots = ranges_in(reply.value());
    if (!slots.empty()) return slots;
  }
  return {};
}

Result<RespClient*> ClusterClient::connection(const std::string& address) {
  const auto known = connections_.find(address);
  if (known != connections_.end()) return &known->second;
  Result<RespClient> made = RespClient::connect(address, timeout_);
  if (!made.ok()) return made.error();
  if (!password_.empty()) {
    const Result<RespValue> reply = made.value().call({"AUTH", password_});
    if (!reply.ok()) return reply.error();
    if (reply.value().is_error()) return Error{Code::not_allowed, reply.value().text};
  }
  return &connections_.emplace(address, std::move(made).value()).first->second;
}

std::string ClusterClient::address_for(std::uint16_t slot) const {
  const auto range = slots_.lower_bound(slot);
  return range == slots_.end() ? std::string() : range->second;
}

Result<RespValue> ClusterClient::try_once(
    const std::string& address, const std::vector<std::string>& arguments) {
  Result<RespClient*> client = connection(address);
  if (!client.ok()) return client.error();
  Result<RespValue> reply = client.value()->call(arguments);
  if (!reply.ok()) connections_.erase(address);
  return reply;
}

}  // namespace harka::apps
