// SPDX-License-Identifier: Apache-2.0
// Hosts any machine as a CAF actor. It decides nothing: it gives turns, arms one wake-up for the
// machine's earliest timer, spawns and kills children, and reports its own end to its parent.
//
// An actor that ends waits for the end of all its children before it tells its parent, so two
// incarnations of a subtree never overlap. Actors are never linked or monitored: CAF's exits carry
// no text and kill across links.
#pragma once

#include "runtime/caf/mailbox.hpp"
#include "runtime/directory.hpp"
#include "runtime/machine_host.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace harka {

/// What all shells of a node share. Outlives them.
class ShellNode {
 public:
  struct Parts {
    Directory& directory;
    MachineFactory& factory;
    Registry& registry;
    std::uint64_t seed = 0;
    bool is_time_virtual = false;
    std::function<void(const MachineHost::Ending&)> root_ended;  // on a worker thread
  };

  explicit ShellNode(Parts parts) : parts_(std::move(parts)) {}

  void attach(caf::actor_system& system) { system_ = &system; }

  [[nodiscard]] const Parts& parts() const { return parts_; }

  [[nodiscard]] HostTime time() const;
  [[nodiscard]] MachinePtr make_machine(const ChildSpec& spec);

  /// Spawns the actor, binds its address and lets it start. `parent` null: the root.
  std::shared_ptr<Mailbox> spawn(
      const effect::Spawn& spawn, const Address& parent_address, std::shared_ptr<Mailbox> parent);

 private:
  Parts parts_;
  caf::actor_system* system_ = nullptr;
  std::mutex factory_mutex_;  // factories need not be thread-safe
};

/// How a shell begins.
struct ShellStart {
  ShellNode* node = nullptr;
  ChildSpec spec;
  std::uint64_t instance = 0;
  std::shared_ptr<Mailbox> mailbox;  // its own; the directory shares it
  std::shared_ptr<Mailbox> parent;   // null: the root
  Address parent_address;
};

class Shell final : public caf::event_based_actor, private ChildKeeper {
 public:
  Shell(caf::actor_config& config, std::shared_ptr<const ShellStart> start);
  caf::behavior make_behavior() override;

 private:
  using ChildKey = std::tuple<msg::ActorKind, std::uint32_t>;

  struct Child {
    std::uint64_t instance = 0;
    std::shared_ptr<Mailbox> mailbox;
  };

  void on_event(const ShellEvent& event);
  void take_turn(const ShellEvent& event);
  void start_machine(const HostTime& time);
  void deliver(const ShellEvent& event, const HostTime& time);
  void forget_child(const msg::ChildExited& exited);
  void arm_wake_up();
  void begin_ending(MachineHost::Ending ending);
  void finish_when_alone();
  void spawn(const effect::Spawn& spawn) override;
  void kill(const effect::Kill& kill) override;

  ShellNode& node_;
  std::shared_ptr<const ShellStart> start_;
  std::unique_ptr<MachineHost> host_;  // null before the start and once ending
  std::map<ChildKey, Child> children_;
  std::vector<Instant> armed_;  // wake-ups on their way, the earliest last
  std::optional<MachineHost::Ending> ending_;
  bool is_finished_ = false;
};

}  // namespace harka
