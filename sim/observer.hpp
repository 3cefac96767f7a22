// SPDX-License-Identifier: Apache-2.0
// What the World tells those who judge it: oracles, and faults that strike at a transition. It
// calls them between turns, so they may look into machines but not change them.
#pragma once

#include "runtime/machine.hpp"
#include "sim/fault.hpp"
#include "storage/engine.hpp"
#include "storage/segment_log.hpp"

namespace harka::sim {

class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;

  /// A machine sent this; it may still get lost.
  virtual void sent(const Envelope& envelope) { (void)envelope; }

  /// It reached the actor, which takes its turn next.
  virtual void delivered(const Envelope& envelope) { (void)envelope; }

  /// One copy of it will never arrive.
  virtual void lost(const Envelope& envelope) { (void)envelope; }

  virtual void turn_ended(const Address& actor, const Machine& machine) {
    (void)actor;
    (void)machine;
  }

  /// The log store synced this request.
  virtual void log_durable(NodeId node, const msg::AppendLog& append) {
    (void)node;
    (void)append;
  }

  /// The state store committed up to there.
  virtual void state_durable(NodeId node, GroupId group, LogIndex applied) {
    (void)node;
    (void)group;
    (void)applied;
  }

  /// By itself, by a fault or with its parent; its supervisor is about to hear of it.
  virtual void actor_ended(const Address& actor) { (void)actor; }

  /// `node`: whom it hits, if it hits one.
  virtual void faulted(const Fault& fault, NodeId node) {
    (void)fault;
    (void)node;
  }

  virtual void started(NodeId node, Epoch epoch) {
    (void)node;
    (void)epoch;
  }

  virtual void crashed(NodeId node) { (void)node; }

  /// Its disk is empty from now on; it is another node with the same number.
  virtual void wiped(NodeId node) { (void)node; }

  /// The node is about to start with what its disk kept.
  virtual void recovered(
      NodeId node, const storage::SegmentLog& log, const storage::Engine& engine) {
    (void)node;
    (void)log;
    (void)engine;
  }
};

}  // namespace harka::sim
