// SPDX-License-Identifier: Apache-2.0
// The inbox is a vector under a mutex: a poster wakes the thread only when it was empty, and one
// turn of the loop takes all of it.
#include "runtime/net/loop.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "base/thread.hpp"
#include "runtime/net/loop_kj.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <utility>

namespace harka::net {

/// Owns the descriptor that the thread sleeps on. KJ polls for edges and each write is one, so
/// nobody reads it: it would hold 2^64 wake-ups.
class EventLoop::Bell final : public Waker {
 public:
  Bell() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { ASSERT(fd_ >= 0); }

  ~Bell() override { ::close(fd_); }

  void wake() override {
    const std::uint64_t one = 1;
    (void)!::write(fd_, &one, sizeof one);
  }

  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

std::string describe(const kj::Exception& exception) {
  std::string text(exception.getDescription().cStr());
  // A failed system call comes as "bind(fd, …): Address already in use; toString() = …".
  const std::size_t name = text.find_first_of("( ");
  if (name == std::string::npos || name == 0 || text[name] != '(') return text;
  const std::size_t words = text.find("): ", name);
  if (words == std::string::npos) return text;
  text.erase(0, words + 3);
  return text.substr(0, text.find("; "));
}

kj::Exception failure(const std::string& text) {
  return kj::Exception(
      kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::heapString(text.c_str(), text.size()));
}

EventLoop::Kj::Kj(EventLoop& its_loop) : io(kj::setupAsyncIo()), tasks(*this), loop_(its_loop) {}

void EventLoop::Kj::taskFailed(kj::Exception&& exception) {
  loop_.fail("a promise on the loop failed: " + describe(exception));
}

EventLoop::EventLoop(std::string name, OnFailure on_failure)
    : name_(std::move(name)), on_failure_(std::move(on_failure)), bell_(std::make_shared<Bell>()) {
  std::atomic<bool> ready{false};
  thread_ = std::thread([this, &ready] { thread_main(&ready); });
  ready.wait(false);
}

EventLoop::~EventLoop() {
  stop();
}

void EventLoop::thread_main(std::atomic<bool>* ready) {
  name_this_thread(name_);
  thread_id_ = std::this_thread::get_id();
  kj_ = std::make_unique<Kj>(*this);
  auto stopped = kj::newPromiseAndFulfiller<void>();
  {
    kj::UnixEventPort::FdObserver observer(
        kj_->port(), bell_->fd(), kj::UnixEventPort::FdObserver::OBSERVE_READ);
    kj::Function<kj::Promise<void>()> wait_for_work = [&]() -> kj::Promise<void> {
      return observer.whenBecomesReadable().then([&]() -> kj::Promise<void> {
        drain();
        if (const std::lock_guard lock(mutex_); is_closed_) return kj::READY_NOW;
        return wait_for_work();
      });
    };
    auto work = wait_for_work();
    WakeBatch::set_round([this] { kj_->tasks.add(kj::evalLast([] { WakeBatch::flush(); })); });
    ready->store(true);
    ready->notify_one();
    // Without this KJ polls only when nothing is left to do, and one busy connection would starve
    // timers, posts and all other connections.
    kj_->io.waitScope.setBusyPollInterval(32);
    work.wait(kj_->io.waitScope);
    WakeBatch::set_round(nullptr);
  }
  drain();
  for (std::size_t left = at_stop_.size(); left > 0; --left) run_guarded(at_stop_[left - 1]);
  kj_->timers.clear();
  kj_.reset();
}

void EventLoop::drain() {
  std::vector<Task> work;
  {
    const std::lock_guard lock(mutex_);
    work.swap(inbox_);
  }
  for (const Task& task : work) run_guarded(task);
}

// The one border where what a posted task throws becomes a log line.
void EventLoop::run_guarded(const Task& task) {
  try {
    task();
  } catch (const kj::Exception& exception) {
    fail("a task on the loop failed: " + describe(exception));
  } catch (const std::exception& exception) {
    fail(std::string("a task on the loop failed: ") + exception.what());
  }
}

void EventLoop::fail(const std::string& what) {
  log::error("net", what);
  if (on_failure_) on_failure_(what);
}

void EventLoop::stop() {
  ASSERT(!is_loop_thread());
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  bell_->wake();
  if (thread_.joinable()) thread_.join();
}

bool EventLoop::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return false;
    inbox_.push_back(std::move(task));
    if (inbox_.size() > 1) return true;
  }
  if (is_loop_thread()) {
    kj_->tasks.add(kj::evalLater([this] { drain(); }));
  } else {
    WakeBatch::wake(bell_);
  }
  return true;
}

bool EventLoop::run(const Task& task) {
  if (is_loop_thread()) {
    run_guarded(task);
    return true;
  }
  std::mutex mutex;
  std::condition_variable done;
  bool is_done = false;
  const bool posted = post([&] {
    run_guarded(task);
    const std::lock_guard lock(mutex);
    is_done = true;
    done.notify_one();
  });
  if (!posted) return false;
  WakeBatch::flush();
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return is_done; });
  return true;
}

void EventLoop::at_stop(Task task) {
  const std::lock_guard lock(mutex_);
  at_stop_.push_back(std::move(task));
}

bool EventLoop::is_loop_thread() const {
  return thread_id_.load() == std::this_thread::get_id();
}

EventLoop::TimerHandle EventLoop::set_timer(Duration after, Task task) {
  ASSERT(is_loop_thread());
  const TimerHandle handle = ++kj_->timer_last;
  auto promise = kj_->timer()
                     .afterDelay(kj_duration(after))
                     .then([this, handle] { fire(handle); })
                     .eagerlyEvaluate(nullptr);
  kj_->timers.emplace(handle, Kj::Timer{kj::mv(promise), std::move(task)});
  return handle;
}

void EventLoop::fire(TimerHandle timer) {
  const auto found = kj_->timers.find(timer);
  if (found == kj_->timers.end()) return;
  const Task task = std::move(found->second.task);
  cancel_timer(timer);
  run_guarded(task);
}

void EventLoop::cancel_timer(TimerHandle timer) {
  ASSERT(is_loop_thread());
  const auto found = kj_->timers.find(timer);
  if (found == kj_->timers.end()) return;
  // A promise cannot destroy itself while it runs, so it is dropped in a later turn.
  auto owned = kj::heap<kj::Promise<void>>(kj::mv(found->second.promise));
  kj_->timers.erase(found);
  kj_->tasks.add(kj::evalLater([] {}).attach(kj::mv(owned)));
}

EventLoop::Kj& EventLoop::kj() {
  ASSERT(is_loop_thread());
  return *kj_;
}

}  // namespace harka::net
