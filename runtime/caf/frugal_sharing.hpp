// SPDX-License-Identifier: Apache-2.0
// A scheduling policy for CAF's coordinator: work sharing over a JobQueue, and one round of
// WakeBatch for all jobs that a worker runs without sleeping.
#pragma once

#include "runtime/caf/job_queue.hpp"

#include <caf/policy/unprofiled.hpp>

#include <memory>

namespace harka {

class FrugalSharing : public caf::policy::unprofiled {
 public:
  struct coordinator_data {  // NOLINT(readability-identifier-naming): CAF's name

    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}

    std::shared_ptr<JobQueue> jobs = std::make_shared<JobQueue>();
  };

  struct worker_data {  // NOLINT(readability-identifier-naming): CAF's name

    explicit worker_data(caf::scheduler::abstract_coordinator*) {}

    bool has_joined = false;
  };

  template <typename Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    d(self).jobs->put(job);
  }

  template <typename Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    d(self->parent()).jobs->put(job);
  }

  template <typename Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    d(self->parent()).jobs->put(job);
  }

  template <typename Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    d(self->parent()).jobs->put(job);
  }

  template <typename Worker>
  caf::resumable* dequeue(Worker* self) {
    JobQueue& jobs = *d(self->parent()).jobs;
    if (!d(self).has_joined) {
      d(self).has_joined = true;
      jobs.join();
    }
    return jobs.take();
  }

  template <typename Worker>
  void before_resume(Worker*, caf::resumable*) {
    WakeBatch::hold();
  }

  template <typename Worker>
  void after_resume(Worker*, caf::resumable*) {
    (void)WakeBatch::release();  // the round goes on: `take` ends it before the worker sleeps
  }

  template <typename Worker>
  void before_shutdown(Worker* self) {
    d(self->parent()).jobs->leave();
  }

  template <typename Worker, typename Visit>
  void foreach_resumable(Worker*, Visit) {}

  template <typename Coordinator, typename Visit>
  void foreach_central_resumable(Coordinator* self, Visit visit) {
    while (caf::resumable* const job = d(self).jobs->take_rest()) visit(job);
  }
};

}  // namespace harka
