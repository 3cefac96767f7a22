// SPDX-License-Identifier: Apache-2.0
#include "runtime/caf/seeded_host.hpp"

#include "runtime/caf/seeded_coordinator.hpp"
#include "runtime/caf/shell.hpp"

#include <caf/actor_system_config.hpp>

#include <chrono>
#include <utility>

namespace harka {

namespace {

struct Config : caf::actor_system_config {
  Config() { load<SeededCoordinator>(); }
};

}  // namespace

struct SeededHost::State {
  State(std::uint64_t seed, Directory& directory, MachineFactory& factory, Registry& registry)
      : node(
            {directory,
             factory,
             registry,
             seed,
             true,
             [this](const MachineHost::Ending& ending) { root_ending = ending.reason; }}),
        system(config),
        scheduler(static_cast<SeededCoordinator&>(system.scheduler())) {
    scheduler.seed(seed);
    node.attach(system);
  }

  std::optional<std::string> root_ending;
  ShellNode node;
  Config config;
  caf::actor_system system;
  SeededCoordinator& scheduler;
  std::shared_ptr<Mailbox> root;  // the directory and the shell share it
  Address root_address;
};

SeededHost::SeededHost(
    std::uint64_t seed, Directory& directory, MachineFactory& factory, Registry& registry)
    : state_(std::make_unique<State>(seed, directory, factory, registry)) {}

SeededHost::~SeededHost() {
  // ~actor_system waits for every actor, and only this thread can run them.
  if (state_->root != nullptr && !state_->root_ending) {
    state_->root->request_kill();
    run_for(Duration::zero());
  }
}

void SeededHost::start_root(const ChildSpec& root) {
  ASSERT(state_->root == nullptr);
  state_->root_address = root.address;
  state_->root = state_->node.spawn({root, 1}, Address{}, nullptr);
}

void SeededHost::run_for(Duration duration) {
  state_->scheduler.run_until(
      state_->scheduler.clock().now() +
      std::chrono::duration_cast<caf::actor_clock::duration_type>(duration));
}

bool SeededHost::stop(Duration budget) {
  if (state_->root == nullptr || state_->root_ending) return true;
  state_->root->post_supervision(std::make_shared<const Envelope>(
      Envelope{state_->root_address, state_->root_address, 0, msg::StopChild{}}));
  run_for(budget);
  return state_->root_ending.has_value();
}

Instant SeededHost::now() const {
  return state_->node.time().now;
}

const std::optional<std::string>& SeededHost::root_ending() const {
  return state_->root_ending;
}

std::uint64_t SeededHost::steps() const {
  return state_->scheduler.steps();
}

}  // namespace harka
