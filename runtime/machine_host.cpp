// SPDX-License-Identifier: Apache-2.0
#include "runtime/machine_host.hpp"

#include "base/log.hpp"
#include "runtime/address_name.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace harka {

namespace {

constexpr Duration description_age_max = 1s;

log::Level level_of(NoteLevel level) {
  switch (level) {
    case NoteLevel::debug: return log::Level::debug;
    case NoteLevel::info: return log::Level::info;
    case NoteLevel::warning: return log::Level::warning;
    case NoteLevel::error: return log::Level::error;
  }
  return log::Level::error;
}

}  // namespace

HostTime HostTime::read() {
  HostTime time;
  time.now = Instant(std::chrono::steady_clock::now().time_since_epoch());
  time.wall = std::chrono::duration_cast<std::chrono::milliseconds>(
                  std::chrono::system_clock::now().time_since_epoch())
                  .count();
  return time;
}

MachineHost::MachineHost(MachinePtr machine, Directory& directory, Options options)
    : machine_(std::move(machine)),
      directory_(directory),
      options_(std::move(options)),
      random_(options_.seed) {
  ASSERT(machine_ != nullptr);
}

template <typename Act>
void MachineHost::run_turn(const Envelope* cause, const HostTime& time, const Act& act) {
  if (ending_) return;
  Turn::Context context;
  context.self = options_.self;
  context.now = time.now;
  context.wall_now = time.wall;
  context.random = &random_;
  context.cause = cause;
  effects_.clear();
  try {
    Turn turn(context, effects_);
    act(turn);
    carry_out(time);
  } catch (const std::exception& failure) {
    ending_ = Ending{false, failure.what()};
  } catch (...) {
    ending_ = Ending{false, "unknown exception"};
  }
  effects_.clear();
  if (options_.record == nullptr) return;
  options_.record->count_turn();
  if (ending_) return;
  if (time.now - described_at_ >= description_age_max) {
    described_at_ = time.now;
    refresh_description();
  }
}

void MachineHost::start(const HostTime& time) {
  run_turn(nullptr, time, [&](Turn& turn) { machine_->start(turn); });
}

void MachineHost::deliver(const Envelope& envelope, const HostTime& time) {
  run_turn(&envelope, time, [&](Turn& turn) { machine_->receive(envelope, turn); });
}

void MachineHost::fire_timers(const HostTime& time) {
  // A bound, because a timer set with no delay is due again at once.
  for (std::size_t left = timers_.size(); left > 0 && !ending_; --left) {
    const auto timer = timers_.pop_due(time.now);
    if (!timer) return;
    run_turn(nullptr, time, [&](Turn& turn) { machine_->on_timer(*timer, turn); });
  }
}

void MachineHost::refresh_description() {
  if (options_.record == nullptr || ending_) return;
  try {
    options_.record->set_description(machine_->describe());
  } catch (const std::exception& failure) {
    ending_ = Ending{false, failure.what()};
  }
}

void MachineHost::carry_out(const HostTime& time) {
  for (Effect& effect : effects_) {
    std::visit([&](auto& one) { carry_out(one, time); }, effect);
  }
}

void MachineHost::carry_out(effect::Send& send, const HostTime&) {
  (void)directory_.post(std::move(send.envelope));  // what is refused is counted there
}

void MachineHost::carry_out(const effect::SetTimer& set, const HostTime& time) {
  timers_.set(set.timer, time.now + std::max(set.after, Duration::zero()));
}

void MachineHost::carry_out(const effect::CancelTimer& cancel, const HostTime&) {
  timers_.cancel(cancel.timer);
}

void MachineHost::carry_out(const effect::Spawn& spawn, const HostTime&) {
  ASSERT(options_.children != nullptr);
  options_.children->spawn(spawn);
}

void MachineHost::carry_out(const effect::Kill& kill, const HostTime&) {
  ASSERT(options_.children != nullptr);
  options_.children->kill(kill);
}

void MachineHost::carry_out(const effect::StopSelf& stop, const HostTime&) {
  if (!ending_) ending_ = Ending{stop.reason.empty(), stop.reason};
}

void MachineHost::carry_out(const effect::Note& note, const HostTime&) {
  const log::Level level = level_of(note.level);
  if (log::is_enabled(level)) log::write(level, name_of(options_.self), note.text);
}

}  // namespace harka
