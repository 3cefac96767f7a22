// SPDX-License-Identifier: Apache-2.0
#include "actors/membership/membership.hpp"

#include "runtime/net/seed.hpp"

#include <algorithm>
#include <utility>

namespace harka {

namespace {

constexpr TimerId protocol_timer = 1;
constexpr Duration idle_max = 60s;

std::vector<NodeId> aliases_of(const std::vector<std::string>& seeds, const std::string& own) {
  std::vector<NodeId> aliases;
  for (const std::string& seed : seeds) {
    if (seed != own) aliases.push_back(net::seed_alias(seed));
  }
  return aliases;
}

}  // namespace

Membership::Membership(MembershipOptions options)
    : subscribers_(std::move(options.subscribers)),
      swim_(options.swim, options.self, aliases_of(options.seeds, options.self.link_address)) {}

void Membership::start(Turn& turn) {
  run(turn, [this](membership::Step& step) { swim_.start(step); });
}

void Membership::receive(const Envelope& envelope, Turn& turn) {
  dispatch(*this, envelope, turn);
}

void Membership::on_timer(TimerId, Turn& turn) {
  run(turn, [this](membership::Step& step) { swim_.advance(step); });
}

std::string Membership::describe() const {
  std::size_t alive = 0;
  std::size_t suspect = 0;
  std::size_t dead = 0;
  for (const msg::Member& member : swim_.members()) {
    if (member.state == msg::MemberState::alive) ++alive;
    if (member.state == msg::MemberState::suspect) ++suspect;
    if (member.state == msg::MemberState::dead) ++dead;
  }
  std::string text = std::to_string(alive) + " alive, " + std::to_string(suspect) + " suspect, " +
                     std::to_string(dead) + " dead, health score " +
                     std::to_string(swim_.health_score());
  if (!swim_.refusal().empty()) text += ", cannot join: " + swim_.refusal();
  return text;
}

void Membership::on(const msg::Probe& probe, const Envelope& envelope, Turn& turn) {
  run(turn, [&](membership::Step& step) { swim_.on(NodeId{envelope.from.node}, probe, step); });
}

void Membership::on(const msg::ProbeAck& ack, const Envelope& envelope, Turn& turn) {
  run(turn, [&](membership::Step& step) { swim_.on(NodeId{envelope.from.node}, ack, step); });
}

void Membership::on(const msg::ProbeRequest& request, const Envelope& envelope, Turn& turn) {
  run(turn, [&](membership::Step& step) { swim_.on(NodeId{envelope.from.node}, request, step); });
}

void Membership::on(const msg::ProbeNack& nack, const Envelope& envelope, Turn& turn) {
  run(turn, [&](membership::Step& step) { swim_.on(NodeId{envelope.from.node}, nack, step); });
}

void Membership::on(const msg::JoinRequest& request, const Envelope& envelope, Turn& turn) {
  run(turn, [&](membership::Step& step) {
    swim_.on(NodeId{envelope.from.node}, request, envelope.correlation, step);
  });
}

void Membership::on(const msg::JoinRefused& refused, const Envelope& envelope, Turn& turn) {
  run(turn, [&](membership::Step& step) { swim_.on(NodeId{envelope.from.node}, refused, step); });
}

void Membership::on(const msg::MemberList& list, const Envelope& envelope, Turn& turn) {
  run(turn, [&](membership::Step& step) {
    swim_.on(NodeId{envelope.from.node}, list, envelope.correlation, step);
  });
}

void Membership::on(const msg::LinkUp& up, const Envelope&, Turn& turn) {
  run(turn, [&](membership::Step& step) { swim_.link_changed(NodeId{up.node}, true, step); });
}

void Membership::on(const msg::LinkDown& down, const Envelope&, Turn& turn) {
  run(turn, [&](membership::Step& step) { swim_.link_changed(NodeId{down.node}, false, step); });
}

void Membership::on(const msg::LeaveCluster&, const Envelope&, Turn& turn) {
  run(turn, [this](membership::Step& step) { swim_.leave(step); });
}

void Membership::on(const msg::MapRequest&, const Envelope&, Turn& turn) {
  turn.reply(msg::MembershipChanged{swim_.members()});
}

void Membership::on(const msg::MapUpdate& update, const Envelope& envelope, Turn& turn) {
  if (!turn.is_from_here(envelope)) return;  // its control's to say
  run(turn, [&](membership::Step& step) {
    if (update.map.cluster_id != 0) swim_.set_cluster_id(update.map.cluster_id, step);
  });
}

template <typename Act>
void Membership::run(Turn& turn, const Act& act) {
  membership::Step step{turn.now(), turn.random(), {}, {}};
  act(step);
  for (std::string& note : step.notes) turn.note(NoteLevel::warning, std::move(note));
  // Subscribers first: the links must know whom the messages below are for.
  if (swim_.take_changed()) {
    for (const Address& subscriber : subscribers_) {
      turn.send(subscriber, msg::MembershipChanged{swim_.members()});
    }
  }
  for (membership::Send& send : step.sends) {
    const Address to = address_of(send.to, msg::ActorKind::membership);
    turn.send(to, std::move(send.message), send.correlation);
  }
  const Instant due = std::clamp(swim_.next_due(), turn.now(), turn.now() + idle_max);
  turn.set_timer(protocol_timer, due - turn.now());
}

}  // namespace harka
