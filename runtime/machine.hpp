// SPDX-License-Identifier: Apache-2.0
// What an actor is: a machine takes a turn, one message in, effects out. No thread, lock, socket,
// file, clock, environment or global random may be reached from a machine.
#pragma once

#include "runtime/turn.hpp"

#include <memory>
#include <string>
#include <type_traits>
#include <variant>

namespace harka {

class Machine {
 public:
  Machine() = default;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  virtual ~Machine() = default;

  /// Its first turn.
  virtual void start(Turn& turn) { (void)turn; }

  virtual void receive(const Envelope& envelope, Turn& turn) = 0;

  virtual void on_timer(TimerId timer, Turn& turn) {
    (void)timer;
    (void)turn;
  }

  /// One line for the actor registry, read between turns.
  [[nodiscard]] virtual std::string describe() const { return {}; }
};

using MachinePtr = std::unique_ptr<Machine>;

/// Makes the machine that a specification names. One per node, built from the node's configuration;
/// both interpreters call it, so the simulator runs the real wiring.
class MachineFactory {
 public:
  virtual ~MachineFactory() = default;
  [[nodiscard]] virtual MachinePtr make(const ChildSpec& spec) = 0;
};

/// Calls `machine.on(message, envelope, turn)` for the message types that `M` handles. Two messages
/// have a default: StopChild stops the machine, so that only those with something to finish write
/// a handler, and Inject crashes it. Others are noted; they come from a newer node or a wrong
/// address.
template <typename M>
void dispatch(M& machine, const Envelope& envelope, Turn& turn) {
  std::visit(
      [&](const auto& message) {
        if constexpr (requires { machine.on(message, envelope, turn); }) {
          machine.on(message, envelope, turn);
        } else if constexpr (std::is_same_v<std::decay_t<decltype(message)>, msg::StopChild>) {
          turn.stop_self();
        } else if constexpr (std::is_same_v<std::decay_t<decltype(message)>, msg::Inject>) {
          if (message.fault == "crash") throw Bug("injected fault: " + message.fault);
        } else {
          turn.note(NoteLevel::debug, "ignored " + std::string(msg::name_of(envelope.body)));
        }
      },
      envelope.body);
}

}  // namespace harka
