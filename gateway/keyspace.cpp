// SPDX-License-Identifier: Apache-2.0
// A walk is data: it moves into the table of walks with each question and out with its answer.
#include "gateway/keyspace.hpp"

#include "actors/kv/numbers.hpp"
#include "base/numbers.hpp"
#include "base/random.hpp"
#include "gateway/glob.hpp"
#include "gateway/service.hpp"
#include "gateway/words.hpp"

#include <algorithm>
#include <cerrno>

namespace harka::gateway {

namespace {

constexpr std::uint64_t position_mask = (1ULL << 48U) - 1;
constexpr std::uint32_t scan_count_max = 10'000;
constexpr std::uint32_t keys_page = 2'000;
constexpr std::uint32_t flush_page = 200;
constexpr std::size_t keys_bytes_max = 256U << 20;  // of what KEYS gathers for one reply

}  // namespace

void Keyspace::start(
    RespSession& session, kv::CommandId id, std::span<const std::string_view> words) {
  Walk walk;
  walk.kind = id;
  walk.is_resp3 = session.state().is_resp3;
  walk.token.session = session.id();
  walk.token.position = session.reserve();
  std::string refusal;
  kv::RespWriter error(refusal, walk.is_resp3);
  if (!parse(session, words, walk, error)) {
    session.complete(walk.token, refusal);
    return;
  }
  if (walk.kind != kv::CommandId::scan) walk.shards = led_shards();
  if (walk.kind == kv::CommandId::randomkey && !walk.shards.empty()) {
    Random random(static_cast<std::uint64_t>(service_.wall_ms()) * 31 + ++ticket_last_);
    const auto first = static_cast<std::ptrdiff_t>(random.below(walk.shards.size()));
    std::rotate(walk.shards.begin(), walk.shards.begin() + first, walk.shards.end());
    walk.from = random.next() & position_mask;
    // Round about to what lies before the random place.
    walk.shards.insert(walk.shards.begin(), walk.shards.back());
  }
  if (walk.shards.empty()) {
    finish(walk, 0);
  } else {
    ask(std::move(walk));
  }
}

bool Keyspace::parse(
    RespSession& session,
    std::span<const std::string_view> words,
    Walk& walk,
    kv::RespWriter& error) const {
  (void)session;
  switch (walk.kind) {
    case kv::CommandId::scan: {
      const std::optional<std::uint64_t> cursor = number_of<std::uint64_t>(words[1]);
      if (!cursor) {
        error.error("ERR invalid cursor");
        return false;
      }
      walk.from = *cursor;
      if (!parse_scan(words, walk, error)) return false;
      place_cursor(walk);
      return true;
    }
    case kv::CommandId::keys:
      walk.pattern = words[1];
      walk.has_pattern = walk.pattern != "*";
      walk.count = keys_page;
      return true;
    case kv::CommandId::flushall:
    case kv::CommandId::flushdb:
      walk.count = flush_page;
      if (words.size() > 2 ||
          (words.size() == 2 && !is_word(words[1], "sync") && !is_word(words[1], "async"))) {
        error.error("ERR syntax error");
        return false;
      }
      return true;
    default: return true;  // NOLINT: the others take no arguments
  }
}

bool Keyspace::parse_scan(
    std::span<const std::string_view> words, Walk& walk, kv::RespWriter& error) {
  for (std::size_t i = 2; i < words.size(); i += 2) {
    const bool has_value = i + 1 < words.size();
    if (has_value && is_word(words[i], "count")) {
      const std::optional<std::int64_t> count = kv::parse_integer(words[i + 1]);
      if (!count) {
        error.error("ERR value is not an integer or out of range");
        return false;
      }
      if (*count < 1) {
        error.error("ERR syntax error");
        return false;
      }
      walk.count = static_cast<std::uint32_t>(std::min<std::int64_t>(*count, scan_count_max));
    } else if (has_value && is_word(words[i], "match")) {
      walk.pattern = words[i + 1];
      walk.has_pattern = walk.pattern != "*";
    } else if (has_value && is_word(words[i], "type")) {
      walk.takes_strings = is_word(words[i + 1], "string");
    } else {
      error.error("ERR syntax error");
      return false;
    }
  }
  return true;
}

std::vector<std::uint32_t> Keyspace::led_shards() const {
  const ClusterView& view = service_.view();
  std::vector<std::uint32_t> shards;
  for (std::uint32_t shard = view.shard_count; shard > 0; --shard) {
    if (view.leader_of(shard - 1) == view.self) shards.push_back(shard - 1);
  }
  return shards;  // descending: walks take from the back
}

void Keyspace::place_cursor(Walk& walk) const {
  const std::uint64_t shard = walk.from >> 48U;
  walk.from &= position_mask;
  walk.shards = led_shards();
  while (!walk.shards.empty() && walk.shards.back() < shard) walk.shards.pop_back();
  if (!walk.shards.empty() && walk.shards.back() != shard) walk.from = 0;
}

void Keyspace::ask(Walk walk) {
  ScanRequest request;
  request.shard = walk.shards.back();
  request.from = walk.from;
  request.count = walk.count;
  request.is_count_only = walk.kind == kv::CommandId::dbsize;
  const std::uint64_t ticket = ++ticket_last_;
  walks_.emplace(ticket, std::move(walk));
  port_.scan(request, ticket);
}

void Keyspace::on_scan(std::uint64_t ticket, ScanAnswer answer) {
  const auto found = walks_.find(ticket);
  if (found == walks_.end()) return;
  Walk walk = std::move(found->second);
  walks_.erase(found);
  // A shard that is not led here any more is somebody else's to list.
  const std::uint64_t next = answer.is_ok ? answer.next : 0;
  switch (walk.kind) {
    case kv::CommandId::scan:
      if (answer.is_ok) take_page(walk, answer);
      if (next != 0) {
        finish(walk, std::uint64_t{walk.shards.back()} << 48U | next);
      } else {
        walk.shards.pop_back();
        finish(walk, walk.shards.empty() ? 0 : std::uint64_t{walk.shards.back()} << 48U | 1U);
      }
      return;
    case kv::CommandId::flushall:
    case kv::CommandId::flushdb:
      walk.is_failed = walk.is_failed || !answer.is_ok;
      if (answer.is_ok && !answer.keys.empty()) return remove_page(std::move(walk), answer);
      break;
    case kv::CommandId::randomkey:
      take_page(walk, answer);
      if (!walk.keys.empty()) return finish(walk, 0);
      break;
    default:  // NOLINT: KEYS and DBSIZE
      walk.total += answer.total;
      take_page(walk, answer);
      break;
  }
  go_on(std::move(walk), next);
}

void Keyspace::take_page(Walk& walk, ScanAnswer& answer) const {
  if (!walk.takes_strings) return;
  for (std::string& key : answer.keys) {
    if (walk.has_pattern && !glob_matches(walk.pattern, key)) continue;
    walk.key_bytes += sizeof(std::string) + key.size();
    walk.keys.push_back(std::move(key));
  }
  walk.is_failed = walk.is_failed || walk.key_bytes > keys_bytes_max;
}

void Keyspace::remove_page(Walk walk, const ScanAnswer& answer) {
  Batcher::Item item;
  item.shard = walk.shards.back();
  item.command = kv::CommandId::unlink;
  item.flags = kv::encoded_flag::may_write;
  item.token.session.slot = token_slot;
  item.token.position = ++ticket_last_;
  item.token.is_write = true;
  item.token.lane = Lane::writes;
  const std::vector<std::string_view> keys(answer.keys.begin(), answer.keys.end());
  item.arguments = keys;
  walk.next = answer.next;
  walks_.emplace(item.token.position, std::move(walk));
  service_.batcher().add(item);
}

void Keyspace::on_removed(const Token& token, bool is_done) {
  const auto found = walks_.find(token.position);
  if (found == walks_.end()) return;
  Walk walk = std::move(found->second);
  walks_.erase(found);
  walk.is_failed = walk.is_failed || !is_done;
  const std::uint64_t next = walk.next;
  go_on(std::move(walk), next);
}

void Keyspace::go_on(Walk walk, std::uint64_t next) {
  walk.from = next;
  if (next == 0) walk.shards.pop_back();
  if (walk.shards.empty() || walk.is_failed || service_.find(walk.token.session) == nullptr) {
    finish(walk, 0);
  } else {
    ask(std::move(walk));
  }
}

void Keyspace::finish(const Walk& walk, std::uint64_t cursor) {
  RespSession* session = service_.find(walk.token.session);
  if (session == nullptr) return;
  std::string reply;
  kv::RespWriter out(reply, walk.is_resp3);
  const auto write_keys = [&] {
    out.array(walk.keys.size());
    for (const std::string& key : walk.keys) out.bulk(key);
  };
  if (walk.is_failed) {
    out.error(
        walk.kind == kv::CommandId::keys
            ? "ERR too many keys for one reply: use SCAN"
            : "CLUSTERDOWN a shard changed its leader meanwhile: not all keys were removed");
  } else if (walk.kind == kv::CommandId::scan) {
    out.array(2);
    out.bulk(std::to_string(cursor));
    write_keys();
  } else if (walk.kind == kv::CommandId::keys) {
    write_keys();
  } else if (walk.kind == kv::CommandId::dbsize) {
    out.integer(static_cast<std::int64_t>(walk.total));
  } else if (walk.kind == kv::CommandId::randomkey) {
    if (walk.keys.empty()) out.null();
    if (!walk.keys.empty()) out.bulk(walk.keys.front());
  } else {
    out.ok();
  }
  session->complete(walk.token, reply);
}

}  // namespace harka::gateway
