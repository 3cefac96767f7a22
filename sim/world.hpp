// SPDX-License-Identifier: Apache-2.0
// The World: the interpreter of machines for whole simulated clusters. One event queue, virtual
// time, no thread. It runs the machines that ship, from the same trees; only what is behind a
// neighbour's address is played: links, disks, clocks, power.
//
// Everything follows from the seed. Links, disks, actors and faults have random streams of their
// own, so leaving one fault out does not shift what the others draw.
#pragma once

#include "runtime/machine.hpp"
#include "runtime/timer_set.hpp"
#include "sim/node_stores.hpp"
#include "sim/observer.hpp"
#include "sim/violation.hpp"

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace harka::sim {

/// What a new incarnation of a node is built from.
struct Incarnation {
  Epoch epoch;
  storage::Engine* engine = nullptr;  // null: a node without disks
  bool is_replacement = false;        // its disk was wiped: it was never a first member of anything
};

struct NodePlan {
  NodeId id;
  std::string link_address;  // where seeds find it
  bool is_client = false;    // outside of the cluster: no disks, no faults, its links are clean
  std::function<std::unique_ptr<MachineFactory>(const Incarnation&)> factory;
  std::function<std::vector<ChildSpec>()> roots;
  StoreOptions stores;
  Duration restart_after = 1s;  // when its root gave up
  double clock_rate = 1;        // of its clock against the World's
};

/// Of every link between two nodes of the cluster.
struct LinkOptions {
  Duration latency_min = 200us;
  Duration latency_max = 2ms;
  double loss = 0;
  double duplicate = 0;
  double slow = 0;  // this share takes up to slow_max instead
  Duration slow_max = 300ms;
};

struct WorldOptions {
  std::uint64_t seed = 0;
  LinkOptions links;
  Duration local_jitter_max = 20us;            // from a mailbox to its actor
  std::uint64_t instant_events_max = 300'000;  // more at one instant: a livelock
};

struct WorldCounters {
  std::uint64_t events = 0;
  std::uint64_t turns = 0;
  std::uint64_t sent = 0;
  std::uint64_t lost = 0;
  std::uint64_t crashes = 0;
  std::uint64_t actor_exits = 0;
  std::uint64_t undelivered = 0;
};

class World {
 public:
  explicit World(const WorldOptions& options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Building.
  void add_node(NodePlan plan);

  /// Called in this order; they outlive the World's run.
  void add_observer(Observer& observer) { observers_.push_back(&observer); }

  // Running.
  void run_until(Instant end);

  void run_for(Duration time) { run_until(now_ + time); }

  /// Calls `act` then; between turns.
  void after(Duration delay, std::function<void()> act);

  [[nodiscard]] Instant now() const { return now_; }

  // Faults and other interventions.
  void start(NodeId node);
  void crash(NodeId node, CrashLoss loss);
  void pause(NodeId node, Duration time);
  /// Its disk is empty from now on. Only while it is down.
  void wipe(NodeId node);
  /// Each turn of this node takes up to `at_most`.
  void slow_cpu(NodeId node, Duration at_most, Duration time);
  void step_wall(NodeId node, Duration step);
  /// The actor takes no turn.
  void stall(const Address& actor, Duration time);
  /// The actor's mailbox is full: what may be refused is refused.
  void overflow(const Address& actor, Duration time);
  /// One way, until it was mended as often as it was cut.
  void cut(NodeId from, NodeId to);
  void mend(NodeId from, NodeId to);
  /// Holds back everything on this way until then.
  void clog(NodeId from, NodeId to, Duration time);
  /// What is under way between the two is lost.
  void reset(NodeId one, NodeId other);
  void narrow(NodeId from, NodeId to, std::uint64_t bytes_per_second, Duration time);
  /// All ways are as at the beginning.
  void heal_links();

  void set_links(const LinkOptions& links) { options_.links = links; }

  /// One way, beside what its link takes by itself.
  void set_distance(NodeId from, NodeId to, Duration distance);

  [[nodiscard]] NodeStores& stores(NodeId node);

  /// May replace or lose what machines and stores send, to plant a defect (mutants/).
  void set_tamper(std::function<EnvelopePtr(const EnvelopePtr&)> tamper) {
    tamper_ = std::move(tamper);
  }

  /// A message from outside of the cluster, delivered at once.
  void tell(const Address& to, msg::Message body);

  // Looking.
  [[nodiscard]] bool is_up(NodeId node) const;
  [[nodiscard]] bool is_paused(NodeId node) const;
  [[nodiscard]] Epoch epoch(NodeId node) const;
  /// What this node's clock shows.
  [[nodiscard]] Instant clock(NodeId node) const;
  /// Null when nobody is there.
  [[nodiscard]] const Machine* machine(const Address& address) const;
  [[nodiscard]] std::vector<Address> actors(NodeId node) const;

  /// Of everything that happened so far.
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

  [[nodiscard]] const WorldCounters& counters() const { return counters_; }

  /// The last events, oldest first.
  [[nodiscard]] std::vector<std::string> recent() const;
  /// For observers, and in the ring of recent events.
  void announce(const Fault& fault, NodeId node);
  /// A line for the ring of recent events.
  void remark(std::string text);

 private:
  struct Actor {
    Address address;
    MachinePtr machine;
    std::uint64_t id = 0;
    std::uint64_t instance = 0;  // its parent's number for it
    Address parent;              // kind none: a root
    Random random{0};
    TimerSet timers;
    Instant wake_at = Instant::max();  // world time of the earliest wake-up that is queued
    Instant mail_at;                   // messages are handed over in order
    Instant stalled_until;
    Instant full_until;  // its mailbox
  };

  struct Node {
    NodePlan plan;
    std::uint32_t position = 0;
    bool is_up = false;
    Epoch epoch;
    Instant paused_until;
    Instant slow_until;  // its processor
    Duration turn_max{};
    Instant busy_until;
    Duration wall_step{};
    bool is_replacement = false;
    std::unique_ptr<NodeStores> stores;
    std::unique_ptr<MachineFactory> factory;
    std::map<std::uint64_t, std::unique_ptr<Actor>> actors;  // by kind and index
    Random random{0};
  };

  struct Link {
    Random random{0};
    Duration distance{};
    int cuts = 0;
    Instant clogged_until;
    Instant narrow_until;
    std::uint64_t bytes_per_second = 0;
    Instant free_at;  // a narrow link's, for the next message
    std::uint64_t generation = 0;
  };
  enum class Kind : std::uint8_t { deliver, wake, start, log_done, state_done, act };

  struct Event {
    Kind kind = Kind::act;
    std::uint32_t node = 0;
    std::uint64_t epoch = 0;  // 0: whatever incarnation is there
    std::uint64_t key = 0;    // of an actor, and which one of that address
    std::uint64_t actor = 0;
    std::uint64_t link = 0;  // that it came by, and which generation of it; 0: none
    std::uint64_t generation = 0;
    EnvelopePtr envelope;
    std::function<void()> act;
  };

  struct Due {  // small, for the heap
    Instant at;
    std::uint64_t order = 0;
    std::uint32_t slot = 0;

    friend bool operator<(const Due& a, const Due& b) {
      return std::tie(a.at, a.order) > std::tie(b.at, b.order);
    }
  };

  struct Trace {
    Instant at;
    EnvelopePtr envelope;
    std::string text;
  };

  // world.cpp
  void push(Instant at, Event event);
  void handle(Event& event);
  [[nodiscard]] bool is_lost(const Event& event) const;
  void undelivered(const Envelope& envelope);
  /// When the node can see to it; now, unless a fault holds it up.
  [[nodiscard]] Instant ready_at(const Node& node, const Event& event) const;

  [[nodiscard]] static std::uint64_t key_of(const Address& address) {
    return (static_cast<std::uint64_t>(address.kind) << 32U) | address.index;
  }

  [[nodiscard]] Node& node_of(NodeId id);
  [[nodiscard]] const Node& node_of(NodeId id) const;
  [[nodiscard]] Instant local_time(const Node& node) const;
  [[nodiscard]] Instant world_time(const Node& node, Instant local) const;
  void trace(Trace item);

  // world_actors.cpp
  void spawn(Node& node, const ChildSpec& spec, std::uint64_t instance, const Address& parent);
  void deliver(Node& node, const EnvelopePtr& envelope);
  void start_actor(Node& node, Actor& actor);
  void wake(Node& node, Actor& actor);
  template <typename Act>
  void run_turn(Node& node, Actor& actor, const Envelope* cause, const Act& act);
  void carry_out(Node& node, Actor& actor, Effect& effect, std::string& ending, bool& is_over);
  void arm(Node& node, Actor& actor);
  [[nodiscard]] Actor& actor_at(const Address& address);
  void end_actor(Node& node, std::uint64_t key, bool is_normal, const std::string& reason);
  [[nodiscard]] static Actor* find_actor(Node& node, std::uint64_t key, std::uint64_t id);
  void mix_turn(const Actor& actor, const Envelope* cause);

  // world_links.cpp
  void post(Node& from, const EnvelopePtr& envelope);
  void post_own(Node& node, const EnvelopePtr& envelope);
  void post_local(Node& node, const EnvelopePtr& envelope);
  void post_remote(Node& from, Node& to, const EnvelopePtr& envelope);
  [[nodiscard]] Link& link(const Node& from, const Node& to);
  [[nodiscard]] static std::uint64_t link_key(const Node& from, const Node& to);
  void begin_log_flush(Node& node);
  void begin_state_commit(Node& node);
  [[nodiscard]] Instant through(Link& way, const Envelope& envelope, bool is_slow);
  void finish_log_flush(Node& node);
  /// An error of the disk ends the node, as in production.
  void end_by_disk(Node& node, const Error& error);
  void finish_state_commit(Node& node);

  WorldOptions options_;
  Random random_;
  Instant now_ = Instant(Duration(1));
  std::vector<Due> queue_;  // a heap
  std::vector<Event> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::uint64_t order_ = 0;
  std::uint64_t events_now_ = 0;
  std::uint64_t next_actor_ = 1;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::uint64_t, std::uint32_t> index_;  // node ids and seed aliases → position
  std::map<std::uint64_t, Link> links_;           // by both positions
  std::vector<Observer*> observers_;
  std::vector<Effect> effects_;
  std::function<EnvelopePtr(const EnvelopePtr&)> tamper_;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  WorldCounters counters_;
  std::deque<Trace> recent_;
};

}  // namespace harka::sim
