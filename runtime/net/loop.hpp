// SPDX-License-Identifier: Apache-2.0
// One thread that runs a KJ event loop. Sockets, TLS and timers of links and of gateways live on
// such threads and nowhere else; other threads hand them work by `post`, which costs one eventfd
// write a burst, not one a call. The loop itself wakes other threads once a turn: what it posts
// elsewhere is gathered (runtime/wake_batch) until it has nothing left to do but poll. This header
// knows no KJ: code that runs on the loop and needs its sockets includes loop_kj.hpp.
#pragma once

#include "base/time.hpp"
#include "runtime/wake_batch.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace harka::net {

class EventLoop {
 public:
  using Task = std::function<void()>;
  using TimerHandle = std::uint64_t;
  /// KJ's side of the loop, defined in loop_kj.hpp.
  struct Kj;

  using OnFailure = std::function<void(const std::string& what)>;

  /// Starts the thread; returns when its loop runs. `name` is the thread's name (15 characters).
  /// What leaves a task or promise as an exception is logged and handed to `on_failure`: for loops
  /// on which nothing may throw. Without it the loop goes on.
  explicit EventLoop(std::string name, OnFailure on_failure = nullptr);
  /// As `stop`.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Runs what was posted before, then the `at_stop` tasks newest first, then ends the thread.
  /// Not on the loop thread; again is harmless.
  void stop();

  /// Any thread; tasks run in order on the loop thread. False after stop: the task was dropped.
  /// What waits has no bound here but at each poster: senders post once for all that they queue
  /// (outboxes, inboxes, which have bounds) until the loop has taken it, a connection posts its
  /// end, and the rest are changes of membership or configuration.
  bool post(Task task);
  /// Posts and waits until it has run; on the loop thread it runs at once. False after stop.
  bool run(const Task& task);
  /// Runs on the loop thread while it stops: the place to drop sockets and promises.
  void at_stop(Task task);
  [[nodiscard]] bool is_loop_thread() const;

  // Loop thread only.

  /// Runs once after the delay (KJ's timers tick in milliseconds). Never 0.
  TimerHandle set_timer(Duration after, Task task);
  /// Harmless when it has fired already.
  void cancel_timer(TimerHandle timer);
  [[nodiscard]] Kj& kj();
  /// As an exception that left a task.
  void fail(const std::string& what);

 private:
  class Bell;

  void thread_main(std::atomic<bool>* ready);
  void drain();
  void run_guarded(const Task& task);
  void fire(TimerHandle timer);

  std::string name_;
  OnFailure on_failure_;
  std::shared_ptr<Bell> bell_;  // shared with the wake batches of other threads
  std::mutex mutex_;
  std::vector<Task> inbox_;
  std::vector<Task> at_stop_;
  bool is_closed_ = false;
  std::unique_ptr<Kj> kj_;  // made and destroyed on the loop thread
  std::atomic<std::thread::id> thread_id_{};
  std::thread thread_;
};

}  // namespace harka::net
