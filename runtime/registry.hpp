// SPDX-License-Identifier: Apache-2.0
// What lives on this node: the tree of actors with mailbox lengths, message counts, restarts and
// last failures, for `harka actors` and the console. Counting costs a relaxed atomic a message.
#pragma once

#include "base/time.hpp"
#include "runtime/child_spec.hpp"
#include "runtime/envelope.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

namespace harka {

/// One line of a listing.
struct ActorInfo {
  std::string name;  // "replica/17"
  Address address;
  Address parent;  // kind none: the root
  ThreadUse thread = ThreadUse::shared;
  bool is_alive = false;  // false: it failed and nobody has restarted it (yet)
  std::uint64_t mailbox_length = 0;
  std::uint64_t mailbox_peak = 0;
  std::uint64_t mailbox_max = 0;
  std::uint64_t mailbox_refused = 0;
  std::uint64_t handled_count = 0;  // turns since this incarnation was spawned
  std::uint64_t restart_count = 0;
  std::string last_failure;
  WallTime spawned_at = 0;
  std::string description;  // the machine's own words
};

/// One incarnation of one actor. Its mailbox and its host count into it; any thread reads.
class ActorRecord {
 public:
  ActorRecord(
      const Address& address, const Address& parent, std::size_t mailbox_max, ThreadUse thread)
      : address_(address), parent_(parent), mailbox_max_(mailbox_max), thread_(thread) {}

  /// A message wants in. False: the mailbox is full.
  [[nodiscard]] bool enter_mailbox();

  /// A message wants in and must not be refused (supervision, a store's answer).
  void force_into_mailbox() { length_.fetch_add(1, std::memory_order_relaxed); }

  void leave_mailbox() { length_.fetch_sub(1, std::memory_order_relaxed); }

  void count_turn() {
    // Only the actor's own thread writes, so no read-modify-write is needed.
    handled_.store(handled_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint64_t mailbox_length() const {
    return length_.load(std::memory_order_relaxed);
  }

  void set_description(std::string text);
  /// Called from a listing when the description is older than the last turn. Must not block.
  void set_refresh(std::function<void()> refresh);

 private:
  friend class Registry;

  Address address_;
  Address parent_;
  std::size_t mailbox_max_;
  ThreadUse thread_;
  std::atomic<std::uint64_t> length_{0};
  std::atomic<std::uint64_t> peak_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> handled_{0};
  mutable std::mutex mutex_;  // guards what follows
  std::string description_;
  std::uint64_t described_at_ = 0;  // handled_ when it was described
  std::function<void()> refresh_;
};

/// Thread-safe.
class Registry {
 public:
  /// A new incarnation; the same address again is a restart unless the last exit was normal.
  [[nodiscard]] std::shared_ptr<ActorRecord> spawned(
      const Address& address,
      const Address& parent,
      std::size_t mailbox_max,
      WallTime now,
      ThreadUse thread = ThreadUse::shared);
  /// A failed actor stays listed with its reason until it is spawned again; others go.
  void exited(const ActorRecord& record, bool is_normal, const std::string& reason);
  /// In order of kind and index. Descriptions are as of the last listing or the last second.
  [[nodiscard]] std::vector<ActorInfo> snapshot() const;

 private:
  using Key = std::tuple<msg::ActorKind, std::uint32_t>;

  struct Entry {
    std::shared_ptr<ActorRecord> record;
    bool is_alive = false;
    std::uint64_t restart_count = 0;
    std::string last_failure;
    WallTime spawned_at = 0;
  };

  [[nodiscard]] static ActorInfo info_of(const Entry& entry);

  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;
};

}  // namespace harka
