// SPDX-License-Identifier: Apache-2.0
// The shard actor's state: what one raft group of the key space replicates. It turns batches of
// commands into log entries, executes committed ones, answers reads under the leader's lease, and
// makes a retried batch take effect once.
//
// A batch is proposed as it came: its bytes are the entry's payload behind a small header with the
// leader's clock (so that expiry is decided once) and the session. Reads in a batch with writes run
// at their place when the entry is applied; a batch of reads alone costs no entry.
#pragma once

#include "actors/kv/command.hpp"
#include "actors/kv/resp_writer.hpp"
#include "actors/kv/session_table.hpp"
#include "actors/kv/shard_state.hpp"
#include "actors/replica/replicated_state.hpp"
#include "actors/shard/change_log.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace harka {

struct ShardOptions {
  ShardId shard;
  std::size_t dirty_bytes_max = 64U << 20;  // beyond it, batches with writes wait for the flush
  std::size_t waiting_max = 10'000;         // batches waiting for anything
  Duration staleness_max = limits::staleness_default;  // of a follower's answer after READONLY
  Duration cache_interest = 30s;  // changes are kept for caches that asked within this time
  Duration purge_interval = 1s;   // the leader's search for expired keys
  std::size_t purge_keys = 200;   // looked at in one search
};

class Shard final : public ReplicatedState {
 public:
  /// `engine` outlives the shard.
  Shard(ShardOptions options, const storage::Engine& engine);

  void apply(const msg::Entry& entry, ReplicaHost& host, Turn& turn) override;
  void receive(const Envelope& envelope, ReplicaHost& host, Turn& turn) override;
  void read_done(std::uint64_t context, bool ok, ReplicaHost& host, Turn& turn) override;
  void leadership_lost(ReplicaHost& host, Turn& turn) override;
  void tick(ReplicaHost& host, Turn& turn) override;
  [[nodiscard]] std::size_t dirty_bytes() const override;
  std::vector<msg::StateWrite> begin_flush(LogIndex applied) override;
  void flush_finished() override;
  void reload() override;
  [[nodiscard]] std::string describe() const override;

  [[nodiscard]] const kv::ShardState& state() const { return state_; }

 private:
  struct Waiting {  // a batch and who waits for its answer
    Address asker;
    std::uint64_t correlation = 0;
    msg::ShardBatch batch;
  };

  struct Read {  // until this replica may answer
    enum class Purpose : std::uint8_t { batch, refresh, confirmation };
    Purpose purpose = Purpose::batch;
    Waiting waiting;
    msg::CacheRefresh refresh;
    Instant asked;
  };

  struct Proposed {  // a batch with writes that this leader appended
    Address asker;
    std::uint64_t correlation = 0;
    std::uint64_t session = 0;
    std::uint64_t sequence = 0;
  };

  void take_batch(Waiting waiting, ReplicaHost& host, Turn& turn);
  void propose(Waiting waiting, ReplicaHost& host, Turn& turn);
  /// An earlier batch of the same router was refused and may still come: this one waits for it.
  [[nodiscard]] bool is_overtaking(const msg::ShardBatch& batch);
  void turn_away(const Waiting& waiting, const ReplicaHost& host, Turn& turn);
  void take_stale_reads(Waiting waiting, ReplicaHost& host, Turn& turn);
  void take_refresh(Read read, ReplicaHost& host, Turn& turn);
  void begin_read(Read read, ReplicaHost& host, Turn& turn);
  void refuse_read(const Read& read, const ReplicaHost& host, Turn& turn);
  void answer_refresh(const Read& read, const ReplicaHost& host, Turn& turn);
  void answer_reads(const Waiting& waiting, const ReplicaHost& host, Turn& turn);
  void refuse(
      const Waiting& waiting, msg::BatchOutcome outcome, const ReplicaHost& host, Turn& turn) const;
  void answer(const Waiting& to, msg::ShardReply reply, LogIndex applied, Turn& turn) const;
  void execute_all(
      std::string_view commands, WallTime now, kv::KeyValueView& keys, kv::ReplyWriter& replies);
  void execute_one(
      const kv::CommandView& command,
      WallTime now,
      kv::KeyValueView& keys,
      kv::ReplyWriter& replies);
  void purge_expired(ReplicaHost& host, Turn& turn);
  [[nodiscard]] WallTime clock(const Turn& turn) const;

  ShardOptions options_;
  const storage::Engine& engine_;
  kv::ShardState state_;
  kv::SessionTable sessions_;
  WallTime last_clock_ = 0;  // of the newest applied entry: time never goes back
  LogIndex last_proposed_ = 0;
  std::map<LogIndex, Proposed> proposed_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> under_way_;  // (session, sequence) of those
  std::map<std::uint64_t, Read> reads_;                          // by read context
  std::multimap<LogIndex, Waiting> behind_;  // reads behind writes of their own connection
  std::vector<Waiting> held_;                // writes waiting for a flush
  std::set<std::pair<std::uint64_t, std::uint64_t>> refused_;  // (session, sequence) of writes
  std::uint64_t next_context_ = 1;
  std::optional<Instant> confirmed_at_;  // all that was committed then is applied here
  bool is_confirming_ = false;
  ChangeLog changes_;
  Instant purge_due_;
  std::uint64_t purge_cursor_ = 0;
  bool may_have_expiring_ = true;
  bool has_seen_expiring_ = false;  // in this pass of the search
};

}  // namespace harka
