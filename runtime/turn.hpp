// SPDX-License-Identifier: Apache-2.0
// A turn: all that a machine may know or do while it handles one message.
//
// A machine reads time and randomness from the turn and appends effects to it; an interpreter (CAF
// in production, the World in simulation, the gateway's loop for its router) carries them out after
// the turn and decides nothing. A turn that ends by an exception has no effects.
#pragma once

#include "base/random.hpp"
#include "base/time.hpp"
#include "runtime/child_spec.hpp"
#include "runtime/envelope.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace harka {

/// A machine's own name for one of its timers; setting it again replaces it.
using TimerId = std::uint32_t;

enum class NoteLevel : std::uint8_t { debug, info, warning, error };

namespace effect {
struct Send {
  EnvelopePtr envelope;
};

struct SetTimer {
  TimerId timer;
  Duration after;
};

struct CancelTimer {
  TimerId timer;
};

/// Starts a child of this machine; its exit comes back as msg::ChildExited with `instance`.
struct Spawn {
  ChildSpec spec;
  std::uint64_t instance;
};

/// Ends a child without grace (msg::StopChild is the polite way).
struct Kill {
  Address child;
  std::uint64_t instance;
};

/// Ends this machine after the turn. An empty reason is a normal exit.
struct StopSelf {
  std::string reason;
};

struct Note {
  NoteLevel level;
  std::string text;
};
}  // namespace effect

using Effect = std::variant<
    effect::Send,
    effect::SetTimer,
    effect::CancelTimer,
    effect::Spawn,
    effect::Kill,
    effect::StopSelf,
    effect::Note>;

class Turn {
 public:
  struct Context {
    Address self;
    Instant now;
    WallTime wall_now = 0;
    Random* random = nullptr;         // outlives the turn
    const Envelope* cause = nullptr;  // null in start() and on_timer()
  };

  Turn(const Context& context, std::vector<Effect>& effects)
      : context_(context), effects_(effects) {}

  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  [[nodiscard]] Instant now() const { return context_.now; }

  [[nodiscard]] WallTime wall_now() const { return context_.wall_now; }

  [[nodiscard]] Random& random() { return *context_.random; }

  [[nodiscard]] const Address& self() const { return context_.self; }

  [[nodiscard]] NodeId node() const { return NodeId{context_.self.node}; }

  /// Whether an actor of this machine's own node sent it.
  [[nodiscard]] bool is_from_here(const Envelope& envelope) const {
    return envelope.from.node == context_.self.node;
  }

  void send(const Address& to, msg::Message body, std::uint64_t correlation = 0) {
    effects_.emplace_back(effect::Send{std::make_shared<const Envelope>(
        Envelope{context_.self, to, correlation, std::move(body)})});
  }

  /// Answers the message this turn handles. Only valid while handling one.
  void reply(msg::Message body) {
    ASSERT(context_.cause != nullptr);
    send(context_.cause->from, std::move(body), context_.cause->correlation);
  }

  void set_timer(TimerId timer, Duration after) {
    effects_.emplace_back(effect::SetTimer{timer, after});
  }

  void cancel_timer(TimerId timer) { effects_.emplace_back(effect::CancelTimer{timer}); }

  void spawn(ChildSpec spec, std::uint64_t instance) {
    effects_.emplace_back(effect::Spawn{std::move(spec), instance});
  }

  void kill(const Address& child, std::uint64_t instance) {
    effects_.emplace_back(effect::Kill{child, instance});
  }

  void stop_self(std::string reason = {}) {
    effects_.emplace_back(effect::StopSelf{std::move(reason)});
  }

  void note(NoteLevel level, std::string text) {
    effects_.emplace_back(effect::Note{level, std::move(text)});
  }

 private:
  Context context_;
  std::vector<Effect>& effects_;
};

}  // namespace harka
