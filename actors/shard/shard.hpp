// SPDX-License-Identifier: Apache-2.0
// The shard actor's state: what one raft group of the key space replicates. It turns batches of
// commands into log entries, executes committed ones, answers reads under the leader's lease, and
// makes a retried batch take effect once.
//
// A batch is proposed as it came: its bytes are the entry's payload behind a small header with the
// leader's clock (so that expiry is decided once) and the session. Reads in a batch with writes run
// at their place when the entry is applied; a batch of reads alone costs no entry.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "actors/kv/session_table.hpp"
#include "actors/kv/shard_state.hpp"
#include "actors/replica/replicated_state.hpp"

namespace harka {

struct ShardOptions {
  ShardId shard;
  std::size_t dirty_bytes_max = 64U << 20;  // beyond it, batches with writes wait for the flush
  std::size_t waiting_max = 10'000;         // batches waiting for anything
  Duration staleness_max = 1s;              // of a follower's answer after READONLY
  Duration purge_interval = 500ms;          // the leader's search for expired keys
  std::size_t purge_keys = 200;             // looked at in one search
};

class Shard final : public ReplicatedState {
 public:
  /// `engine` outlives the shard.
  Shard(ShardOptions options, storage::Engine& engine);

  void apply(const msg::Entry& entry, ReplicaHost& host, Turn& turn) override;
  void receive(const Envelope& envelope, ReplicaHost& host, Turn& turn) override;
  void read_done(std::uint64_t context, bool ok, ReplicaHost& host, Turn& turn) override;
  void leadership_lost(ReplicaHost& host, Turn& turn) override;
  [[nodiscard]] std::size_t dirty_bytes() const override;
  std::vector<msg::StateWrite> begin_flush() override;
  void flush_finished() override;
  void reload() override;
  [[nodiscard]] std::string describe() const override;

  [[nodiscard]] const kv::ShardState& state() const { return state_; }

 private:
  struct Asker {
    Address address;
    std::uint64_t correlation = 0;
  };
  struct Waiting {  // a batch of reads, until it may be answered
    Asker asker;
    msg::ShardBatch batch;
  };
  struct Proposed {  // a batch with writes that this leader appended
    Asker asker;
    std::uint64_t session = 0;
    std::uint64_t sequence = 0;
    Term term = 0;
  };

  void on(const msg::ShardBatch& batch, const Asker& asker, ReplicaHost& host, Turn& turn);
  void on_scan(const msg::ShardScan& scan, const Asker& asker, ReplicaHost& host, Turn& turn);
  void propose(const msg::ShardBatch& batch, const Asker& asker, ReplicaHost& host, Turn& turn);
  void answer_reads(
      const msg::ShardBatch& batch, const Asker& asker, const ReplicaHost& host, Turn& turn);
  void refuse(
      const msg::ShardBatch& batch, const Asker& asker, msg::BatchOutcome outcome,
      const ReplicaHost& host, Turn& turn);
  void run_reads_behind(LogIndex index, ReplicaHost& host, Turn& turn);
  void purge_expired(ReplicaHost& host, Turn& turn);
  void tell_cache(Turn& turn, LogIndex index);
  [[nodiscard]] WallTime clock(Turn& turn) const;

  ShardOptions options_;
  kv::ShardState state_;
  kv::SessionTable sessions_;
  WallTime last_clock_ = 0;                    // of the newest applied entry: time never goes back
  LogIndex last_proposed_ = 0;
  std::map<LogIndex, Proposed> proposed_;
  std::map<std::uint64_t, Waiting> reads_;     // by read context
  std::multimap<LogIndex, Waiting> behind_;    // reads behind writes of their own connection
  std::vector<Waiting> held_;                  // writes waiting for a flush
  std::uint64_t next_context_ = 1;
  std::vector<std::string> changed_keys_;      // of the entry being applied
  Instant cache_interest_until_;               // the cache may hold keys of this shard
  Instant purge_due_;
};

}  // namespace harka
