// SPDX-License-Identifier: Apache-2.0
#include "runtime/caf/mailbox.hpp"

#include "runtime/caf/tsan_edges.hpp"

#include <caf/send.hpp>

#include <utility>

namespace harka {

bool Mailbox::post(EnvelopePtr envelope) {
  if (is_closed_.load(std::memory_order_acquire)) return false;
  if (std::holds_alternative<msg::StopChild>(envelope->body)) {
    post_supervision(std::move(envelope));
    return true;
  }
  if (!record_->enter_mailbox()) return false;
  enqueue({ShellEvent::Kind::message, std::move(envelope)});
  return true;
}

bool Mailbox::post_owed(EnvelopePtr envelope) {
  if (is_closed_.load(std::memory_order_acquire)) return false;
  record_->force_into_mailbox();
  enqueue({ShellEvent::Kind::message, std::move(envelope)});
  return true;
}

void Mailbox::post_supervision(EnvelopePtr envelope) {
  record_->force_into_mailbox();
  enqueue({ShellEvent::Kind::supervision, std::move(envelope)});
}

void Mailbox::post_event(ShellEvent::Kind kind) {
  enqueue({kind, nullptr});
}

void Mailbox::request_kill() {
  is_killed_.store(true, std::memory_order_release);
  tsan::release(this);
  caf::anon_send<caf::message_priority::high>(actor_, ShellEvent{ShellEvent::Kind::kill, nullptr});
}

void Mailbox::enqueue(ShellEvent event) {
  tsan::release(this);
  caf::anon_send(actor_, std::move(event));
}

}  // namespace harka
