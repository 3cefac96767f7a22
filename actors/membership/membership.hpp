// SPDX-License-Identifier: Apache-2.0
// The membership actor: one a node, with SWIM inside. It turns messages, timers and what the links
// report into inputs of the protocol, and tells local subscribers the whole view after each change.
#pragma once

#include "cluster/membership/swim.hpp"
#include "runtime/machine.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace harka {

struct MembershipOptions {
  msg::Member self;  // state and incarnation are the protocol's business
  std::vector<std::string>
      seeds;  // host:port of other nodes; its own address among them is ignored
  std::vector<Address> subscribers;  // local; get MembershipChanged after every change
  membership::Options swim;
};

class Membership final : public Machine {
 public:
  explicit Membership(MembershipOptions options);

  void start(Turn& turn) override;
  void receive(const Envelope& envelope, Turn& turn) override;
  void on_timer(TimerId timer, Turn& turn) override;
  [[nodiscard]] std::string describe() const override;

  void on(const msg::Probe& probe, const Envelope& envelope, Turn& turn);
  void on(const msg::ProbeAck& ack, const Envelope& envelope, Turn& turn);
  void on(const msg::ProbeRequest& request, const Envelope& envelope, Turn& turn);
  void on(const msg::ProbeNack& nack, const Envelope& envelope, Turn& turn);
  void on(const msg::JoinRequest& request, const Envelope& envelope, Turn& turn);
  void on(const msg::JoinRefused& refused, const Envelope& envelope, Turn& turn);
  void on(const msg::MemberList& list, const Envelope& envelope, Turn& turn);
  void on(const msg::LinkUp& up, const Envelope& envelope, Turn& turn);
  void on(const msg::LinkDown& down, const Envelope& envelope, Turn& turn);
  void on(const msg::LeaveCluster& leave, const Envelope& envelope, Turn& turn);
  /// From an actor of this node that has just started: it gets the view, which may not change soon.
  void on(const msg::MapRequest& request, const Envelope& envelope, Turn& turn);
  /// From control: the cluster this node belongs to.
  void on(const msg::MapUpdate& update, const Envelope& envelope, Turn& turn);

 private:
  /// Runs `act(step)` on the protocol and turns what came of it into effects.
  template <typename Act>
  void run(Turn& turn, const Act& act);

  std::vector<Address> subscribers_;
  membership::Swim swim_;
};

}  // namespace harka
