// SPDX-License-Identifier: Apache-2.0
// Group commit without a timer: whatever arrives during a flush is the next batch.
#include "storage/log_store.hpp"

#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/thread.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace harka::storage {

namespace {

EnvelopePtr answer(const Envelope& request, msg::Message body) {
  return std::make_shared<const Envelope>(
      Envelope{request.to, request.from, request.correlation, std::move(body)});
}

}  // namespace

Result<void> LogStoreCore::begin_flush() {
  ASSERT(!is_flushing_);
  is_flushing_ = true;
  for (const EnvelopePtr& envelope : queue_) {
    if (Result<void> done = take(*envelope); !done.ok()) return done;
  }
  queue_.clear();
  return log_.write();
}

Result<void> LogStoreCore::take(const Envelope& envelope) {
  if (const auto* append = std::get_if<msg::AppendLog>(&envelope.body)) {
    answers_.push_back(answer(envelope, msg::LogAppended{append->group, append->ticket}));
    return log_.append(*append);
  }
  if (const auto* recover = std::get_if<msg::RecoverGroup>(&envelope.body)) {
    Result<msg::GroupRecovered> recovered = log_.recover(GroupId{recover->group});
    if (!recovered.ok()) return recovered.error();
    recovered.value().ticket = recover->ticket;
    answers_.push_back(answer(envelope, std::move(recovered).value()));
    return {};
  }
  if (const auto* drop = std::get_if<msg::DropGroup>(&envelope.body)) {
    answers_.push_back(answer(envelope, msg::GroupDropped{drop->group, drop->ticket}));
    return log_.drop(GroupId{drop->group});
  }
  return {};  // not for a log store: as lost on the way
}

Result<std::vector<EnvelopePtr>> LogStoreCore::finish_flush() {
  ASSERT(is_flushing_);
  if (Result<void> done = log_.sync(); !done.ok()) return done.error();
  is_flushing_ = false;
  return std::exchange(answers_, {});
}

Result<std::vector<EnvelopePtr>> LogStoreCore::flush() {
  if (Result<void> done = begin_flush(); !done.ok()) return done.error();
  return finish_flush();
}

class LogStoreThread::Bell final : public Waker {
 public:
  void wake() override { waiting_.notify_one(); }

  template <typename Ready>
  void wait(std::unique_lock<std::mutex>& lock, const Ready& ready) {
    waiting_.wait(lock, ready);
  }

 private:
  std::condition_variable waiting_;
};

LogStoreThread::LogStoreThread(
    std::unique_ptr<SegmentLog> log,
    Directory& directory,
    std::function<void(const Error&)> on_fatal)
    : log_(std::move(log)),
      directory_(directory),
      on_fatal_(std::move(on_fatal)),
      bell_(std::make_shared<Bell>()),
      thread_([this] { run(); }) {}

LogStoreThread::~LogStoreThread() {
  stop();
}

bool LogStoreThread::post(EnvelopePtr envelope) {
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_ || queue_.size() >= limits::store_queue_max) return false;
    queue_.push_back(std::move(envelope));
    if (queue_.size() > 1) return true;
  }
  WakeBatch::wake(bell_);
  return true;
}

void LogStoreThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    bell_->wake();
  }
  if (thread_.joinable()) thread_.join();
}

LogCounters LogStoreThread::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void LogStoreThread::run() {
  name_this_thread("log");
  using Clock = std::chrono::steady_clock;
  LogStoreCore core(*log_);
  LogCounters counters = log_->counters();
  std::vector<EnvelopePtr> batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      counters_ = counters;
      bell_->wait(lock, [this] { return !queue_.empty() || is_stopping_; });
      if (queue_.empty()) break;
      batch.swap(queue_);
    }
    for (EnvelopePtr& envelope : batch) core.enqueue(std::move(envelope));
    batch.clear();
    const Clock::time_point begin = Clock::now();
    Result<std::vector<EnvelopePtr>> answers = core.flush();
    if (!answers.ok()) return fail(answers.error());
    const Duration taken = Clock::now() - begin;
    const LogCounters before = counters;
    counters = log_->counters();
    counters.flush_time = before.flush_time + taken;
    counters.flush_time_max = std::max(before.flush_time_max, taken);
    const WakeBatch one_for_all;
    for (EnvelopePtr& envelope : answers.value()) (void)directory_.post_owed(std::move(envelope));
  }
  if (Result<void> done = log_->close(); !done.ok()) fail(done.error());
}

void LogStoreThread::fail(const Error& error) {
  log::error("log", error.detail + "; nothing more is acknowledged and the node must stop");
  on_fatal_(error);
}

}  // namespace harka::storage
