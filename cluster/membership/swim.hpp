// SPDX-License-Identifier: Apache-2.0
// Who is alive: SWIM (Das, Gupta, Motivala 2002) with Lifeguard's refinements (Dadgar, Phillips,
// Currey 2018) as hashicorp/memberlist has them: local health, nacks, suspicion that confirmations
// shorten, the buddy rule. Ours: claims carry the process's epoch, so a restarted node comes back
// by itself; the dead are probed rarely for ever, so a healed partition does too; a lost connection
// is evidence (it starts a probe), never a verdict.
//
// Pure: inputs are calls with a step, outputs are appended to it. Membership may be wrong without
// harm; nobody's ownership follows from it.
#pragma once

#include "base/random.hpp"
#include "cluster/membership/gossip.hpp"
#include "cluster/membership/member_table.hpp"
#include "cluster/membership/options.hpp"
#include "cluster/membership/suspicion.hpp"
#include "schemas/messages.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace harka::membership {

struct Send {
  NodeId to;
  msg::Message message;
  std::uint64_t correlation = 0;
};

/// One input: what the protocol may know and what it does.
struct Step {
  Instant now;
  Random& random;
  std::vector<Send> sends;
  std::vector<std::string> notes;  // for operators
};

class Swim {
 public:
  /// `seeds` are node ids or aliases that reach nodes of which only an address is known.
  Swim(const Options& options, msg::Member self, const std::vector<NodeId>& seeds);

  void start(Step& step);
  /// Does what is due. Call at `next_due`, or earlier without harm.
  void advance(Step& step);
  /// The end of time when there is nothing to do (after `leave`).
  [[nodiscard]] Instant next_due() const;

  void on(NodeId from, const msg::Probe& probe, Step& step);
  void on(NodeId from, const msg::ProbeAck& ack, Step& step);
  void on(NodeId from, const msg::ProbeRequest& request, Step& step);
  void on(NodeId from, const msg::ProbeNack& nack, Step& step);
  void on(NodeId from, const msg::JoinRequest& request, std::uint64_t correlation, Step& step);
  void on(NodeId from, const msg::JoinRefused& refused, Step& step);
  /// `correlation` is that of the JoinRequest it answers, or 0.
  void on(NodeId from, const msg::MemberList& list, std::uint64_t correlation, Step& step);
  /// A connection to it was made or lost.
  void link_changed(NodeId node, bool is_up, Step& step);
  void set_cluster_id(std::uint64_t cluster_id, Step& step);
  /// Tells the others that this node leaves; it stops probing and refuting.
  void leave(Step& step);

  /// Whether the view changed since the last call.
  [[nodiscard]] bool take_changed();
  /// Everybody known, this node included, in order of ids.
  [[nodiscard]] std::vector<msg::Member> members() const;

  [[nodiscard]] const msg::Member& self() const { return self_; }

  [[nodiscard]] std::uint32_t health_score() const { return health_; }

  /// Why this node could not join, as the last seed that refused it said; empty once it joined.
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

 private:
  /// The probe of this round.
  struct Probing {
    std::uint64_t node = 0;
    std::uint64_t sequence = 0;
    Instant helpers_at;  // when helpers are asked, once
    Instant ends_at;
    bool has_asked_helpers = false;
    std::size_t nacks_expected = 0;
    std::size_t nacks_received = 0;
  };

  /// A probe on behalf of another.
  struct Helping {
    NodeId origin;
    std::uint64_t origin_sequence = 0;
    Instant nack_at;
  };

  struct Seed {
    NodeId alias;
    std::uint64_t node = 0;  // who answered there; 0: nobody yet
    Instant next_at;
  };

  // swim.cpp: what is believed.
  void merge(const msg::Member& claim, Step& step);
  void merge_all(const std::vector<msg::Member>& claims, Step& step);
  void hear_about_self(const msg::Member& claim, Step& step);
  void hear_again(const msg::Member& claim, const msg::Member& known, Step& step);
  void accept(const msg::Member& claim, Step& step);
  void expire_suspicions(Step& step);
  void forget_left(Step& step);
  void raise_health(std::size_t by);

  // spreading.cpp: how it is told.
  void spread(Step& step);
  [[nodiscard]] bool has_news() const;
  void correct(NodeId teller, const std::vector<msg::Member>& told, Step& step);
  void exchange_with(std::uint64_t node, Step& step);
  void knock_at_seeds(Step& step);
  [[nodiscard]] bool is_satisfied(const Seed& seed) const;
  [[nodiscard]] std::vector<msg::Member> gossip_for(std::uint64_t node);
  /// Up to `count` living members but `except`.
  [[nodiscard]] std::vector<std::uint64_t> pick(
      std::size_t count, std::uint64_t except, Random& random) const;
  [[nodiscard]] const msg::Member* member(std::uint64_t node) const;

  // probing.cpp: how it is checked.
  void advance_probe(Step& step);
  void begin_round(Step& step);
  void ask_helpers(Step& step);
  void fail_round(Step& step);
  void probe_dead(Step& step);
  void send_nacks(Step& step);
  void probe_soon(std::uint64_t node, Step& step);
  [[nodiscard]] std::uint64_t next_target(Step& step);

  [[nodiscard]] Duration stretched(Duration duration) const { return duration * (health_ + 1); }

  Options options_;
  msg::Member self_;
  MemberTable table_;  // the others
  std::map<std::uint64_t, Suspicion> suspicions_;
  GossipQueue gossip_;
  std::vector<Seed> seeds_;
  std::string refusal_;
  bool has_changed_ = true;

  std::uint32_t health_ = 0;
  std::uint64_t sequence_last_ = 0;
  std::optional<Probing> probing_;
  std::map<std::uint64_t, Helping> helping_;  // by our own sequence
  std::vector<std::uint64_t> ring_;           // this pass's targets, last first
  std::set<std::uint64_t> urgent_;            // probed before the ring's
  Instant round_began_;
  Instant round_at_;
  Instant gossip_at_;
  Instant exchange_at_;
  Instant dead_probe_at_;
};

}  // namespace harka::membership
