// SPDX-License-Identifier: Apache-2.0
// One transaction for whatever arrived while the one before was being written.
#include "storage/state_store.hpp"

#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/thread.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace harka::storage {

namespace {

EnvelopePtr answer(const Envelope& request, msg::Message body) {
  return std::make_shared<const Envelope>(
      Envelope{request.to, request.from, request.correlation, std::move(body)});
}

/// The group, and how late its request comes in a batch; 0: at any place.
std::pair<std::uint32_t, std::size_t> stage_of(const msg::Message& message) {
  if (const auto* flush = std::get_if<msg::FlushState>(&message)) return {flush->group, 1};
  if (const auto* install = std::get_if<msg::InstallState>(&message)) return {install->group, 2};
  if (const auto* drop = std::get_if<msg::DropGroup>(&message)) return {drop->group, 3};
  return {0, 0};
}

}  // namespace

Result<std::vector<EnvelopePtr>> StateStoreCore::commit() {
  const std::vector<EnvelopePtr> taken = std::exchange(queue_, {});
  WriteBatch batch;
  std::vector<EnvelopePtr> answers;
  std::map<std::uint32_t, std::size_t> stages;  // of the groups in the batch
  for (const EnvelopePtr& envelope : taken) {
    const auto [group, stage] = stage_of(envelope->body);
    if (stage != 0 && stage < stages[group]) {
      // The batch would do this before what was asked for earlier (see WriteBatch).
      if (Result<void> written = engine_.write(batch); !written.ok()) return written.error();
      batch = WriteBatch{};
      stages.clear();
    }
    stages[group] = std::max(stages[group], stage);
    if (const auto* flush = std::get_if<msg::FlushState>(&envelope->body)) {
      batch.flushes.push_back(flush);
      answers.push_back(
          answer(*envelope, msg::StateFlushed{flush->group, flush->ticket, flush->applied_index}));
    } else if (const auto* install = std::get_if<msg::InstallState>(&envelope->body)) {
      batch.installs.push_back(install);
      answers.push_back(answer(
          *envelope,
          msg::StateInstalled{install->group, install->ticket, install->sequence, install->done}));
    } else if (const auto* recover = std::get_if<msg::RecoverGroup>(&envelope->body)) {
      msg::GroupRecovered recovered;  // a barrier: what was queued before it is durable now
      recovered.group = recover->group;
      recovered.ticket = recover->ticket;
      answers.push_back(answer(*envelope, std::move(recovered)));
    } else if (const auto* drop = std::get_if<msg::DropGroup>(&envelope->body)) {
      batch.drops.emplace_back(drop->group);
      answers.push_back(answer(*envelope, msg::GroupDropped{drop->group, drop->ticket}));
    }
  }
  if (Result<void> written = engine_.write(batch); !written.ok()) return written.error();
  return answers;
}

StateStoreThread::StateStoreThread(
    Engine& engine, Directory& directory, std::function<void(const Error&)> on_fatal)
    : engine_(engine),
      directory_(directory),
      on_fatal_(std::move(on_fatal)),
      thread_([this] { run(); }) {}

StateStoreThread::~StateStoreThread() {
  stop();
}

bool StateStoreThread::post(EnvelopePtr envelope) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_ || queue_.size() >= limits::store_queue_max) return false;
  queue_.push_back(std::move(envelope));
  if (queue_.size() == 1) wake_.notify_one();
  return true;
}

void StateStoreThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

// A flush is thousands of writes into a tree at once. Nobody waits for it, unless the overlays are
// full; everybody would wait for the processor.
void StateStoreThread::run() {
  name_this_thread("state");
  run_this_thread_in_background();
  StateStoreCore core(engine_);
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !queue_.empty() || is_stopping_; });
      if (queue_.empty()) return;
      for (EnvelopePtr& envelope : std::exchange(queue_, {})) core.enqueue(std::move(envelope));
    }
    Result<std::vector<EnvelopePtr>> answers = core.commit();
    if (!answers.ok()) {
      log::error(
          "state",
          answers.error().detail + "; nothing more is acknowledged and the node must stop");
      on_fatal_(answers.error());
      return;
    }
    for (EnvelopePtr& envelope : answers.value()) (void)directory_.post_owed(std::move(envelope));
  }
}

}  // namespace harka::storage
