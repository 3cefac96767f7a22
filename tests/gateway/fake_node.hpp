// SPDX-License-Identifier: Apache-2.0
// A node that is only a map: executes batches at once, or when the test says so.
#pragma once

#include "actors/kv/executor.hpp"
#include "actors/kv/record.hpp"
#include "gateway/router_port.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace harka::testing {

class MapShard final : public kv::KeyValueView {
 public:
  [[nodiscard]] std::optional<kv::Record> find(std::string_view key) const override {
    const auto found = records.find(key);
    if (found == records.end()) return std::nullopt;
    return found->second;
  }

  void put(std::string_view key, kv::Record record) override {
    records.insert_or_assign(std::string(key), std::move(record));
  }

  bool remove(std::string_view key) override { return records.erase(std::string(key)) != 0; }

  std::map<std::string, kv::Record, std::less<>> records;
};

class FakeNode final : public gateway::RouterPort {
 public:
  struct Held {
    msg::ShardBatch batch;
    std::uint64_t ticket = 0;
  };

  void submit(msg::ShardBatch batch, std::uint64_t ticket) override {
    held.push_back(Held{std::move(batch), ticket});
    if (answers_at_once) answer_all();
  }

  void scan(const gateway::ScanRequest& request, std::uint64_t ticket) override {
    std::vector<std::pair<std::uint64_t, std::string>> sorted;
    for (const auto& [key, record] : shards[request.shard].records) {
      if (kv::hash48(key) >= request.from) sorted.emplace_back(kv::hash48(key), key);
    }
    std::sort(sorted.begin(), sorted.end());
    gateway::ScanAnswer answer;
    answer.is_ok = true;
    answer.total = shards[request.shard].records.size();
    for (std::size_t i = 0; i < sorted.size() && !request.is_count_only; ++i) {
      if (answer.keys.size() >= request.count && sorted[i].first != sorted[i - 1].first) {
        answer.next = sorted[i].first;
        break;
      }
      answer.keys.push_back(sorted[i].second);
    }
    on_scan(ticket, std::move(answer));
  }

  void admin(std::string verb, std::vector<std::string> arguments, std::uint64_t ticket) override {
    on_admin(ticket, static_cast<int>(arguments.size()), verb);
  }

  /// Executes and answers what is held, in order.
  void answer_all() {
    while (!held.empty()) {
      const Held next = std::move(held.front());
      held.pop_front();
      on_reply(next.ticket, execute(next.batch));
    }
  }

  [[nodiscard]] msg::ShardReply execute(const msg::ShardBatch& batch) {
    kv::ReplyWriter replies;
    kv::CommandReader reader(batch.commands.view());
    while (reader.next()) kv::execute(reader.command(), shards[batch.shard], now, replies);
    msg::ShardReply reply;
    reply.shard = batch.shard;
    reply.lengths = replies.take_lengths();
    reply.replies = SharedBytes(replies.take_bytes());
    reply.applied_index = ++applied;
    return reply;
  }

  std::function<void(std::uint64_t ticket, const msg::ShardReply&)> on_reply;
  std::function<void(std::uint64_t ticket, gateway::ScanAnswer)> on_scan;
  std::function<void(std::uint64_t ticket, int, std::string_view)> on_admin;
  bool answers_at_once = true;
  WallTime now = 1;
  LogIndex applied = 0;
  std::deque<Held> held;
  std::map<std::uint32_t, MapShard> shards;
};

}  // namespace harka::testing
