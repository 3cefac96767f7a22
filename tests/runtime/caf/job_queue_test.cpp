// SPDX-License-Identifier: Apache-2.0
// Who is woken for a job, with threads in the place of CAF's workers.
#include "runtime/caf/job_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace harka {
namespace {

struct Job final : caf::resumable {
  subtype_t subtype() const override { return unspecified; }

  resume_result resume(caf::execution_unit*, size_t) override { return done; }

  void intrusive_ptr_add_ref_impl() override {}

  void intrusive_ptr_release_impl() override {}
};

/// Polls; false after ten seconds.
template <typename Condition>
bool wait_for(const Condition& condition) {
  for (int waited = 0; waited < 10'000; ++waited) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

/// Workers that take jobs until they are given the last one; a job's turn lasts while `is_busy`.
struct Fixture {
  explicit Fixture(const JobQueue::Watch& watch = {}) : queue(std::make_shared<JobQueue>(watch)) {}

  ~Fixture() {
    is_busy = false;
    for (std::size_t i = 0; i < workers.size(); ++i) queue->put(&last);
    for (std::thread& worker : workers) worker.join();
  }

  void start_worker() {
    workers.emplace_back([this] {
      queue->join();
      for (;;) {
        caf::resumable* const job = queue->take();
        if (job == &last) break;
        ++taken;
        while (job == &slow && is_busy) std::this_thread::yield();
      }
      queue->leave();
    });
  }

  std::shared_ptr<JobQueue> queue;
  Job quick;
  Job slow;
  Job last;
  std::atomic<bool> is_busy{true};
  std::atomic<int> taken{0};
  std::vector<std::thread> workers;
};

/// Who keeps watch calls nobody up, however long this thread or a worker does not run.
struct Unwatched : Fixture {
  Unwatched() : Fixture(JobQueue::Watch{1h, 1h}) {}
};

BOOST_FIXTURE_TEST_SUITE(job_queue, Fixture)

BOOST_AUTO_TEST_CASE(jobs_put_before_the_first_worker_are_taken) {
  queue->put(&quick);
  start_worker();
  BOOST_TEST(wait_for([this] { return taken == 1; }));
}

BOOST_FIXTURE_TEST_CASE(one_sleeper_is_called_for_a_small_burst, Unwatched) {
  start_worker();
  start_worker();
  BOOST_TEST(wait_for([this] { return queue->asleep_count() == 2; }));
  const std::uint64_t before = queue->call_count();
  {
    const WakeBatch round;  // it does not run before the burst is complete
    for (std::size_t i = 0; i < JobQueue::patience; ++i) queue->put(&quick);
  }
  BOOST_TEST(wait_for([this] { return taken == static_cast<int>(JobQueue::patience); }));
  BOOST_TEST(queue->call_count() == before + 1);
}

BOOST_FIXTURE_TEST_CASE(many_jobs_call_a_second_worker, Unwatched) {
  start_worker();
  start_worker();
  BOOST_TEST(wait_for([this] { return queue->asleep_count() == 2; }));
  const std::uint64_t before = queue->call_count();
  {
    const WakeBatch round;
    for (std::size_t i = 0; i < 2 * JobQueue::patience; ++i) queue->put(&quick);
  }
  BOOST_TEST(queue->call_count() == before + 2);
  BOOST_TEST(wait_for([this] { return taken == 2 * static_cast<int>(JobQueue::patience); }));
}

// An awake worker that does not come back must not keep the others from the little that waits.
BOOST_AUTO_TEST_CASE(who_keeps_watch_helps_when_a_turn_is_long) {
  for (int i = 0; i < 3; ++i) start_worker();
  BOOST_TEST(wait_for([this] { return queue->asleep_count() == 3; }));
  queue->put(&slow);
  BOOST_TEST(wait_for([this] { return taken == 1; }));
  queue->put(&slow);
  BOOST_TEST(wait_for([this] { return taken == 2; }));
  queue->put(&quick);
  BOOST_TEST(wait_for([this] { return taken == 3; }));
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_between_many_posters_and_workers) {
  for (int i = 0; i < 3; ++i) start_worker();
  std::vector<std::thread> posters;
  for (int poster = 0; poster < 4; ++poster) {
    posters.emplace_back([this] {
      for (int i = 0; i < 20'000; ++i) {
        const WakeBatch round;
        queue->put(&quick);
        if (i % 100 == 0) std::this_thread::yield();
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  BOOST_TEST(wait_for([this] { return taken == 80'000; }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace harka
