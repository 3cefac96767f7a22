// SPDX-License-Identifier: Apache-2.0
#include "runtime/supervisor.hpp"

#include "base/marks.hpp"
#include "runtime/address_name.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace harka {

Supervisor::Supervisor(const ChildSpec& own, TimerId timer) : policy_(own.policy), timer_(timer) {
  for (const ChildSpec& spec : own.children) children_.push_back(Child{.spec = spec});
}

void Supervisor::start(Turn& turn) {
  for (Child& child : children_) child.due = turn.now();
  advance(turn);
}

bool Supervisor::receive(const Envelope& envelope, Turn& turn) {
  if (const auto* exited = std::get_if<msg::ChildExited>(&envelope.body)) {
    on(*exited, turn);
  } else if (const auto* restart = std::get_if<msg::RestartChild>(&envelope.body)) {
    on(*restart, turn);
  } else if (std::holds_alternative<msg::StopChild>(envelope.body)) {
    shut_down({}, turn);
  } else {
    return false;
  }
  return true;
}

bool Supervisor::on_timer(TimerId timer, Turn& turn) {
  if (timer != timer_) return false;
  for (Child& child : children_) {
    if (child.phase != Phase::stopping || !child.due || *child.due > turn.now()) continue;
    turn.note(NoteLevel::warning, "killing " + name_of(child.spec.address) + ": did not stop");
    hit(Mark::child_killed);
    turn.kill(child.spec.address, child.instance);
    child.due.reset();
  }
  advance(turn);
  return true;
}

bool Supervisor::add_child(const ChildSpec& spec, Turn& turn) {
  if (is_shutting_down_) return false;
  const auto known = find(spec.address);
  if (known != children_.end()) {
    if (!known->is_removed) return false;
    known->spec = spec;
    known->is_removed = false;
    known->is_wanted_again = true;
    return true;
  }
  children_.push_back(Child{.spec = spec, .is_dynamic = true, .due = turn.now()});
  advance(turn);
  return true;
}

void Supervisor::remove_child(const Address& address, Turn& turn) {
  const auto child = find(address);
  if (child == children_.end()) return;
  if (child->phase == Phase::waiting || child->phase == Phase::down) {
    children_.erase(child);
  } else {
    child->is_removed = true;
    child->is_wanted_again = false;
    if (child->phase == Phase::running) stop_child(*child, turn);
  }
  advance(turn);
}

void Supervisor::shut_down(const std::string& reason, Turn& turn) {
  if (is_shutting_down_) return;
  is_shutting_down_ = true;
  shutdown_reason_ = reason;
  for (Child& child : children_) {
    if (child.phase == Phase::waiting) child.phase = Phase::down;
    child.must_stop = child.phase != Phase::down;
  }
  advance(turn);
}

bool Supervisor::has_child(const Address& address) const {
  const auto child = find(address);
  return child != children_.end() && !child->is_removed;
}

bool Supervisor::is_running(const Address& address) const {
  const auto child = find(address);
  return child != children_.end() && child->phase == Phase::running;
}

std::string Supervisor::describe() const {
  const auto running = std::ranges::count(children_, Phase::running, &Child::phase);
  return std::to_string(running) + " of " + std::to_string(children_.size()) +
         " children running, " + std::to_string(restart_count_) + " restarts" +
         (is_shutting_down_ ? ", shutting down" : "");
}

void Supervisor::on(const msg::ChildExited& exited, Turn& turn) {
  const auto child = find(exited.child);
  const bool is_known = child != children_.end() && child->instance == exited.instance &&
                        (child->phase == Phase::running || child->phase == Phase::stopping);
  if (!is_known) return;  // an older incarnation's exit, or one that was reported twice

  const bool was_asked = child->phase == Phase::stopping || child->must_stop;
  child->phase = Phase::down;
  child->must_stop = false;
  if (is_shutting_down_) {
    advance(turn);
    return;
  }
  if (was_asked) {
    // OTP: a temporary child that a sibling's restart took down is not started again.
    const bool is_wanted_again = std::exchange(child->is_wanted_again, false);
    const bool is_temporary = child->spec.restart == RestartType::temporary;
    if (child->is_removed || (is_temporary && !is_wanted_again)) {
      children_.erase(child);
    } else {
      child->phase = Phase::waiting;
      child->due = std::max(group_due_, turn.now());
    }
    advance(turn);
    return;
  }
  const std::string name = name_of(child->spec.address);
  const auto decision = policy_.on_exit(
      child->spec.restart, exited.normal, child->history, turn.now(), turn.random());
  switch (decision.act) {
    case RestartPolicy::Act::forget: children_.erase(child); break;
    case RestartPolicy::Act::keep: break;
    case RestartPolicy::Act::restart:
      hit(Mark::child_restarts);
      turn.note(NoteLevel::warning, "restarting " + name + ": " + exited.reason);
      restart_group(
          static_cast<std::size_t>(std::distance(children_.begin(), child)), decision.delay, turn);
      break;
    case RestartPolicy::Act::give_up:
      hit(Mark::supervisor_gives_up);
      shut_down("restart intensity exceeded: " + name + ": " + exited.reason, turn);
      return;
  }
  advance(turn);
}

void Supervisor::on(const msg::RestartChild& request, Turn& turn) {
  const auto child = find(request.child);
  if (child == children_.end() || is_shutting_down_ || child->is_removed) return;
  if (child->phase == Phase::running) {
    child->is_wanted_again = true;
    stop_child(*child, turn);
  } else if (child->phase != Phase::stopping) {
    child->phase = Phase::waiting;
    child->due = turn.now();
  }
  advance(turn);
}

void Supervisor::restart_group(std::size_t failed, Duration delay, Turn& turn) {
  const auto range = policy_.affected(failed, children_.size());
  ++restart_count_;
  group_due_ = turn.now() + delay;
  for (std::size_t position = range.begin; position < range.end; ++position) {
    Child& child = children_[position];
    if (child.phase == Phase::running || child.phase == Phase::stopping) {
      child.must_stop = true;
    } else {
      child.phase = Phase::waiting;
      child.due = group_due_;
    }
  }
}

void Supervisor::advance(Turn& turn) {
  stop_next(turn);
  if (is_shutting_down_) {
    if (!has_living()) {
      turn.cancel_timer(timer_);
      turn.stop_self(shutdown_reason_);
      return;
    }
  } else {
    start_due(turn);
  }
  arm_timer(turn);
}

/// All dynamic children at once, then the fixed ones one by one in reverse.
void Supervisor::stop_next(Turn& turn) {
  bool is_waiting_for_exit = false;
  for (auto child = children_.rbegin(); child != children_.rend(); ++child) {
    if (!child->must_stop) continue;
    if (is_waiting_for_exit && !child->is_dynamic) return;
    if (child->phase == Phase::running) stop_child(*child, turn);
    is_waiting_for_exit = true;
    if (!child->is_dynamic) return;
  }
}

void Supervisor::stop_child(Child& child, Turn& turn) {
  ASSERT(child.phase == Phase::running);
  child.phase = Phase::stopping;
  child.due.reset();
  if (child.spec.shutdown_budget == Duration::zero()) {
    turn.kill(child.spec.address, child.instance);
    return;
  }
  msg::StopChild stop;
  stop.reason = is_shutting_down_ ? "shutdown" : "stopped by its supervisor";
  turn.send(child.spec.address, stop);
  // OTP: a supervisor gets all the time it needs, its children have budgets of their own.
  if (child.spec.children.empty()) child.due = turn.now() + child.spec.shutdown_budget;
}

void Supervisor::start_due(Turn& turn) {
  const bool is_stopping_group = std::ranges::any_of(children_, &Child::must_stop);
  if (is_stopping_group) return;  // what is started must not overlap with what it replaces
  for (Child& child : children_) {
    if (child.phase != Phase::waiting || !child.due || *child.due > turn.now()) continue;
    child.phase = Phase::running;
    child.due.reset();
    child.instance = ++instance_last_;
    turn.spawn(child.spec, child.instance);
  }
}

void Supervisor::arm_timer(Turn& turn) {
  const bool is_stopping_group = std::ranges::any_of(children_, &Child::must_stop);
  std::optional<Instant> next;
  for (const Child& child : children_) {
    // Starts wait for the exits, which come as messages.
    const bool counts =
        child.phase == Phase::stopping || (child.phase == Phase::waiting && !is_stopping_group);
    if (counts && child.due && (!next || *child.due < *next)) next = child.due;
  }
  if (next) {
    turn.set_timer(timer_, std::max(*next - turn.now(), Duration::zero()));
  } else {
    turn.cancel_timer(timer_);
  }
}

bool Supervisor::has_living() const {
  return std::ranges::any_of(children_, [](const Child& child) {
    return child.phase == Phase::running || child.phase == Phase::stopping;
  });
}

std::vector<Supervisor::Child>::iterator Supervisor::find(const Address& address) {
  return std::ranges::find_if(
      children_, [&](const Child& child) { return child.spec.address == address; });
}

std::vector<Supervisor::Child>::const_iterator Supervisor::find(const Address& address) const {
  return std::ranges::find_if(
      children_, [&](const Child& child) { return child.spec.address == address; });
}

void SupervisorMachine::receive(const Envelope& envelope, Turn& turn) {
  if (!supervisor_.receive(envelope, turn)) dispatch(*this, envelope, turn);
}

}  // namespace harka
