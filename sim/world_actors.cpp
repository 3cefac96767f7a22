// SPDX-License-Identifier: Apache-2.0
// Turns and the lives of actors, as the CAF shell has them: a turn that throws has no effects and
// ends its actor, an exit is told to the parent, and what a dead supervisor leaves ends with it.
#include "base/marks.hpp"
#include "runtime/address_name.hpp"
#include "sim/message_hash.hpp"
#include "sim/world.hpp"

#include <utility>

namespace harka::sim {

namespace {

/// What no mailbox refuses: the answers of stores, and what supervision needs.
bool is_owed(const Envelope& envelope) {
  return envelope.from.kind == msg::ActorKind::log_store ||
         envelope.from.kind == msg::ActorKind::state_store ||
         std::holds_alternative<msg::ChildExited>(envelope.body) ||
         std::holds_alternative<msg::StopChild>(envelope.body);
}

}  // namespace

void World::spawn(
    Node& node, const ChildSpec& spec, std::uint64_t instance, const Address& parent) {
  auto actor = std::make_unique<Actor>();
  actor->address = spec.address;
  actor->id = next_actor_++;
  actor->instance = instance;
  actor->parent = parent;
  actor->random = node.random.fork(key_of(spec.address) * 7919 + actor->id);
  actor->machine = node.factory->make(spec);
  const std::uint64_t key = key_of(spec.address);
  ASSERT(!node.actors.contains(key));
  Event event;
  event.kind = Kind::start;
  event.node = node.position;
  event.epoch = node.epoch.value;
  event.key = key;
  event.actor = actor->id;
  node.actors[key] = std::move(actor);
  push(now_, std::move(event));
}

template <typename Act>
void World::run_turn(Node& node, Actor& actor, const Envelope* cause, const Act& act) {
  ++counters_.turns;
  mix_turn(actor, cause);
  if (node.slow_until > now_) {
    node.busy_until = now_ + node.random.between(Duration::zero(), node.turn_max);
  }
  std::vector<Effect> effects = std::exchange(effects_, {});
  effects.clear();
  Turn::Context context;
  context.self = actor.address;
  context.now = local_time(node);
  context.wall_now =
      1'700'000'000'000 + (context.now.time_since_epoch() + node.wall_step).count() / 1'000'000;
  context.random = &actor.random;
  context.cause = cause;
  const std::uint64_t key = key_of(actor.address);
  try {
    Turn turn(context, effects);
    act(turn);
  } catch (const Violation&) {
    throw;  // a simulated client judged an answer: that is no crash
  } catch (const std::exception& failure) {
    // Only what a fault injected may throw; anything else is a bug that was found.
    const std::string reason = failure.what();
    if (reason.rfind("injected", 0) != 0) {
      throw Violation(
          Broken::crash,
          "node " + std::to_string(node.plan.id.value) + ", " + harka::name_of(actor.address) +
              ": " + reason);
    }
    end_actor(node, key, false, reason);
    return;
  }
  bool is_over = false;
  std::string ending;
  for (Effect& effect : effects) carry_out(node, actor, effect, ending, is_over);
  for (Observer* observer : observers_) observer->turn_ended(actor.address, *actor.machine);
  effects_ = std::move(effects);
  if (is_over) {
    end_actor(node, key, ending.empty(), ending);
  } else {
    arm(node, actor);
  }
}

void World::start_actor(Node& node, Actor& actor) {
  run_turn(node, actor, nullptr, [&](Turn& turn) { actor.machine->start(turn); });
}

void World::deliver(Node& node, const EnvelopePtr& envelope) {
  const auto found = node.actors.find(key_of(envelope->to));
  if (found == node.actors.end()) {
    undelivered(*envelope);
    return;
  }
  Actor& actor = *found->second;
  if (actor.full_until > now_ && !is_owed(*envelope)) {
    hit(Mark::mailbox_refuses);
    undelivered(*envelope);
    return;
  }
  trace(Trace{now_, envelope, {}});
  for (Observer* observer : observers_) observer->delivered(*envelope);
  run_turn(
      node, actor, envelope.get(), [&](Turn& turn) { actor.machine->receive(*envelope, turn); });
}

void World::wake(Node& node, Actor& actor) {
  // A wake-up that a nearer timer overtook; it must not arm another, or they would multiply.
  if (actor.wake_at > now_) return;
  actor.wake_at = Instant::max();
  const std::uint64_t id = actor.id;
  const std::uint64_t key = key_of(actor.address);
  while (Actor* alive = find_actor(node, key, id)) {
    const std::optional<TimerId> timer = alive->timers.pop_due(local_time(node));
    if (!timer) {
      arm(node, *alive);
      return;
    }
    run_turn(node, *alive, nullptr, [&](Turn& turn) { alive->machine->on_timer(*timer, turn); });
  }
}

void World::carry_out(
    Node& node, Actor& actor, Effect& effect, std::string& ending, bool& is_over) {
  if (auto* send = std::get_if<effect::Send>(&effect)) {
    ++counters_.sent;
    if (tamper_) send->envelope = tamper_(send->envelope);
    if (send->envelope == nullptr) return;
    for (Observer* observer : observers_) observer->sent(*send->envelope);
    post(node, send->envelope);
  } else if (const auto* set = std::get_if<effect::SetTimer>(&effect)) {
    if (set->after < Duration::zero()) throw Violation(Broken::crash, "a timer in the past");
    actor.timers.set(set->timer, local_time(node) + set->after);
  } else if (const auto* cancel = std::get_if<effect::CancelTimer>(&effect)) {
    actor.timers.cancel(cancel->timer);
  } else if (const auto* child = std::get_if<effect::Spawn>(&effect)) {
    spawn(node, child->spec, child->instance, actor.address);
  } else if (const auto* kill = std::get_if<effect::Kill>(&effect)) {
    const auto found = node.actors.find(key_of(kill->child));
    if (found != node.actors.end() && found->second->instance == kill->instance) {
      end_actor(node, key_of(kill->child), false, "killed");
    }
  } else if (const auto* stop = std::get_if<effect::StopSelf>(&effect)) {
    is_over = true;
    ending = stop->reason;
  } else if (auto* note = std::get_if<effect::Note>(&effect)) {
    if (note->level != NoteLevel::debug) {
      remark(
          std::to_string(node.plan.id.value) + "/" + harka::name_of(actor.address) + ": " +
          std::move(note->text));
    }
  }
}

void World::arm(Node& node, Actor& actor) {
  const std::optional<Instant> due = actor.timers.next_due();
  if (!due) return;
  const Instant at = world_time(node, *due);
  if (actor.wake_at <= at) return;  // a wake-up that comes earlier looks again
  actor.wake_at = at;
  Event event;
  event.kind = Kind::wake;
  event.node = node.position;
  event.epoch = node.epoch.value;
  event.key = key_of(actor.address);
  event.actor = actor.id;
  push(at, std::move(event));
}

void World::end_actor(Node& node, std::uint64_t key, bool is_normal, const std::string& reason) {
  ++counters_.actor_exits;
  std::unique_ptr<Actor> actor = std::move(node.actors.at(key));
  node.actors.erase(key);
  for (Observer* observer : observers_) observer->actor_ended(actor->address);
  remark(
      std::to_string(node.plan.id.value) + "/" + harka::name_of(actor->address) +
      " ends: " + (is_normal ? "normally" : reason));
  std::vector<std::uint64_t> orphans;
  for (const auto& [child_key, child] : node.actors) {
    if (child->parent == actor->address) orphans.push_back(child_key);
  }
  for (const std::uint64_t orphan : orphans) {
    if (node.actors.contains(orphan)) end_actor(node, orphan, false, "its parent ended");
  }
  if (actor->parent.kind == msg::ActorKind::none) {
    hit(Mark::node_gives_up);
    const NodeId id = node.plan.id;
    after(Duration::zero(), [this, id] { crash(id, CrashLoss::none); });
    after(node.plan.restart_after, [this, id] { start(id); });
    return;
  }
  msg::ChildExited exited;
  exited.child = actor->address;
  exited.instance = actor->instance;
  exited.normal = is_normal;
  exited.reason = reason;
  post_own(
      node,
      std::make_shared<const Envelope>(
          Envelope{actor->address, actor->parent, 0, std::move(exited)}));
}

World::Actor* World::find_actor(Node& node, std::uint64_t key, std::uint64_t id) {
  const auto found = node.actors.find(key);
  return found == node.actors.end() || found->second->id != id ? nullptr : found->second.get();
}

void World::mix_turn(const Actor& actor, const Envelope* cause) {
  std::uint64_t hash = hash_;
  hash = mix(hash, static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  hash = mix(hash, actor.id);
  if (cause != nullptr) {
    hash = mix(hash, cause->from.node);
    hash = mix(hash, hash_of(cause->body));
  }
  hash_ = hash;
}

}  // namespace harka::sim
