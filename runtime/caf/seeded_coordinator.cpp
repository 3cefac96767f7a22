// SPDX-License-Identifier: Apache-2.0
#include "runtime/caf/seeded_coordinator.hpp"

#include <caf/actor_config.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace harka {

namespace {

/// CAF asks for a printer actor (aout); this one is silent and needs no thread.
class SilentPrinter final : public caf::monitorable_actor {
 public:
  explicit SilentPrinter(caf::actor_config& config) : caf::monitorable_actor(config) {}

  void enqueue(caf::mailbox_element_ptr, caf::execution_unit*) override {}
};

}  // namespace

void VirtualClock::fire_one() {
  const auto first = schedule_.begin();
  now_ = std::max(now_, first->first);
  const auto fired = std::move(first->second);
  if (fired->backlink != actor_lookup_.end()) actor_lookup_.erase(fired->backlink);
  schedule_.erase(first);
  ship(*fired);
}

SeededCoordinator::SeededCoordinator(caf::actor_system& system)
    : caf::scheduler::abstract_coordinator(system), unit_(this) {}

void SeededCoordinator::enqueue(caf::resumable* job) {
  if (std::this_thread::get_id() != owner_) {
    std::fputs("seeded scheduler: an actor was enqueued from a foreign thread\n", stderr);
    std::abort();
  }
  jobs_.push_back(job);
}

bool SeededCoordinator::step() {
  if (jobs_.empty()) return false;
  const std::size_t picked = random_.below(jobs_.size());
  caf::resumable* const job = jobs_[picked];
  jobs_[picked] = jobs_.back();
  jobs_.pop_back();
  ++steps_;
  switch (job->resume(&unit_, 1)) {
    case caf::resumable::resume_later: jobs_.push_back(job); break;
    case caf::resumable::done:
    case caf::resumable::awaiting_message: caf::intrusive_ptr_release(job); break;
    case caf::resumable::shutdown_execution_unit: break;
  }
  return true;
}

void SeededCoordinator::run_until(VirtualClock::time_point end) {
  for (;;) {
    while (step()) {
    }
    if (!clock_.is_pending() || clock_.next_due() > end) break;
    // Everything due at one instant becomes runnable together, in an order that the seed decides.
    const auto due = clock_.next_due();
    while (clock_.is_pending() && clock_.next_due() <= due) clock_.fire_one();
  }
  clock_.move_to(std::max(clock_.now(), end));
}

void SeededCoordinator::start() {
  caf::actor_config config{&unit_};
  auto& owner = system();
  utility_actors_[printer_id] = caf::make_actor<SilentPrinter, caf::actor>(
      owner.next_actor_id(), owner.node(), &owner, config);
}

void SeededCoordinator::stop() {
  clock_.cancel_all();
  while (step()) {
  }
  clock_.cancel_all();
}

}  // namespace harka
