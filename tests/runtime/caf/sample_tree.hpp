// SPDX-License-Identifier: Apache-2.0
// A small tree of machines for both hosts: children that count, crash, refuse to stop, on demand.
#pragma once

#include "runtime/address_name.hpp"
#include "runtime/supervisor.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace harka::testing {

constexpr NodeId sample_node{1};

inline Address supervisor_address(std::uint32_t index) {
  return address_of(sample_node, msg::ActorKind::supervisor, index);
}

inline Address worker_address(std::uint32_t index) {
  return address_of(sample_node, msg::ActorKind::replica, index);
}

/// What the machines report, from any thread.
class Journal {
 public:
  void add(const std::string& line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(line);
    changed_.notify_all();
  }

  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

  [[nodiscard]] std::size_t count(const std::string& line) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(lines_, line));
  }

  /// For threaded runs: until the line stands there that many times. False after ten seconds.
  [[nodiscard]] bool wait_for(const std::string& line, std::size_t times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] {
      return static_cast<std::size_t>(std::ranges::count(lines_, line)) >= times;
    });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

/// What a worker does is told by messages: Probe counts, Inject crashes, LeaveCluster hangs the
/// turn, LinkUp{n} sets timer n to 10 ms (LinkUp{n, m} to m), LinkDown{n} cancels it.
class Worker final : public Machine {
 public:
  Worker(std::string name, Journal& journal, bool refuses_to_stop)
      : name_(std::move(name)), journal_(journal), refuses_to_stop_(refuses_to_stop) {}

  void start(Turn&) override { journal_.add("start " + name_); }

  void receive(const Envelope& envelope, Turn& turn) override { dispatch(*this, envelope, turn); }

  void on_timer(TimerId timer, Turn& turn) override {
    journal_.add(
        "timer " + std::to_string(timer) + " " + name_ + " " +
        std::to_string((turn.now() - set_at_) / std::chrono::milliseconds(1)) + "ms");
  }

  [[nodiscard]] std::string describe() const override {
    return std::to_string(probes_) + " probes";
  }

  void on(const msg::Probe& probe, const Envelope&, Turn&) {
    ++probes_;
    if (probe.sequence > 0) {
      journal_.add("probe " + std::to_string(probe.sequence) + " " + name_);
    }
  }

  void on(const msg::LinkUp& up, const Envelope&, Turn& turn) {
    set_at_ = turn.now();
    const std::uint64_t after = up.epoch > 0 ? up.epoch : 10;
    turn.set_timer(static_cast<TimerId>(up.node), std::chrono::milliseconds(after));
  }

  void on(const msg::LinkDown& down, const Envelope&, Turn& turn) {
    turn.cancel_timer(static_cast<TimerId>(down.node));
  }

  void on(const msg::LeaveCluster&, const Envelope&, Turn&) {
    journal_.add("busy " + name_);
    while (!may_return_.load()) std::this_thread::yield();
  }

  void on(const msg::StopChild&, const Envelope&, Turn& turn) {
    journal_.add("stop " + name_);
    if (!refuses_to_stop_) turn.stop_self();
  }

  static void let_return(bool may) { may_return_.store(may); }

 private:
  std::string name_;
  Journal& journal_;
  bool refuses_to_stop_;
  std::uint64_t probes_ = 0;
  Instant set_at_;
  static inline std::atomic<bool> may_return_{true};
};

/// Workers with index 100 and above refuse to stop; 200 throws when it is made.
class SampleFactory final : public MachineFactory {
 public:
  [[nodiscard]] MachinePtr make(const ChildSpec& spec) override {
    if (spec.address.kind == msg::ActorKind::supervisor) {
      return std::make_unique<SupervisorMachine>(spec);
    }
    if (spec.address.index == 200) throw Bug("cannot be made");
    return std::make_unique<Worker>(name_of(spec.address), journal, spec.address.index >= 100);
  }

  Journal journal;
};

inline ChildSpec supervisor_spec(std::uint32_t index, std::vector<ChildSpec> children) {
  ChildSpec spec;
  spec.address = supervisor_address(index);
  spec.children = std::move(children);
  return spec;
}

inline ChildSpec worker_spec(std::uint32_t index) {
  ChildSpec spec;
  spec.address = worker_address(index);
  spec.shutdown_budget = 100ms;
  return spec;
}

inline bool post(const Directory& directory, const Address& to, msg::Message body) {
  return directory.post(std::make_shared<const Envelope>(
      Envelope{address_of(sample_node, msg::ActorKind::client), to, 0, std::move(body)}));
}

}  // namespace harka::testing
