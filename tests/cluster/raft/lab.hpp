// SPDX-License-Identifier: Apache-2.0
// A few replicas on a table: messages arrive at once, disks sync at once, time passes when told.
// Cuts, stalled disks and crashes are the script's. For claims that need one order of events.
#pragma once

#include "cluster/raft/raft.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace harka::raft {

class Lab {
 public:
  struct Setup {
    std::uint64_t nodes = 3;
    std::vector<std::uint64_t> voters = {1, 2, 3};
    Options options;
  };

  Lab() : Lab(Setup{}) {}

  explicit Lab(const Setup& setup);

  [[nodiscard]] Raft& operator()(std::uint64_t id) { return *places_.at(id).raft; }

  /// Messages travel until none is left.
  void settle();
  /// Time passes in ticks of 50 ms.
  void run(Duration length);
  /// Elects `id` now, as a leader's TimeoutNow would.
  void lead(std::uint64_t id);
  /// Proposes and settles; the index.
  LogIndex put(std::uint64_t id, const std::string& text);
  void read(std::uint64_t id, std::uint64_t context);
  /// After calling an input directly.
  void pump(std::uint64_t id);

  void isolate(std::uint64_t id);

  void cut(std::uint64_t from, std::uint64_t to) { cuts_.emplace(from, to); }

  void mend() { cuts_.clear(); }

  void stall(std::uint64_t id) { places_.at(id).is_stalled = true; }

  void unstall(std::uint64_t id);
  /// Loses what is not synced; `restart` begins from the disk.
  void crash(std::uint64_t id);
  void restart(std::uint64_t id);

  /// A crashed replica's disk forgets its entries, not its term.
  void lose_log(std::uint64_t id) { places_.at(id).disk.entries.clear(); }

  /// While it is down: what storage makes of a log that is not whole.
  void damage_log(std::uint64_t id);

  /// Flushes the state and lets the log forget what it covers.
  void flush(std::uint64_t id);

  [[nodiscard]] std::vector<std::string> applied(std::uint64_t id) const;
  [[nodiscard]] std::optional<ReadDone> answer(std::uint64_t id, std::uint64_t context) const;
  [[nodiscard]] std::vector<std::uint64_t> leaders();

  [[nodiscard]] Instant now() const { return now_; }

  /// How many messages of this kind were sent so far.
  template <typename M>
  [[nodiscard]] std::size_t sent() const {
    std::size_t count = 0;
    for (const Outgoing& outgoing : log_) {
      count += std::holds_alternative<M>(outgoing.message) ? 1 : 0;
    }
    return count;
  }

  void forget_sent() { log_.clear(); }

 private:
  struct Disk {
    msg::HardState hard_state;
    Term term_floor = 0;  // of a damaged log
    LogIndex start_index = 0;
    Term start_term = 0;
    std::vector<msg::Entry> entries;
    LogIndex applied_index = 0;
    Term applied_term = 0;
    msg::GroupConfig config;
    std::vector<std::string> content;
    std::vector<std::string> staged;
  };

  struct Place {
    std::optional<Raft> raft;
    Disk disk;
    std::vector<Append> unsynced;
    bool is_stalled = false;
    LogIndex applied = 0;
    std::vector<std::string> content;
    std::map<std::uint64_t, ReadDone> reads;
  };

  struct Letter {
    std::uint64_t from;
    std::uint64_t to;
    msg::Message message;
  };

  void start(std::uint64_t id);
  void sync(Place& place);
  void apply(Place& place);
  void install(std::uint64_t id, const SnapshotChunkData& chunk);
  void provide(std::uint64_t id, const SnapshotWanted& wanted);
  void post(std::uint64_t from, NodeId to, msg::Message message);

  Setup setup_;
  Instant now_ = Instant(1s);
  std::map<std::uint64_t, Place> places_;
  std::vector<Letter> letters_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> cuts_;
  std::vector<Outgoing> log_;
};

inline SharedBytes bytes(const std::string& text) {
  return SharedBytes(text);
}

inline msg::Entry entry(LogIndex index, Term term, const std::string& text = "x") {
  msg::Entry result;
  result.index = index;
  result.term = term;
  result.type = msg::EntryType::command;
  result.data = bytes(text);
  return result;
}

inline msg::Entry config_entry(LogIndex index, Term term, const msg::GroupConfig& config) {
  msg::Entry result;
  result.index = index;
  result.term = term;
  result.type = msg::EntryType::config;
  result.data = encode_config(config);
  return result;
}

/// One replica, node 1 of voters 1, 2, 3 in group 7, that restored `entries` in `term`.
struct Solo {
  explicit Solo(Term term = 0, std::vector<msg::Entry> entries = {}, Options options = {});
  explicit Solo(Restored restored, Options options = {});

  /// One message in, everything out; Appends are kept in `unsynced`.
  Output step(std::uint64_t from, msg::Message message);
  Output tick(Duration later);
  Output sync();
  /// What the last direct call of `raft` left.
  Output collect();
  /// Through pre-vote and vote, with the votes of node 2, to leadership; synced.
  void win();

  [[nodiscard]] msg::AppendEntries append(
      Term term,
      LogIndex prev,
      Term prev_term,
      std::vector<msg::Entry> entries,
      LogIndex commit = 0) const;

  Instant now = Instant(10s);
  std::optional<Raft> raft;
  std::uint64_t ticket = 0;
};

/// The only message of this kind in an output, if there is exactly one.
template <typename M>
std::optional<M> only(const Output& output) {
  std::optional<M> found;
  for (const Outgoing& outgoing : output.messages) {
    if (const M* message = std::get_if<M>(&outgoing.message); message != nullptr) {
      if (found.has_value()) {
        return std::nullopt;
      }
      found = *message;
    }
  }
  return found;
}

/// The same where its absence fails the test.
template <typename M>
M the(const Output& output) {
  const std::optional<M> found = only<M>(output);
  if (!found.has_value()) {
    throw std::runtime_error("the expected message was not sent, or not once");
  }
  return *found;
}

template <typename M>
std::size_t count(const Output& output) {
  std::size_t found = 0;
  for (const Outgoing& outgoing : output.messages) {
    found += std::holds_alternative<M>(outgoing.message) ? 1 : 0;
  }
  return found;
}

}  // namespace harka::raft
