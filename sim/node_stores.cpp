// SPDX-License-Identifier: Apache-2.0
#include "sim/node_stores.hpp"

#include "base/marks.hpp"

#include <algorithm>
#include <utility>

namespace harka::sim {

NodeStores::NodeStores(const StoreOptions& options, Random random)
    : options_(options), random_(random), engine_(options.snapshot_part_bytes) {}

Result<void> NodeStores::open() {
  Result<std::unique_ptr<storage::SegmentLog>> log = storage::SegmentLog::open(disk_, options_.log);
  if (!log.ok()) return log.error();
  log_ = std::move(log).value();
  log_core_ = std::make_unique<storage::LogStoreCore>(*log_);
  state_core_ = std::make_unique<storage::StateStoreCore>(engine_);
  disk_.set_undamaged();  // whatever was, the log knows now
  return {};
}

void NodeStores::wipe() {
  ASSERT(log_ == nullptr);
  disk_ = SimDisk{};
  engine_ = MemoryEngine(options_.snapshot_part_bytes);
}

void NodeStores::crash(CrashLoss loss) {
  if (is_flushing_ && log_core_ != nullptr) {
    hit(Mark::crash_during_sync);
    disk_.set_dying(true);  // the write happens, its sync does not
    for (EnvelopePtr& envelope : log_taken_) log_core_->enqueue(std::move(envelope));
    (void)log_core_->flush().ok();
  }
  disk_.lose_power(loss, random_);
  if (is_committing_ && loss == CrashLoss::none) (void)finish_state_commit().ok();
  log_waiting_.clear();
  state_waiting_.clear();
  log_taken_.clear();
  state_taken_.clear();
  is_flushing_ = false;
  is_committing_ = false;
  at_least_ = {};
  log_core_.reset();
  state_core_.reset();
  log_.reset();
}

std::optional<Duration> NodeStores::begin_log_flush() {
  if (is_flushing_ || log_waiting_.empty()) return std::nullopt;
  is_flushing_ = true;
  log_taken_ = std::exchange(log_waiting_, {});
  return draw_latency();
}

std::optional<Duration> NodeStores::begin_state_commit() {
  if (is_committing_ || state_waiting_.empty()) return std::nullopt;
  is_committing_ = true;
  state_taken_ = std::exchange(state_waiting_, {});
  return draw_latency() * 2;  // two dependent flushes, as LMDB needs
}

Result<std::vector<EnvelopePtr>> NodeStores::finish_log_flush() {
  ASSERT(is_flushing_);
  is_flushing_ = false;
  flushed_ = std::exchange(log_taken_, {});
  for (const EnvelopePtr& envelope : flushed_) log_core_->enqueue(envelope);
  Result<std::vector<EnvelopePtr>> answers = log_core_->flush();
  if (!answers.ok()) return answers;
  if (answers_before_sync_) {
    std::erase_if(answers.value(), [](const EnvelopePtr& envelope) {
      return std::holds_alternative<msg::LogAppended>(envelope->body);
    });
  }
  return answers;
}

std::vector<EnvelopePtr> NodeStores::take_early_answers() {
  std::vector<EnvelopePtr> answers;
  if (!answers_before_sync_) return answers;
  for (const EnvelopePtr& envelope : log_taken_) {
    const auto* append = std::get_if<msg::AppendLog>(&envelope->body);
    if (append == nullptr) continue;
    answers.push_back(std::make_shared<const Envelope>(Envelope{
        envelope->to,
        envelope->from,
        envelope->correlation,
        msg::LogAppended{append->group, append->ticket}}));
  }
  return answers;
}

Result<std::vector<EnvelopePtr>> NodeStores::finish_state_commit() {
  ASSERT(is_committing_);
  is_committing_ = false;
  if (disk_.is_full() && random_.chance(0.5)) {  // else it found pages to use again
    return Error{Code::io_failed, "No space left on device"};
  }
  flushed_ = std::exchange(state_taken_, {});
  for (const EnvelopePtr& envelope : flushed_) state_core_->enqueue(envelope);
  return state_core_->commit();
}

Duration NodeStores::draw_latency() {
  const bool is_stalled = random_.chance(options_.stall);
  const Duration drawn =
      random_.between(options_.sync_min, is_stalled ? options_.stall_max : options_.sync_max);
  return std::max(drawn, at_least_);
}

}  // namespace harka::sim
