// SPDX-License-Identifier: Apache-2.0
// A message on its way: who sent it, to whom, and which question it answers.
#pragma once

#include "base/ids.hpp"
#include "schemas/messages.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace harka {

using Address = msg::Address;

/// Immutable once sent, so one envelope may be read by any thread.
struct Envelope {
  Address from;
  Address to;
  std::uint64_t correlation = 0;  // a reply carries its request's; 0: no reply expected
  msg::Message body;
};

using EnvelopePtr = std::shared_ptr<const Envelope>;

[[nodiscard]] inline Address address_of(NodeId node, msg::ActorKind kind, std::uint32_t index = 0) {
  Address address;
  address.node = node.value;
  address.kind = kind;
  address.index = index;
  return address;
}

[[nodiscard]] inline Address replica_address(NodeId node, GroupId group) {
  return address_of(node, msg::ActorKind::replica, group.value);
}

}  // namespace harka
