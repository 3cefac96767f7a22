// SPDX-License-Identifier: Apache-2.0
// The door of one CAF actor: counts what is inside, so that a mailbox is bounded (CAF's are not),
// and carries the few events that are not messages. The one type that crosses CAF mailboxes is
// ShellEvent.
#pragma once

#include "runtime/caf/tsan_edges.hpp"
#include "runtime/port.hpp"
#include "runtime/registry.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <atomic>
#include <memory>

namespace harka {

struct ShellEvent {
  enum class Kind : std::uint8_t {
    start,        // so that there is a first event
    message,      // counted in the mailbox
    supervision,  // a message past the bound: a lost ChildExited would lose the child
    wake,         // the CAF clock: timers may be due
    kill,         // look at the mailbox's flag
    describe      // a listing wants a fresh description
  };
  Kind kind = Kind::message;
  EnvelopePtr envelope;  // message, supervision
  Instant due{};         // wake: for when it was armed
  tsan::Edge edge{};
};

}  // namespace harka

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(harka::ShellEvent)

namespace harka {

class Mailbox final : public Port {
 public:
  explicit Mailbox(std::shared_ptr<ActorRecord> record) : record_(std::move(record)) {}

  /// Once, before anything else.
  void attach(caf::actor actor) { actor_ = std::move(actor); }

  // Any thread.
  bool post(EnvelopePtr envelope) override;
  bool post_owed(EnvelopePtr envelope) override;
  /// Never refused by the bound.
  void post_supervision(EnvelopePtr envelope);
  void post_event(ShellEvent::Kind kind);
  /// The actor ends before its next turn, however long its mailbox is.
  void request_kill();

  /// Posts fail from now on.
  void close() { is_closed_.store(true, std::memory_order_release); }

  // The actor's own thread.
  [[nodiscard]] bool is_killed() const { return is_killed_.load(std::memory_order_acquire); }

  void leave() { record_->leave_mailbox(); }

  [[nodiscard]] const std::shared_ptr<ActorRecord>& record() const { return record_; }

  [[nodiscard]] const caf::actor& actor() const { return actor_; }

 private:
  void enqueue(ShellEvent event);

  caf::actor actor_;
  std::shared_ptr<ActorRecord> record_;  // the registry shares it
  std::atomic<bool> is_closed_{false};
  std::atomic<bool> is_killed_{false};
};

}  // namespace harka
