// SPDX-License-Identifier: Apache-2.0
// The clock of CAF 0.17.6 deadlocks under this load within a second; ours must keep ticking. The
// load: actors whose last reference is a delayed message to an actor that is dead, while other
// threads keep the clock's inbox full.
#include "runtime/caf/safe_coordinator.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace harka {
namespace {

using Tick = caf::atom_constant<caf::atom("tick")>;

struct Churn {
  std::atomic<std::uint64_t> ticks{0};
  std::atomic<std::int64_t> living{0};
  std::atomic<std::uint64_t> died{0};
  std::atomic<bool> has_ended{false};
};

struct SessionState {
  Churn* churn = nullptr;

  ~SessionState() {
    if (churn == nullptr) return;
    --churn->living;
    ++churn->died;
  }
};

caf::behavior session(caf::stateful_actor<SessionState>* self, Churn* churn, caf::actor dead) {
  self->state.churn = churn;
  self->delayed_send(dead, std::chrono::milliseconds(5), Tick::value);
  return {[](Tick) {}};
}

caf::behavior ticker(caf::event_based_actor* self, Churn* churn) {
  self->delayed_send(self, std::chrono::milliseconds(5), Tick::value);
  return {[self, churn](Tick) {
    ++churn->ticks;
    self->delayed_send(self, std::chrono::milliseconds(5), Tick::value);
  }};
}

caf::behavior idle(caf::event_based_actor*, int) {
  return {[](Tick) {}};
}

struct Config : caf::actor_system_config {
  Config() {
    load<SafeCoordinator>();
    set("scheduler.max-threads", std::size_t{2});
  }
};

BOOST_AUTO_TEST_CASE(the_clock_survives_actor_churn) {
  Churn churn;
  Config config;
  caf::actor_system system(config);
  const caf::actor dead = system.spawn(idle, 1);
  caf::anon_send_exit(dead, caf::exit_reason::kill);
  const caf::actor sink = system.spawn(idle, 2);
  const caf::actor ticking = system.spawn(ticker, &churn);
  std::vector<std::thread> threads;
  for (int noise = 0; noise < 2; ++noise) {
    threads.emplace_back([&churn, &sink] {
      for (int sent = 0; sent < 200'000 && !churn.has_ended; ++sent) {
        caf::delayed_anon_send(sink, std::chrono::seconds(1000), Tick::value);
      }
    });
  }
  threads.emplace_back([&churn, &system, &dead] {
    while (!churn.has_ended) {
      if (churn.living < 1000) {
        ++churn.living;
        system.spawn(session, &churn, dead);
      } else {
        std::this_thread::yield();
      }
    }
  });
  // Enough deaths in the clock's thread while its inbox is full; the original stops below 20,000.
  for (int waited = 0; waited < 3000 && churn.died < 100'000; ++waited) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  BOOST_TEST(churn.died >= 100'000U);
  const std::uint64_t before = churn.ticks;
  for (int waited = 0; waited < 1000 && churn.ticks < before + 5; ++waited) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  BOOST_TEST(churn.ticks >= before + 5);
  churn.has_ended = true;
  for (std::thread& thread : threads) thread.join();
  caf::anon_send_exit(ticking, caf::exit_reason::kill);
  caf::anon_send_exit(sink, caf::exit_reason::kill);
}

// The clock sleeps until the earliest timer it knows of: one that is due before must call it.
BOOST_AUTO_TEST_CASE(a_timer_that_is_due_before_all_others_does_not_wait_for_them) {
  Churn churn;
  Config config;
  caf::actor_system system(config);
  const caf::actor sink = system.spawn(idle, 1);
  caf::delayed_anon_send(sink, std::chrono::seconds(1000), Tick::value);
  const caf::actor ticking = system.spawn(ticker, &churn);
  for (int waited = 0; waited < 1000 && churn.ticks < 5; ++waited) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  BOOST_TEST(churn.ticks >= 5U);
  caf::anon_send_exit(ticking, caf::exit_reason::kill);
  caf::anon_send_exit(sink, caf::exit_reason::kill);
}

}  // namespace
}  // namespace harka
