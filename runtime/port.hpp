// SPDX-License-Identifier: Apache-2.0
// Where an envelope can be put: a mailbox, an I/O thread's queue, a gateway loop's inbox, a link.
#pragma once

#include "runtime/envelope.hpp"

#include <utility>

namespace harka {

class Port {
 public:
  Port() = default;
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  virtual ~Port() = default;

  /// Any thread; never blocks. False when the bounded queue behind it is full or closed: the
  /// envelope is dropped, as a network would, and the sender's own timeout or retry heals it.
  virtual bool post(EnvelopePtr envelope) = 0;

  /// For an answer that its receiver cannot ask for again: a bound on the queue does not refuse it,
  /// because the question took its place already. False only when closed.
  virtual bool post_owed(EnvelopePtr envelope) { return post(std::move(envelope)); }
};

}  // namespace harka
