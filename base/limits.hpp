// SPDX-License-Identifier: Apache-2.0
// Every bound of the system in one place. A bound that is not here is a bug waiting for load.
#pragma once

#include "base/time.hpp"

#include <cstddef>
#include <cstdint>

namespace harka::limits {

// Keys and values (gateway, shard, storage).
constexpr std::size_t key_bytes_max = 64 * 1024;
constexpr std::size_t value_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t command_arguments_max = 64 * 1024;

// Shards.
constexpr std::uint32_t shard_count_max = 1024;
constexpr std::uint32_t shard_count_default = 100;
constexpr std::uint32_t slot_count = 16384;  // Redis Cluster's, on the wire

// Raft.
constexpr Duration tick_interval = 50ms;
constexpr Duration heartbeat_interval = 100ms;
constexpr Duration election_timeout_min = 300ms;
constexpr Duration election_timeout_max = 600ms;
constexpr double clock_drift_max = 0.10;  // ratio between the fastest and the slowest clock
constexpr std::size_t append_bytes_max = 1024 * 1024;  // entries in one AppendEntries
constexpr std::size_t append_in_flight_max = 64;       // pipelined AppendEntries a follower
constexpr std::size_t append_in_flight_bytes_max = 8 * 1024 * 1024;
constexpr std::size_t snapshot_chunk_bytes = 256 * 1024;
constexpr std::size_t uncommitted_bytes_max = 32 * 1024 * 1024;  // a leader refuses beyond
constexpr std::size_t log_writes_pending_max = 16;  // AppendLogs a group, then they gather

// Reads that may be stale (READONLY).
constexpr Duration staleness_default = 1s;  // an answer shows all that was committed before it
constexpr std::size_t cache_bytes_default = 64 * 1024 * 1024;  // a node's
constexpr std::size_t cache_answer_bytes = 4 * 1024 * 1024;    // of records: none is begun beyond
constexpr std::size_t cache_exchange_keys = 16 * 1024;         // asked for; one batch may have more
constexpr std::size_t changes_kept = 16 * 1024;                // by a shard, for its caches
constexpr std::size_t changes_kept_bytes = 1024 * 1024;

// Links between nodes.
constexpr std::size_t frame_bytes_max = 96 * 1024 * 1024;   // also of one Data in a message
constexpr std::size_t outbox_bytes_max = 32 * 1024 * 1024;  // a connection; beyond it sends fail
constexpr std::size_t control_outbox_bytes_max = 4 * 1024 * 1024;

// Actors.
constexpr std::size_t mailbox_default_max = 10'000;

// Stores. Every group bounds what it asks of them, so that they never have to refuse: nobody asks
// again for what a store dropped. A few more a group: its start, flush, snapshot and recovery.
constexpr std::size_t store_queue_max = (shard_count_max + 1) * (log_writes_pending_max + 4);

}  // namespace harka::limits
