// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/loop.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <thread>
#include <vector>

using namespace harka;
using namespace harka::net;

BOOST_AUTO_TEST_SUITE(loop)

BOOST_AUTO_TEST_CASE(tasks_of_one_poster_run_in_order_on_the_loop_thread) {
  EventLoop event_loop("test");
  std::vector<int> seen;
  for (int i = 0; i < 1000; ++i) {
    event_loop.post([&, i] {
      BOOST_TEST(event_loop.is_loop_thread());
      seen.push_back(i);
    });
  }
  event_loop.run([] {});
  BOOST_TEST(seen.size() == 1000U);
  BOOST_TEST(std::is_sorted(seen.begin(), seen.end()));
}

BOOST_AUTO_TEST_CASE(no_task_is_lost_when_many_threads_post) {
  EventLoop event_loop("test");
  int count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) event_loop.post([&count] { ++count; });
    });
  }
  for (auto& thread : threads) thread.join();
  event_loop.run([] {});
  BOOST_TEST(count == 20000);
}

BOOST_AUTO_TEST_CASE(waiting_for_a_task_ends_the_round_that_holds_its_wake_up) {
  EventLoop event_loop("test");
  const WakeBatch round;
  int count = 0;
  event_loop.post([&count] { ++count; });
  BOOST_TEST(event_loop.run([&count] { ++count; }));
  BOOST_TEST(count == 2);
}

BOOST_AUTO_TEST_CASE(a_loops_own_posts_run_without_a_wake_up) {
  EventLoop event_loop("test");
  std::promise<int> done;
  event_loop.post([&] { event_loop.post([&] { event_loop.post([&] { done.set_value(3); }); }); });
  BOOST_TEST(done.get_future().get() == 3);
}

BOOST_AUTO_TEST_CASE(timers_fire_in_order_of_their_delays_and_a_cancelled_one_never) {
  EventLoop event_loop("test");
  std::vector<int> fired;
  std::promise<void> done;
  event_loop.run([&] {
    event_loop.set_timer(20ms, [&] {
      fired.push_back(2);
      done.set_value();
    });
    event_loop.set_timer(1ms, [&] { fired.push_back(1); });
    const auto cancelled = event_loop.set_timer(2ms, [&] { fired.push_back(9); });
    event_loop.cancel_timer(cancelled);
    event_loop.cancel_timer(cancelled);
  });
  BOOST_TEST((done.get_future().wait_for(10s) == std::future_status::ready));
  event_loop.stop();
  BOOST_TEST(fired == (std::vector<int>{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_task_that_throws_does_not_stop_the_loop) {
  EventLoop event_loop("test");
  event_loop.post([] { throw std::runtime_error("expected by this test"); });
  bool ran = false;
  event_loop.run([&] { ran = true; });
  BOOST_TEST(ran);
}

BOOST_AUTO_TEST_CASE(what_a_task_throws_is_handed_to_whom_it_concerns) {
  std::vector<std::string> failures;
  EventLoop event_loop("test", [&](const std::string& what) { failures.push_back(what); });
  event_loop.run([] { throw std::runtime_error("expected by this test"); });
  event_loop.run([&] { event_loop.fail("and this"); });
  BOOST_TEST(failures.size() == 2U);
  BOOST_TEST(failures.at(0).find("expected by this test") != std::string::npos);
  BOOST_TEST(failures.at(1) == "and this");
}

BOOST_AUTO_TEST_CASE(stop_runs_what_was_posted_then_at_stop_and_refuses_more) {
  EventLoop event_loop("test");
  std::vector<int> order;
  event_loop.at_stop([&] { order.push_back(3); });
  event_loop.at_stop([&] { order.push_back(2); });
  event_loop.post([&] { order.push_back(1); });
  event_loop.stop();
  BOOST_TEST(order == (std::vector<int>{1, 2, 3}), boost::test_tools::per_element());
  BOOST_TEST(!event_loop.post([] {}));
  BOOST_TEST(!event_loop.run([] {}));
}

BOOST_AUTO_TEST_SUITE_END()
