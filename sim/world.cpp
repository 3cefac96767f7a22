// SPDX-License-Identifier: Apache-2.0
// The queue and the lives of nodes. Turns are in world_actors.cpp, what neighbours do in
// world_links.cpp.
#include "sim/world.hpp"

#include "base/marks.hpp"
#include "runtime/address_name.hpp"
#include "runtime/net/seed.hpp"
#include "sim/message_hash.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace harka::sim {

namespace {

constexpr std::size_t recent_max = 200;

}  // namespace

World::World(const WorldOptions& options)
    : options_(options), random_(Random(options.seed).fork(1)) {}

World::~World() = default;

void World::add_node(NodePlan plan) {
  const auto position = static_cast<std::uint32_t>(nodes_.size());
  ASSERT(index_.emplace(plan.id.value, position).second);
  if (!plan.link_address.empty())
    index_.emplace(net::seed_alias(plan.link_address).value, position);
  auto node = std::make_unique<Node>();
  node->random = random_.fork(1000 + plan.id.value);
  if (!plan.is_client) {
    node->stores = std::make_unique<NodeStores>(plan.stores, random_.fork(2000 + plan.id.value));
  }
  node->position = position;
  node->plan = std::move(plan);
  nodes_.push_back(std::move(node));
}

void World::run_until(Instant end) {
  while (!queue_.empty() && queue_.front().at <= end) {
    std::pop_heap(queue_.begin(), queue_.end());
    const Due due = queue_.back();
    queue_.pop_back();
    Event event = std::move(slots_[due.slot]);
    free_slots_.push_back(due.slot);
    events_now_ = due.at == now_ ? events_now_ + 1 : 0;
    now_ = due.at;
    ++counters_.events;
    if (events_now_ > options_.instant_events_max) {
      throw Violation(Broken::liveness, "an event storm: time does not move on");
    }
    handle(event);
  }
  now_ = std::max(now_, end);
}

void World::push(Instant at, Event event) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.push_back(std::move(event));
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    slots_[slot] = std::move(event);
  }
  ASSERT(at >= now_);
  queue_.push_back(Due{at, ++order_, slot});
  std::push_heap(queue_.begin(), queue_.end());
}

void World::after(Duration delay, std::function<void()> act) {
  Event event;
  event.act = std::move(act);
  push(now_ + delay, std::move(event));
}

void World::handle(Event& event) {
  if (event.kind == Kind::act) {
    event.act();
    return;
  }
  Node& node = *nodes_[event.node];
  if (!node.is_up || (event.epoch != 0 && event.epoch != node.epoch.value)) {
    if (event.kind == Kind::deliver) undelivered(*event.envelope);
    return;
  }
  if (is_lost(event)) {
    hit(Mark::message_under_way_lost);
    ++counters_.lost;
    for (Observer* observer : observers_) observer->lost(*event.envelope);
    return;
  }
  if (const Instant ready = ready_at(node, event); ready > now_) {
    push(ready, std::move(event));
    return;
  }
  switch (event.kind) {
    case Kind::deliver: deliver(node, event.envelope); break;
    case Kind::wake:
      if (Actor* actor = find_actor(node, event.key, event.actor)) wake(node, *actor);
      break;
    case Kind::start:
      if (Actor* actor = find_actor(node, event.key, event.actor)) {
        start_actor(node, *actor);
      }
      break;
    case Kind::log_done: finish_log_flush(node); break;
    case Kind::state_done: finish_state_commit(node); break;
    case Kind::act: break;
  }
}

void World::undelivered(const Envelope& envelope) {
  ++counters_.undelivered;
  for (Observer* observer : observers_) observer->lost(envelope);
}

bool World::is_lost(const Event& event) const {
  return event.link != 0 && links_.at(event.link).generation != event.generation;
}

Instant World::ready_at(const Node& node, const Event& event) const {
  Instant ready = node.paused_until;
  const bool is_turn =
      event.kind == Kind::deliver || event.kind == Kind::wake || event.kind == Kind::start;
  if (!is_turn) return ready;
  ready = std::max(ready, node.busy_until);
  const std::uint64_t key = event.kind == Kind::deliver ? key_of(event.envelope->to) : event.key;
  const auto actor = node.actors.find(key);
  return actor == node.actors.end() ? ready : std::max(ready, actor->second->stalled_until);
}

void World::start(NodeId id) {
  Node& node = node_of(id);
  if (node.is_up) return;
  node.epoch = Epoch{node.epoch.value + 1};
  node.is_up = true;
  node.paused_until = {};
  hash_ = mix(mix(hash_, id.value), node.epoch.value);
  if (node.stores != nullptr) {
    Result<void> opened = node.stores->open();
    if (!opened.ok() && opened.error().code == Code::io_failed) {
      end_by_disk(node, opened.error());
      return;
    }
    if (!opened.ok()) {
      throw Violation(Broken::correctness, "a log cannot be opened: " + opened.error().detail);
    }
    for (Observer* observer : observers_) {
      observer->recovered(id, node.stores->log(), node.stores->engine());
    }
  }
  remark("node " + std::to_string(id.value) + " starts, epoch " + std::to_string(node.epoch.value));
  for (Observer* observer : observers_) observer->started(id, node.epoch);
  node.factory = node.plan.factory(Incarnation{
      node.epoch, node.stores == nullptr ? nullptr : &node.stores->engine(), node.is_replacement});
  for (const ChildSpec& root : node.plan.roots()) spawn(node, root, node.epoch.value, Address{});
}

void World::crash(NodeId id, CrashLoss loss) {
  Node& node = node_of(id);
  if (!node.is_up) return;
  ++counters_.crashes;
  remark("node " + std::to_string(id.value) + " crashes");
  hash_ = mix(hash_, id.value * 31);
  node.is_up = false;
  node.actors.clear();
  node.factory.reset();
  node.paused_until = {};
  node.busy_until = {};
  if (node.stores != nullptr) node.stores->crash(loss);
  for (Observer* observer : observers_) observer->crashed(id);
}

void World::pause(NodeId id, Duration time) {
  Node& node = node_of(id);
  if (!node.is_up) return;
  remark("node " + std::to_string(id.value) + " pauses");
  node.paused_until = std::max(node.paused_until, now_ + time);
}

void World::wipe(NodeId id) {
  Node& node = node_of(id);
  ASSERT(!node.is_up && node.stores != nullptr);
  remark("the disk of node " + std::to_string(id.value) + " is wiped");
  node.stores->wipe();
  node.is_replacement = true;
  for (Observer* observer : observers_) observer->wiped(id);
}

void World::slow_cpu(NodeId id, Duration at_most, Duration time) {
  Node& node = node_of(id);
  node.turn_max = at_most;
  node.slow_until = now_ + time;
}

void World::step_wall(NodeId id, Duration step) {
  node_of(id).wall_step += step;
}

void World::stall(const Address& actor, Duration time) {
  actor_at(actor).stalled_until = now_ + time;
}

void World::overflow(const Address& actor, Duration time) {
  actor_at(actor).full_until = now_ + time;
}

World::Actor& World::actor_at(const Address& address) {
  return *node_of(NodeId{address.node}).actors.at(key_of(address));
}

void World::cut(NodeId from, NodeId to) {
  ++link(node_of(from), node_of(to)).cuts;
}

void World::mend(NodeId from, NodeId to) {
  int& cuts = link(node_of(from), node_of(to)).cuts;
  cuts = std::max(cuts - 1, 0);  // all links may have been healed in between
}

void World::clog(NodeId from, NodeId to, Duration time) {
  link(node_of(from), node_of(to)).clogged_until = now_ + time;
}

void World::reset(NodeId one, NodeId other) {
  ++link(node_of(one), node_of(other)).generation;
  ++link(node_of(other), node_of(one)).generation;
}

void World::narrow(NodeId from, NodeId to, std::uint64_t bytes_per_second, Duration time) {
  Link& way = link(node_of(from), node_of(to));
  way.bytes_per_second = std::max<std::uint64_t>(bytes_per_second, 1);
  way.narrow_until = now_ + time;
}

void World::heal_links() {
  for (auto& [key, link] : links_) {
    link.cuts = 0;
    link.clogged_until = {};
    link.narrow_until = {};
  }
}

NodeStores& World::stores(NodeId node) {
  ASSERT(node_of(node).stores != nullptr);
  return *node_of(node).stores;
}

void World::tell(const Address& to, msg::Message body) {
  Envelope envelope;
  envelope.to = to;
  envelope.body = std::move(body);
  Event event;
  event.kind = Kind::deliver;
  event.node = index_.at(to.node);
  event.envelope = std::make_shared<const Envelope>(std::move(envelope));
  push(now_, std::move(event));
}

// --- Looking -----------------------------------------------------------------------------------

bool World::is_up(NodeId node) const {
  return node_of(node).is_up;
}

bool World::is_paused(NodeId node) const {
  return node_of(node).paused_until > now_;
}

Instant World::clock(NodeId node) const {
  return local_time(node_of(node));
}

Epoch World::epoch(NodeId node) const {
  return node_of(node).epoch;
}

const Machine* World::machine(const Address& address) const {
  const auto position = index_.find(address.node);
  if (position == index_.end()) return nullptr;
  const Node& node = *nodes_[position->second];
  const auto actor = node.actors.find(key_of(address));
  return actor == node.actors.end() ? nullptr : actor->second->machine.get();
}

std::vector<Address> World::actors(NodeId node) const {
  std::vector<Address> addresses;
  for (const auto& [key, actor] : node_of(node).actors) addresses.push_back(actor->address);
  return addresses;
}

std::vector<std::string> World::recent() const {
  std::vector<std::string> lines;
  for (const Trace& item : recent_) {
    std::string line = std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(
                                          item.at.time_since_epoch())
                                          .count()) +
                       " us ";
    if (item.envelope != nullptr) {
      line += std::to_string(item.envelope->from.node) + "/" + harka::name_of(item.envelope->from) +
              " -> " + std::to_string(item.envelope->to.node) + "/" +
              harka::name_of(item.envelope->to) + " " +
              std::string(msg::name_of(item.envelope->body));
    }
    lines.push_back(line + item.text);
  }
  return lines;
}

void World::announce(const Fault& fault, NodeId node) {
  remark("fault " + text_of(fault));
  for (Observer* observer : observers_) observer->faulted(fault, node);
}

void World::remark(std::string text) {
  trace(Trace{now_, nullptr, std::move(text)});
}

void World::trace(Trace item) {
  if (recent_.size() == recent_max) recent_.pop_front();
  recent_.push_back(std::move(item));
}

World::Node& World::node_of(NodeId id) {
  return *nodes_[index_.at(id.value)];
}

const World::Node& World::node_of(NodeId id) const {
  return *nodes_[index_.at(id.value)];
}

// --- Clocks ------------------------------------------------------------------------------------

Instant World::local_time(const Node& node) const {
  const double elapsed =
      static_cast<double>(now_.time_since_epoch().count()) * node.plan.clock_rate;
  return Instant(Duration(std::llround(elapsed)) + Duration(node.plan.id.value % 1000 * 1'000'000));
}

Instant World::world_time(const Node& node, Instant local) const {
  const Duration ahead = local - local_time(node);
  if (ahead <= Duration::zero()) return now_;
  // One more nanosecond than the exact answer, or rounding could wake an actor just too early.
  const double wait = static_cast<double>(ahead.count()) / node.plan.clock_rate;
  return now_ + Duration(std::llround(wait) + 1);
}

}  // namespace harka::sim
