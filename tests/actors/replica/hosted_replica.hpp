// SPDX-License-Identifier: Apache-2.0
// A replica of group 1 on node 1 between its neighbours: a log that keeps what it is told, an LMDB
// engine behind the state store, and whatever else it sends, kept for the test. The neighbours
// answer at once, unless the test holds the log back.
#pragma once

#include "actors/kv/command.hpp"
#include "actors/meta/meta_state.hpp"
#include "actors/replica/replica.hpp"
#include "actors/shard/shard.hpp"
#include "storage/lmdb/file_check.hpp"
#include "storage/lmdb_engine.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/turn_driver.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <string>
#include <vector>

namespace harka::testing {

constexpr NodeId here{1};
constexpr std::uint64_t there = 2;
constexpr GroupId hosted_group = group_of(ShardId{0});
const Address router = address_of(here, msg::ActorKind::router);

class EngineFolder {
 public:
  EngineFolder() {
    auto opened = storage::open_lmdb_engine({.directory = folder_.path, .map_bytes = 1U << 24U});
    BOOST_REQUIRE(opened.ok());
    engine_ = std::move(opened).value();
  }

  [[nodiscard]] storage::Engine& engine() { return *engine_; }

  [[nodiscard]] std::uint64_t used_bytes() const {
    const auto file = storage::check_lmdb_file(folder_.path + "/data.mdb");
    BOOST_REQUIRE(file.ok());
    return file.value().used_bytes;
  }

 private:
  Folder folder_;  // outlives the engine
  std::unique_ptr<storage::Engine> engine_;
};

class HostedReplica {
 public:
  using MakeState = std::function<ReplicatedStatePtr(const storage::Engine&)>;

  HostedReplica(std::vector<std::uint64_t> voters, MakeState make_state)
      : voters_(std::move(voters)), make_state_(std::move(make_state)) {
    start();
  }

  /// A new incarnation over the same disk, as after a crash.
  void start() {
    driver_.reset();
    ReplicaOptions options;
    options.raft.group = hosted_group;
    options.raft.self = here;
    options.initial_voters = voters_;
    options.flush_interval = flush_interval;
    replica_ = std::make_unique<Replica>(std::move(options), engine(), make_state_(engine()));
    driver_ = std::make_unique<TurnDriver>(*replica_, replica_address(here, hosted_group), ++seed_);
    driver_->start();
    settle();
  }

  void deliver(const Address& from, msg::Message body, std::uint64_t correlation = 0) {
    driver_->deliver(from, std::move(body), correlation);
    settle();
  }

  void deliver_from(std::uint64_t node, msg::Message body) {
    deliver(replica_address(NodeId{node}, hosted_group), std::move(body));
  }

  /// Time passes in ticks, as pulse gives them.
  void pass(Duration time) {
    for (Duration passed{}; passed < time; passed += limits::tick_interval) {
      driver_->advance(limits::tick_interval);
      deliver(address_of(here, msg::ActorKind::pulse), msg::Tick{});
    }
  }

  /// Time passes and nobody ticks.
  void advance(Duration time) { driver_->advance(time); }

  /// Alone or with the others' votes.
  void lead() {
    for (int tick = 0; tick < 60 && !replica_->core()->is_leader(); ++tick) {
      pass(limits::tick_interval);
      for (const auto& [to, request] : sent<msg::VoteRequest>()) {
        deliver_from(
            to.node, msg::VoteReply{hosted_group.value, request.term, true, request.pre_vote});
      }
    }
    BOOST_REQUIRE(replica_->core()->is_leader());
    acknowledge();
  }

  /// The other voters have all that was sent to them.
  void acknowledge() {
    for (const auto& [to, append] : sent<msg::AppendEntries>()) {
      const LogIndex last = append.prev_index + append.entries.size();
      deliver_from(to.node, msg::AppendReply{hosted_group.value, append.term, true, last, 0, 0});
    }
  }

  /// Node `there` leads: these entries are appended and committed.
  void follow(Term term, std::vector<SharedBytes> payloads = {}) {
    msg::AppendEntries append;
    append.group = hosted_group.value;
    append.term = term;
    append.prev_index = replica_->core()->last_index();
    append.prev_term = replica_->core()->term_at(append.prev_index).value_or(0);
    for (SharedBytes& payload : payloads) {
      msg::Entry entry;
      entry.index = append.prev_index + append.entries.size() + 1;
      entry.term = term;
      entry.type = msg::EntryType::command;
      entry.data = std::move(payload);
      append.entries.push_back(std::move(entry));
    }
    append.commit = append.prev_index + append.entries.size();
    deliver_from(there, std::move(append));
  }

  /// What was sent to others since the last call for this type; others stay.
  template <typename T>
  std::vector<std::pair<Address, T>> sent() {
    std::vector<std::pair<Address, T>> found;
    std::vector<EnvelopePtr> left;
    for (EnvelopePtr& envelope : std::exchange(outbox_, {})) {
      if (const T* message = std::get_if<T>(&envelope->body)) {
        found.emplace_back(envelope->to, *message);
      } else {
        left.push_back(std::move(envelope));
      }
    }
    outbox_ = std::move(left);
    return found;
  }

  /// Until called with false, the log store does not answer.
  void hold_log(bool is_held) {
    is_log_held_ = is_held;
    if (!is_held) {
      for (const msg::LogAppended& answer : std::exchange(owed_, {})) {
        driver_->deliver(address_of(here, msg::ActorKind::log_store), answer);
      }
      settle();
    }
  }

  [[nodiscard]] Replica& replica() { return *replica_; }

  [[nodiscard]] TurnDriver& driver() { return *driver_; }

  [[nodiscard]] storage::Engine& engine() { return folder_.engine(); }

  [[nodiscard]] std::uint64_t engine_bytes() const { return folder_.used_bytes(); }

  [[nodiscard]] const std::vector<Address>& recovered_from() const { return recovered_from_; }

  Duration flush_interval = 2s;
  msg::GroupRecovered log;  // what the log store holds

 private:
  void settle() {
    for (bool is_quiet = false; !is_quiet;) {
      is_quiet = true;
      for (Effect& effect : driver_->take_all()) {
        auto* send = std::get_if<effect::Send>(&effect);
        if (send == nullptr) continue;
        is_quiet = false;
        if (!serve(send->envelope->body, send->envelope->to)) outbox_.push_back(send->envelope);
      }
    }
  }

  bool serve(const msg::Message& body, const Address& to) {
    if (const auto* append = std::get_if<msg::AppendLog>(&body)) {
      keep(*append);
      const msg::LogAppended answer{append->group, append->ticket};
      if (is_log_held_) {
        owed_.push_back(answer);
      } else {
        driver_->deliver(to, answer);
      }
    } else if (const auto* flush = std::get_if<msg::FlushState>(&body)) {
      storage::WriteBatch batch;
      batch.flushes = {flush};
      BOOST_REQUIRE(engine().write(batch).ok());
      driver_->deliver(to, msg::StateFlushed{flush->group, flush->ticket, flush->applied_index});
    } else if (std::holds_alternative<msg::RecoverGroup>(body)) {
      recovered_from_.push_back(to);
      driver_->deliver(to, to.kind == msg::ActorKind::log_store ? log : msg::GroupRecovered{});
    } else {
      return false;
    }
    return true;
  }

  void keep(const msg::AppendLog& append) {
    if (append.has_hard_state) log.hard_state = append.hard_state;
    if (append.has_start) {
      std::erase_if(log.entries, [&](const msg::Entry& entry) {
        return append.drops_suffix || entry.index <= append.start_index;
      });
      log.start_index = append.start_index;
      log.start_term = append.start_term;
    }
    if (append.entries.empty()) return;
    std::erase_if(log.entries, [&](const msg::Entry& entry) {
      return entry.index >= append.entries.front().index;
    });
    log.entries.insert(log.entries.end(), append.entries.begin(), append.entries.end());
  }

  EngineFolder folder_;
  std::vector<std::uint64_t> voters_;
  MakeState make_state_;
  std::uint64_t seed_ = 0;
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<TurnDriver> driver_;
  std::vector<EnvelopePtr> outbox_;
  std::vector<msg::LogAppended> owed_;
  std::vector<Address> recovered_from_;
  bool is_log_held_ = false;
};

}  // namespace harka::testing
