// SPDX-License-Identifier: Apache-2.0
#include "runtime/caf/safe_coordinator.hpp"

#include <memory>
#include <utility>

namespace harka {

namespace {

caf::strong_actor_ptr reference_to(caf::abstract_actor* actor) {
  return caf::strong_actor_ptr{actor->ctrl()};
}

}  // namespace

void SafeClock::set_ordinary_timeout(
    time_point due, caf::abstract_actor* actor, caf::atom_value type, std::uint64_t id) {
  put(new ordinary_timeout(due, reference_to(actor), type, id), due);
}

void SafeClock::set_request_timeout(
    time_point due, caf::abstract_actor* actor, caf::message_id id) {
  put(new request_timeout(due, reference_to(actor), id), due);
}

void SafeClock::set_multi_timeout(
    time_point due, caf::abstract_actor* actor, caf::atom_value type, std::uint64_t id) {
  put(new multi_timeout(due, reference_to(actor), type, id), due);
}

void SafeClock::cancel_ordinary_timeout(caf::abstract_actor* actor, caf::atom_value type) {
  put(new ordinary_timeout_cancellation(actor->id(), type));
}

void SafeClock::cancel_request_timeout(caf::abstract_actor* actor, caf::message_id id) {
  put(new request_timeout_cancellation(actor->id(), id));
}

void SafeClock::cancel_timeouts(caf::abstract_actor* actor) {
  put(new timeouts_cancellation(actor->id()));
}

void SafeClock::schedule_message(
    time_point due, caf::strong_actor_ptr receiver, caf::mailbox_element_ptr content) {
  put(new actor_msg(due, std::move(receiver), std::move(content)), due);
}

void SafeClock::schedule_message(
    time_point due, caf::group target, caf::strong_actor_ptr sender, caf::message content) {
  put(new group_msg(due, std::move(target), std::move(sender), std::move(content)), due);
}

void SafeClock::cancel_all() {
  put(new drop_all);
}

void SafeClock::start_thread() {
  thread_ = std::thread([this] { run(); });
}

void SafeClock::stop_thread() {
  put(new shutdown);
  thread_.join();
}

// Most timers are due after those that are set already. The clock finds them in its inbox when it
// wakes for those; calling it at each would be two context switches a timer.
void SafeClock::put(event* entry, time_point due) {
  bool is_new_call = false;
  {
    std::unique_lock lock(mutex_);
    if (std::this_thread::get_id() != thread_.get_id()) {
      not_full_.wait(lock, [this] { return inbox_.size() < inbox_max; });
    }
    inbox_.emplace_back(entry);
    if (due < sleeps_until_ || inbox_.size() >= inbox_max / 2) {
      is_new_call = !std::exchange(is_called_, true);
    }
  }
  if (is_new_call) called_.notify_one();
}

void SafeClock::run() {
  std::vector<unique_event_ptr> batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      const auto is_called = [this] { return is_called_; };
      if (schedule_.empty()) {
        called_.wait(lock, is_called);
      } else {
        sleeps_until_ = schedule_.begin()->first;
        called_.wait_until(lock, sleeps_until_, is_called);
        sleeps_until_ = time_point::max();
      }
      is_called_ = false;
      batch.swap(inbox_);
    }
    not_full_.notify_all();
    for (auto& entry : batch) {
      if (!handle_command(entry)) return;
    }
    batch.clear();
    trigger_expired_timeouts();
  }
}

bool SafeClock::handle_command(unique_event_ptr& entry) {
  switch (entry->subtype) {
    case ordinary_timeout_type: add<ordinary_timeout>(entry); break;
    case multi_timeout_type: add<multi_timeout>(entry); break;
    case request_timeout_type: add<request_timeout>(entry); break;
    case actor_msg_type: add<actor_msg>(entry); break;
    case group_msg_type: add<group_msg>(entry); break;
    case ordinary_timeout_cancellation_type:
      handle(static_cast<ordinary_timeout_cancellation&>(*entry));
      break;
    case multi_timeout_cancellation_type: break;  // never sent: 0.17.6 gives it another tag
    case request_timeout_cancellation_type:
      handle(static_cast<request_timeout_cancellation&>(*entry));
      break;
    case timeouts_cancellation_type: handle(static_cast<timeouts_cancellation&>(*entry)); break;
    case drop_all_type:
      schedule_.clear();
      actor_lookup_.clear();
      break;
    case shutdown_type:
      schedule_.clear();
      actor_lookup_.clear();
      return false;
  }
  return true;
}

template <typename Timeout>
void SafeClock::add(unique_event_ptr& entry) {
  add_schedule_entry(std::unique_ptr<Timeout>(static_cast<Timeout*>(entry.release())));
}

void SafeCoordinator::start() {
  safe_clock_.start_thread();
  super::start();
}

void SafeCoordinator::stop() {
  super::stop();
  safe_clock_.stop_thread();
}

}  // namespace harka
