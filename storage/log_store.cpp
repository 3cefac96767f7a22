// SPDX-License-Identifier: Apache-2.0
// Group commit without a timer: whatever arrives during a flush is the next batch.
#include "storage/log_store.hpp"

#include <utility>

namespace harka::storage {

namespace {

EnvelopePtr answer(const Envelope& request, msg::Message body) {
  return std::make_shared<const Envelope>(
      Envelope{request.to, request.from, request.correlation, std::move(body)});
}

}  // namespace

Result<std::vector<EnvelopePtr>> LogStoreCore::flush() {
  std::vector<EnvelopePtr> answers;
  for (const EnvelopePtr& envelope : std::exchange(queue_, {})) {
    if (const auto* append = std::get_if<msg::AppendLog>(&envelope->body)) {
      if (Result<void> done = log_.append(*append); !done.ok()) return done.error();
      answers.push_back(answer(*envelope, msg::LogAppended{append->group, append->ticket}));
    } else if (const auto* recover = std::get_if<msg::RecoverGroup>(&envelope->body)) {
      Result<msg::GroupRecovered> recovered = log_.recover(GroupId{recover->group});
      if (!recovered.ok()) return recovered.error();
      recovered.value().ticket = recover->ticket;
      answers.push_back(answer(*envelope, std::move(recovered).value()));
    } else if (const auto* drop = std::get_if<msg::DropGroup>(&envelope->body)) {
      if (Result<void> done = log_.drop(GroupId{drop->group}); !done.ok()) return done.error();
      answers.push_back(answer(*envelope, msg::GroupDropped{drop->group, drop->ticket}));
    }
  }
  if (Result<void> done = log_.flush(); !done.ok()) return done.error();
  return answers;
}

LogStoreThread::LogStoreThread(
    std::unique_ptr<SegmentLog> log, Directory& directory,
    std::function<void(const Error&)> on_fatal)
    : log_(std::move(log)),
      directory_(directory),
      on_fatal_(std::move(on_fatal)),
      thread_([this] { run(); }) {}

LogStoreThread::~LogStoreThread() { stop(); }

bool LogStoreThread::post(EnvelopePtr envelope) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_ || queue_.size() >= queue_max) return false;
  queue_.push_back(std::move(envelope));
  if (queue_.size() == 1) wake_.notify_one();
  return true;
}

void LogStoreThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

LogCounters LogStoreThread::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void LogStoreThread::run() {
  LogStoreCore core(*log_);
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      counters_ = log_->counters();
      wake_.wait(lock, [this] { return !queue_.empty() || is_stopping_; });
      if (queue_.empty()) return;
      for (EnvelopePtr& envelope : std::exchange(queue_, {})) core.enqueue(std::move(envelope));
    }
    Result<std::vector<EnvelopePtr>> answers = core.flush();
    if (!answers.ok()) {
      on_fatal_(answers.error());
      return;
    }
    for (EnvelopePtr& envelope : answers.value()) (void)directory_.post(std::move(envelope));
  }
}

}  // namespace harka::storage
