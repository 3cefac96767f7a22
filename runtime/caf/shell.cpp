// SPDX-License-Identifier: Apache-2.0
#include "runtime/caf/shell.hpp"

#include "runtime/caf/tsan_edges.hpp"
#include "runtime/wake_batch.hpp"

#include <caf/actor_clock.hpp>
#include <caf/mailbox_element.hpp>

#include <chrono>
#include <exception>
#include <utility>
#include <vector>

namespace harka {

namespace {

constexpr WallTime virtual_wall_start = 1'700'000'000'000;

std::uint64_t seed_of(std::uint64_t node_seed, const Address& address, std::uint64_t instance) {
  const std::uint64_t label = (static_cast<std::uint64_t>(address.kind) << 32U) | address.index;
  return Random(node_seed).fork(label).fork(instance).next();
}

}  // namespace

HostTime ShellNode::time() const {
  if (!parts_.is_time_virtual) return HostTime::read();
  HostTime time;
  time.now = Instant(system_->clock().now().time_since_epoch());
  time.wall = virtual_wall_start + time.now.time_since_epoch().count() / 1'000'000;
  return time;
}

MachinePtr ShellNode::make_machine(const ChildSpec& spec) {
  const std::lock_guard lock(factory_mutex_);
  MachinePtr machine = parts_.factory.make(spec);
  ASSERT(machine != nullptr);
  return machine;
}

std::shared_ptr<Mailbox> ShellNode::spawn(
    const effect::Spawn& spawn, const Address& parent_address, std::shared_ptr<Mailbox> parent) {
  const Address& address = spawn.spec.address;
  auto record = parts_.registry.spawned(
      address, parent_address, spawn.spec.mailbox_max, time().wall, spawn.spec.thread);
  auto mailbox = std::make_shared<Mailbox>(std::move(record));
  auto start = std::make_shared<const ShellStart>(
      ShellStart{this, spawn.spec, spawn.instance, mailbox, std::move(parent), parent_address});
  // lazy_init: the actor's first thread is the one that handles its first event.
  // A seeded host runs all on one thread, whatever the specification says.
  const bool has_own_thread = spawn.spec.thread == ThreadUse::own && !parts_.is_time_virtual;
  mailbox->attach(
      has_own_thread ? system_->spawn<Shell, caf::detached + caf::lazy_init>(std::move(start))
                     : system_->spawn<Shell, caf::lazy_init>(std::move(start)));
  // Bound before it starts, so that answers to what it sends in its first turn find it.
  parts_.directory.bind(address, mailbox);
  mailbox->post_event(ShellEvent::Kind::start);
  return mailbox;
}

Shell::Shell(caf::actor_config& config, std::shared_ptr<const ShellStart> start)
    : caf::event_based_actor(config), node_(*start->node), start_(std::move(start)) {}

caf::behavior Shell::make_behavior() {
  return {[this](const ShellEvent& event) { on_event(event); }};
}

void Shell::on_event(const ShellEvent& event) {
  if (is_finished_) return;
  // `this` is handed from thread to thread by CAF's scheduler, the event by its mailbox.
  tsan::acquire(&event.edge);
  tsan::acquire(this);
  tsan::acquire(start_->mailbox.get());
  take_turn(event);
  tsan::release(this);
}

void Shell::take_turn(const ShellEvent& event) {
  const bool is_message =
      event.kind == ShellEvent::Kind::message || event.kind == ShellEvent::Kind::supervision;
  if (is_message) start_->mailbox->leave();
  if (event.kind == ShellEvent::Kind::supervision) {
    if (const auto* exited = std::get_if<msg::ChildExited>(&event.envelope->body)) {
      forget_child(*exited);
    }
  }
  if (ending_) {
    finish_when_alone();
    return;
  }
  if (start_->mailbox->is_killed()) {
    begin_ending({false, "killed"});
    return;
  }
  const HostTime time = node_.time();
  WakeBatch::flush_if_old(time.now);
  // The first event starts the machine, also when a message overtook Kind::start.
  if (host_ == nullptr) start_machine(time);
  if (!ending_) deliver(event, time);
  if (ending_) return;
  if (host_->ending()) {
    begin_ending(*host_->ending());
  } else {
    arm_wake_up();
  }
}

void Shell::deliver(const ShellEvent& event, const HostTime& time) {
  switch (event.kind) {
    case ShellEvent::Kind::start: break;
    case ShellEvent::Kind::message:
    case ShellEvent::Kind::supervision: host_->deliver(*event.envelope, time); break;
    case ShellEvent::Kind::wake:
      std::erase(armed_, event.due);
      host_->fire_timers(time);
      break;
    case ShellEvent::Kind::describe: host_->refresh_description(); break;
    case ShellEvent::Kind::kill: break;  // the flag was looked at before
  }
}

/// A start that throws is a crash like any other.
void Shell::start_machine(const HostTime& time) {
  ASSERT(host_ == nullptr);
  const Address& self = start_->spec.address;
  MachineHost::Options options;
  options.self = self;
  options.seed = seed_of(node_.parts().seed, self, start_->instance);
  options.children = this;
  options.record = start_->mailbox->record();
  try {
    host_ = std::make_unique<MachineHost>(
        node_.make_machine(start_->spec), node_.parts().directory, std::move(options));
  } catch (const std::exception& failure) {
    begin_ending({false, failure.what()});
    return;
  } catch (...) {
    begin_ending({false, "unknown exception"});
    return;
  }
  const std::weak_ptr<Mailbox> mailbox = start_->mailbox;
  start_->mailbox->record()->set_refresh([mailbox] {
    if (const auto living = mailbox.lock()) living->post_event(ShellEvent::Kind::describe);
  });
  host_->start(time);
  host_->refresh_description();
}

void Shell::forget_child(const msg::ChildExited& exited) {
  const auto child = children_.find(ChildKey{exited.child.kind, exited.child.index});
  if (child != children_.end() && child->second.instance == exited.instance) children_.erase(child);
}

/// One clock entry for the earliest timer. A timer that moved to later leaves a wake-up that finds
/// nothing due; that is cheaper than cancelling.
void Shell::arm_wake_up() {
  const auto due = host_->next_due();
  if (!due || (!armed_.empty() && armed_.back() <= *due)) return;
  armed_.push_back(*due);
  auto& clock = home_system().clock();
  clock.schedule_message(
      caf::actor_clock::time_point(
          std::chrono::duration_cast<caf::actor_clock::duration_type>(due->time_since_epoch())),
      caf::strong_actor_ptr(ctrl()),
      caf::make_mailbox_element(
          nullptr,
          caf::make_message_id(),
          caf::no_stages,
          ShellEvent{ShellEvent::Kind::wake, nullptr, *due}));
}

void Shell::begin_ending(MachineHost::Ending ending) {
  ASSERT(!ending_);
  ending_ = std::move(ending);
  start_->mailbox->close();
  start_->mailbox->record()->set_refresh(nullptr);
  node_.parts().directory.unbind(start_->spec.address, start_->mailbox.get());
  host_.reset();
  for (const auto& [key, child] : children_) child.mailbox->request_kill();
  finish_when_alone();
}

void Shell::finish_when_alone() {
  if (!children_.empty()) return;
  is_finished_ = true;
  const auto start = std::exchange(start_, nullptr);
  node_.parts().registry.exited(*start->mailbox->record(), ending_->is_normal, ending_->reason);
  quit();
  if (start->parent == nullptr) {
    node_.parts().root_ended(*ending_);
    return;
  }
  msg::ChildExited exited;
  exited.child = start->spec.address;
  exited.instance = start->instance;
  exited.normal = ending_->is_normal;
  exited.reason = ending_->reason;
  start->parent->post_supervision(std::make_shared<const Envelope>(
      Envelope{start->spec.address, start->parent_address, 0, std::move(exited)}));
}

void Shell::spawn(const effect::Spawn& spawn) {
  const ChildKey key{spawn.spec.address.kind, spawn.spec.address.index};
  ASSERT(!children_.contains(key));
  children_[key] = {spawn.instance, node_.spawn(spawn, start_->spec.address, start_->mailbox)};
}

void Shell::kill(const effect::Kill& kill) {
  const auto child = children_.find(ChildKey{kill.child.kind, kill.child.index});
  if (child == children_.end() || child->second.instance != kill.instance) return;
  child->second.mailbox->request_kill();
}

}  // namespace harka
