// SPDX-License-Identifier: Apache-2.0
// One replica of one raft group as an actor: the raft core, between the node's log store and state
// store, hosting what the group replicates.
//
// The walk of a proposal: the state proposes → raft hands out an Append for the log store and
// AppendEntries for the followers in the same turn → LogAppended and the followers' answers commit
// it → it is applied to the state in memory at once → the state is flushed to the engine in batches
// together with the applied index → the log before it is compacted.
#pragma once

#include "actors/replica/replicated_state.hpp"
#include "cluster/raft/raft.hpp"
#include "storage/engine.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace harka {

struct ReplicaOptions {
  raft::Options raft;
  std::vector<std::uint64_t> initial_voters;  // of a group that has never run
  /// Dirty, or in the log since the last one: start a flush. Each one rewrites most pages of a
  /// shard whose keys are written at random, so a small bound multiplies what the disk has to take;
  /// time bounds memory and replay better.
  std::size_t flush_bytes = 16U << 20;
  Duration flush_interval = 5s;  // so does half of it to all of it since the first change
};

class Replica final : public Machine, private ReplicaHost {
 public:
  /// `engine` outlives the replica.
  Replica(ReplicaOptions options, storage::Engine& engine, ReplicatedStatePtr state);

  void start(Turn& turn) override;
  void receive(const Envelope& envelope, Turn& turn) override;
  [[nodiscard]] std::string describe() const override;

  void on(const msg::GroupRecovered& recovered, const Envelope& envelope, Turn& turn);
  void on(const msg::LogAppended& appended, const Envelope& envelope, Turn& turn);
  void on(const msg::StateFlushed& flushed, const Envelope& envelope, Turn& turn);
  void on(const msg::StateInstalled& installed, const Envelope& envelope, Turn& turn);
  void on(const msg::Tick& tick, const Envelope& envelope, Turn& turn);
  void on(const msg::Heartbeat& heartbeat, const Envelope& envelope, Turn& turn);
  void on(const msg::HeartbeatReply& reply, const Envelope& envelope, Turn& turn);
  void on(const msg::TransferLeadership& transfer, const Envelope& envelope, Turn& turn);
  void on(const msg::ChangeReplicas& change, const Envelope& envelope, Turn& turn);
  void on(const msg::Inject& inject, const Envelope& envelope, Turn& turn);
  void on(const msg::StopChild& stop, const Envelope& envelope, Turn& turn);

  /// Null until the log has answered. For the simulator's oracles.
  [[nodiscard]] const raft::Raft* core() const { return raft_ ? &*raft_ : nullptr; }

  [[nodiscard]] const ReplicatedState& state() const { return *state_; }

 private:
  struct Transfer {  // of a snapshot to a follower that lags behind the log
    std::unique_ptr<storage::SnapshotReader> reader;
    raft::SnapshotChunkData last;
  };

  // What the state may ask.
  [[nodiscard]] bool is_leader() const override;
  [[nodiscard]] std::uint64_t leader() const override;
  [[nodiscard]] LogIndex applied() const override;
  Result<LogIndex> propose(SharedBytes payload, Turn& turn) override;
  void read(std::uint64_t context, Turn& turn) override;

  void receive_other(const Envelope& envelope, Turn& turn);
  void tick(Turn& turn);
  void pump(Turn& turn);
  void carry_out(raft::Output& output, Turn& turn);
  void send_append(const raft::Append& append, Turn& turn);
  void apply_committed(Turn& turn);
  void finish_reads(Turn& turn);
  void install(const raft::SnapshotChunkData& chunk, Turn& turn);
  void provide(const raft::SnapshotWanted& wanted, Turn& turn);
  void announce_leadership(Turn& turn);
  void remind_pulse(Turn& turn);
  void note_dirty(Turn& turn);
  void flush_if_due(Turn& turn);
  [[nodiscard]] bool is_flush_large() const;

  ReplicaOptions options_;
  storage::Engine& engine_;
  ReplicatedStatePtr state_;
  std::optional<raft::Raft> raft_;
  Term applied_term_ = 0;
  bool is_pumping_ = false;
  bool was_leader_ = false;
  bool is_installing_ = false;
  std::vector<raft::ReadDone> reads_;            // allowed, waiting to be applied far enough
  std::map<std::uint64_t, Transfer> transfers_;  // by follower
  Instant ticked_;                               // when pulse last said so

  bool is_flushing_ = false;
  std::uint64_t flush_ticket_ = 0;
  std::uint64_t install_ticket_ = 0;
  LogIndex install_index_ = 0;  // of the snapshot being staged
  LogIndex flushed_index_ = 0;
  Instant flush_due_;
  std::size_t unflushed_log_bytes_ = 0;  // applied since the last flush began
  bool is_dirty_ = false;
};

}  // namespace harka
