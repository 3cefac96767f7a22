// SPDX-License-Identifier: Apache-2.0
// What happens between machines: mailboxes, links with faults, the two stores with their latencies.
// Links here are worse than the real ones, which keep the order within a connection.
#include "base/marks.hpp"
#include "schemas/codec.hpp"
#include "sim/world.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace harka::sim {

namespace {
constexpr Duration store_hop = 1us;
}

void World::post(Node& from, const EnvelopePtr& envelope) {
  if (envelope->to.node == from.plan.id.value) {
    post_local(from, envelope);
    return;
  }
  const auto to = index_.find(envelope->to.node);
  if (to == index_.end()) return;  // the outside, or a seed that does not exist
  post_remote(from, *nodes_[to->second], envelope);
}

/// What the node itself says to its actors: answers of stores, ends of children.
void World::post_own(Node& node, const EnvelopePtr& envelope) {
  const EnvelopePtr changed = tamper_ ? tamper_(envelope) : envelope;
  if (changed != nullptr) post_local(node, changed);
}

void World::post_local(Node& node, const EnvelopePtr& envelope) {
  if (node.stores != nullptr && envelope->to.kind == msg::ActorKind::log_store) {
    node.stores->enqueue_log(envelope);
    begin_log_flush(node);
    return;
  }
  if (node.stores != nullptr && envelope->to.kind == msg::ActorKind::state_store) {
    node.stores->enqueue_state(envelope);
    begin_state_commit(node);
    return;
  }
  const auto found = node.actors.find(key_of(envelope->to));
  Instant at = now_ + node.random.between(Duration(100), options_.local_jitter_max);
  if (found != node.actors.end()) {
    at = std::max(at, found->second->mail_at);
    found->second->mail_at = at;
  }
  Event event;
  event.kind = Kind::deliver;
  event.node = node.position;
  event.epoch = node.epoch.value;
  event.envelope = envelope;
  push(at, std::move(event));
}

void World::post_remote(Node& from, Node& to, const EnvelopePtr& envelope) {
  Link& way = link(from, to);
  const bool is_clean = from.plan.is_client || to.plan.is_client;
  const LinkOptions& links = options_.links;
  const bool is_lost = !is_clean && (way.cuts > 0 || way.random.chance(links.loss));
  if (is_lost) {
    ++counters_.lost;
    for (Observer* observer : observers_) observer->lost(*envelope);
    return;
  }
  const int copies = !is_clean && way.random.chance(links.duplicate) ? 2 : 1;
  if (copies > 1) hit(Mark::message_duplicated);
  for (int i = 0; i < copies; ++i) {
    const bool is_slow = !is_clean && way.random.chance(links.slow);
    Event event;
    event.kind = Kind::deliver;
    event.node = to.position;
    event.link = link_key(from, to);
    event.generation = way.generation;
    event.envelope = envelope;
    push(through(way, *envelope, is_slow), std::move(event));
  }
}

/// When it arrives.
Instant World::through(Link& way, const Envelope& envelope, bool is_slow) {
  const LinkOptions& links = options_.links;
  const Duration latency =
      way.random.between(links.latency_min, is_slow ? links.slow_max : links.latency_max);
  Instant begin = now_;
  if (way.narrow_until > now_) {
    const double bytes = static_cast<double>(msg::encode(envelope.body).size());
    begin = std::max(way.free_at, now_) +
            Duration(std::llround(bytes * 1e9 / static_cast<double>(way.bytes_per_second)));
    way.free_at = begin;
  }
  return std::max(begin + latency + way.distance, way.clogged_until);
}

void World::set_distance(NodeId from, NodeId to, Duration distance) {
  link(node_of(from), node_of(to)).distance = distance;
}

std::uint64_t World::link_key(const Node& from, const Node& to) {
  return (static_cast<std::uint64_t>(from.position) << 32U) | to.position;
}

World::Link& World::link(const Node& from, const Node& to) {
  const std::uint64_t key = link_key(from, to);
  const auto [found, is_new] = links_.try_emplace(key);
  if (is_new) found->second.random = random_.fork(5'000'000 + key);
  return found->second;
}

// --- Stores ------------------------------------------------------------------------------------

void World::begin_log_flush(Node& node) {
  const std::optional<Duration> time = node.stores->begin_log_flush();
  if (!time) return;
  Event event;
  event.kind = Kind::log_done;
  event.node = node.position;
  event.epoch = node.epoch.value;
  push(now_ + store_hop + *time, std::move(event));
  for (const EnvelopePtr& envelope : node.stores->take_early_answers()) post_local(node, envelope);
}

void World::finish_log_flush(Node& node) {
  const Result<std::vector<EnvelopePtr>> answers = node.stores->finish_log_flush();
  if (!answers.ok()) return end_by_disk(node, answers.error());
  for (const EnvelopePtr& envelope : node.stores->flushed()) {
    const auto* append = std::get_if<msg::AppendLog>(&envelope->body);
    if (append == nullptr) continue;
    for (Observer* observer : observers_) observer->log_durable(node.plan.id, *append);
  }
  for (const EnvelopePtr& envelope : answers.value()) post_own(node, envelope);
  begin_log_flush(node);
}

void World::end_by_disk(Node& node, const Error& error) {
  hit(Mark::node_ends_by_disk);
  const NodeId id = node.plan.id;
  remark("the disk of node " + std::to_string(id.value) + " fails: " + error.detail);
  crash(id, CrashLoss::torn);
  after(node.plan.restart_after, [this, id] { start(id); });
}

void World::begin_state_commit(Node& node) {
  const std::optional<Duration> time = node.stores->begin_state_commit();
  if (!time) return;
  Event event;
  event.kind = Kind::state_done;
  event.node = node.position;
  event.epoch = node.epoch.value;
  push(now_ + store_hop + *time, std::move(event));
}

void World::finish_state_commit(Node& node) {
  const Result<std::vector<EnvelopePtr>> answers = node.stores->finish_state_commit();
  if (!answers.ok()) return end_by_disk(node, answers.error());
  for (const EnvelopePtr& envelope : answers.value()) {
    std::uint32_t group = 0;
    if (const auto* flushed = std::get_if<msg::StateFlushed>(&envelope->body)) {
      group = flushed->group;
    } else if (const auto* installed = std::get_if<msg::StateInstalled>(&envelope->body)) {
      if (!installed->done) continue;
      group = installed->group;
    } else {
      continue;
    }
    const LogIndex applied = node.stores->engine().applied(GroupId{group}).index;
    for (Observer* observer : observers_) {
      observer->state_durable(node.plan.id, GroupId{group}, applied);
    }
  }
  for (const EnvelopePtr& envelope : answers.value()) post_own(node, envelope);
  begin_state_commit(node);
}

}  // namespace harka::sim
