// SPDX-License-Identifier: Apache-2.0
// The node's pulse: one timer for all raft groups of the node, and one heartbeat message per peer
// node instead of one per group.
//
// With 100 groups a node would otherwise run 100 timers and send hundreds of small messages a
// second while idle. Pulse also knows what this node leads, tells every node so (leader hints, for
// routing), hands leadership to each group's preferred node, and moves it all away when draining.
#pragma once

#include "runtime/machine.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace harka {

struct PulseOptions {
  Duration tick = limits::tick_interval;
  Duration heartbeat_interval = limits::heartbeat_interval;  // of the groups
  Duration coalesce = 1ms;       // how long beats wait for others when not every replica answers
  Duration hints_interval = 1s;  // the complete list of what this node leads
  Duration preference_interval = 1s;   // how often leadership may move to preferred nodes
  std::uint32_t preference_batch = 8;  // groups at a time: moving all at once would stall all
};

class Pulse final : public Machine {
 public:
  explicit Pulse(PulseOptions options) : options_(options) {}

  void start(Turn& turn) override;
  void receive(const Envelope& envelope, Turn& turn) override;
  void on_timer(TimerId timer, Turn& turn) override;
  [[nodiscard]] std::string describe() const override;

  void on(const msg::BeatsOut& out, const Envelope& envelope, Turn& turn);
  void on(const msg::BeatReplyOut& out, const Envelope& envelope, Turn& turn);
  void on(const msg::Beats& beats, const Envelope& envelope, Turn& turn);
  void on(const msg::BeatReplies& replies, const Envelope& envelope, Turn& turn);
  void on(const msg::LeadershipChanged& change, const Envelope& envelope, Turn& turn);
  void on(const msg::MembershipChanged& change, const Envelope& envelope, Turn& turn);
  void on(const msg::MapUpdate& update, const Envelope& envelope, Turn& turn);
  void on(const msg::LeaderHints& hints, const Envelope& envelope, Turn& turn);
  void on(const msg::DrainNode& drain, const Envelope& envelope, Turn& turn);

 private:
  struct GroupView {
    Term term = 0;
    std::uint64_t leader = 0;
    Instant beaten;  // when a beat for it was handed on
  };

  struct PeerView {
    bool is_up = false;  // alive or only suspected
    bool is_suspect = false;
    bool is_draining = false;
    Instant up_since;
  };

  /// Replicas are asked together and answer one by one; what they answer leaves together, with the
  /// last one. Only when some did not answer last time does a timer end the wait.
  struct Round {
    std::size_t awaited = 0;
    bool has_begun = false;  // since the last tick
    bool is_whole = true;    // as the last one that had begun was found at a tick

    void await_one() {
      ++awaited;
      has_begun = true;
    }
  };

  void tick(Turn& turn);
  void end_rounds(Turn& turn);
  /// Counts an answer; whether no other is awaited.
  bool is_last(Round& round, Turn& turn);
  void note_pending(Turn& turn);
  void flush(Turn& turn);
  void send_beats(Turn& turn);
  void send_replies(Turn& turn);
  void send_hints(bool complete, Turn& turn);
  void prefer_leaders(Turn& turn);
  [[nodiscard]] bool may_move(std::uint32_t group, const Turn& turn) const;
  void push_leaders_away(Turn& turn);
  [[nodiscard]] std::uint32_t leading_count(std::uint64_t node) const;

  PulseOptions options_;
  std::map<std::uint32_t, GroupView> groups_;
  std::map<std::uint64_t, PeerView> peers_;
  std::map<std::uint32_t, std::uint64_t> preferred_;  // group → node
  std::uint32_t moved_last_ = 0;                      // where the next batch of moves begins
  std::map<std::uint64_t, msg::Beats> beats_;         // by destination node, waiting for the flush
  std::map<std::uint64_t, msg::BeatReplies> replies_;
  Round beat_round_;
  Round reply_round_;
  std::set<std::uint32_t> changed_;  // groups whose hint has not been sent yet
  std::int64_t beat_last_ = 0;       // number of the grid's cell of the last tick
  bool is_flush_armed_ = false;
  bool is_draining_ = false;
  std::vector<std::pair<Address, std::uint64_t>> drain_waiters_;  // who asked, with correlation
};

}  // namespace harka
