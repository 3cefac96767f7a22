// SPDX-License-Identifier: Apache-2.0
#include "runtime/wake_batch.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <thread>

namespace harka {
namespace {

struct CountingWaker final : Waker {
  void wake() override { ++count; }

  int count = 0;
};

Instant steady_now() {
  return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

struct Fixture {
  std::shared_ptr<CountingWaker> first = std::make_shared<CountingWaker>();
  std::shared_ptr<CountingWaker> second = std::make_shared<CountingWaker>();
};

BOOST_FIXTURE_TEST_SUITE(wake_batch, Fixture)

BOOST_AUTO_TEST_CASE(without_a_round_everybody_is_woken_at_once) {
  WakeBatch::wake(first);
  WakeBatch::wake(first);
  BOOST_TEST(first->count == 2);
}

BOOST_AUTO_TEST_CASE(a_round_wakes_each_once_at_its_end) {
  {
    const WakeBatch round;
    for (int i = 0; i < 10; ++i) WakeBatch::wake(first);
    WakeBatch::wake(second);
    BOOST_TEST(first->count == 0);
  }
  BOOST_TEST(first->count == 1);
  BOOST_TEST(second->count == 1);
}

BOOST_AUTO_TEST_CASE(the_outermost_round_counts) {
  const WakeBatch outer;
  {
    const WakeBatch inner;
    WakeBatch::wake(first);
  }
  BOOST_TEST(first->count == 0);
  WakeBatch::flush();
  BOOST_TEST(first->count == 1);
}

BOOST_AUTO_TEST_CASE(only_an_old_round_is_cut_short) {
  const WakeBatch round;
  const Instant before = steady_now();
  WakeBatch::wake(first);
  WakeBatch::flush_if_old(before);
  BOOST_TEST(first->count == 0);
  WakeBatch::flush_if_old(steady_now() + 1s);
  BOOST_TEST(first->count == 1);
}

BOOST_AUTO_TEST_CASE(an_endless_round_is_told_when_somebody_waits) {
  int begun = 0;
  WakeBatch::set_round([&begun] { ++begun; });
  WakeBatch::wake(first);
  WakeBatch::wake(second);
  BOOST_TEST(begun == 1);
  BOOST_TEST(first->count == 0);
  WakeBatch::flush();
  WakeBatch::wake(first);
  BOOST_TEST(begun == 2);
  WakeBatch::set_round(nullptr);
  BOOST_TEST(first->count == 2);
}

BOOST_AUTO_TEST_CASE(rounds_of_two_threads_do_not_meet) {
  const WakeBatch round;
  std::thread([this] { WakeBatch::wake(first); }).join();
  BOOST_TEST(first->count == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace harka
