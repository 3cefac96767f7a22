// SPDX-License-Identifier: Apache-2.0
#include "runtime/caf/caf_host.hpp"

#include "base/log.hpp"
#include "runtime/caf/safe_coordinator.hpp"
#include "runtime/caf/shell.hpp"

#include <caf/actor_system_config.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace harka {

namespace {

// An actor whose mailbox never runs dry lets its neighbours run after this many messages.
constexpr std::size_t throughput_max = 300;
constexpr Duration kill_budget = 2s;

struct Config : caf::actor_system_config {
  explicit Config(std::size_t worker_threads) {
    load<SafeCoordinator>();
    set("scheduler.max-threads", worker_threads);
    set("scheduler.max-throughput", throughput_max);
  }
};

std::size_t threads_or_cores(std::size_t wanted) {
  return wanted > 0 ? wanted : std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

}  // namespace

struct CafHost::State {
  State(Options given, Directory& directory, MachineFactory& factory, Registry& registry)
      : options(std::move(given)),
        node(
            {directory,
             factory,
             registry,
             options.seed,
             false,
             [this](const MachineHost::Ending& ending) { on_root_ended(ending); }}),
        config(threads_or_cores(options.worker_threads)),
        system(std::make_unique<caf::actor_system>(config)) {
    node.attach(*system);
  }

  void on_root_ended(const MachineHost::Ending& ending) {
    bool is_unasked = false;
    {
      const std::lock_guard lock(mutex);
      has_root_ended = true;
      is_unasked = !is_stopping;
      changed.notify_all();
    }
    if (is_unasked && options.root_failed) options.root_failed(ending.reason);
  }

  bool wait_for_root(Duration budget) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, budget, [this] { return has_root_ended; });
  }

  Options options;
  ShellNode node;
  Config config;
  std::unique_ptr<caf::actor_system> system;
  std::shared_ptr<Mailbox> root;  // the directory and the shell share it
  Address root_address;

  std::mutex mutex;
  std::condition_variable changed;
  bool is_stopping = false;
  bool has_root_ended = false;
};

CafHost::CafHost(Options options, Directory& directory, MachineFactory& factory, Registry& registry)
    : state_(std::make_unique<State>(std::move(options), directory, factory, registry)) {}

CafHost::~CafHost() {
  if (state_ != nullptr) (void)stop(10s);
}

void CafHost::start_root(const ChildSpec& root) {
  ASSERT(state_ != nullptr && state_->root == nullptr);
  state_->root_address = root.address;
  state_->root = state_->node.spawn({root, 1}, Address{}, nullptr);
}

bool CafHost::stop(Duration budget) {
  if (state_ == nullptr) return true;
  State& state = *state_;
  {
    const std::lock_guard lock(state.mutex);
    state.is_stopping = true;
    if (state.root == nullptr) state.has_root_ended = true;
  }
  if (state.root != nullptr) {
    msg::StopChild stop;
    stop.reason = "shutdown";
    state.root->post_supervision(std::make_shared<const Envelope>(
        Envelope{state.root_address, state.root_address, 0, std::move(stop)}));
    if (!state.wait_for_root(budget)) {
      log::warning("caf_host", "ordered shutdown exceeded its budget, killing what is left");
      state.root->request_kill();
    }
  }
  if (!state.wait_for_root(kill_budget)) {
    log::error("caf_host", "an actor does not return from its turn; abandoning its thread");
    (void)state_.release();  // its threads still use it
    return false;
  }
  state.root = nullptr;
  state.system = nullptr;  // waits for the last actors and threads
  state_ = nullptr;
  return true;
}

}  // namespace harka
