// SPDX-License-Identifier: Apache-2.0
// What makes a retried batch take effect once: the answers to each session's recent batches, kept
// in the replicated state until the session says that it has them. The same on every replica.
//
// A session is one router's; it is bounded by what that router has in flight. Sessions that fell
// silent (a restarted gateway's) are forgotten in order of their last use when there are too many.
//
// A session is one record of the engine, which has to fit into one chunk of a snapshot. So when its
// answers grow beyond a bound the oldest are emptied, and only that they were given stays: a retry
// of such a batch takes no second effect, and its asker learns that the answer is lost. Rejected:
// refusing new batches meanwhile. What is under way would still add up, and it is a new batch that
// says which answers have arrived.
#pragma once

#include "schemas/durable.hpp"
#include "schemas/shard.hpp"
#include "storage/engine.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace harka::kv {

class SessionTable {
 public:
  static constexpr std::size_t sessions_max = 256;
  /// Of the answers of a session, but for the newest one, which may be larger alone.
  static constexpr std::size_t answer_bytes_max = 32U << 20;

  /// The stored answer to a batch, or null when it has not been applied. One that was emptied has
  /// no lengths.
  [[nodiscard]] const msg::SessionRecord* find(std::uint64_t session, std::uint64_t sequence) const;
  /// True for a batch that was answered and acknowledged: a very late duplicate.
  [[nodiscard]] bool is_forgotten(std::uint64_t session, std::uint64_t sequence) const;
  /// Keeps an answer and forgets what `acknowledged` covers.
  void add(msg::SessionRecord record, std::uint64_t acknowledged);

  /// Everything that changed since the last call, for the engine.
  std::vector<msg::StateWrite> take_writes();

  [[nodiscard]] bool is_dirty() const { return !dirty_.empty(); }

  void load(GroupId group, const storage::Engine& engine);

 private:
  struct Session {
    std::map<std::uint64_t, msg::SessionRecord> records;  // by sequence
    std::uint64_t acknowledged = 0;
    LogIndex used = 0;
    std::size_t answer_bytes = 0;
  };

  static void keep(Session& session, msg::SessionRecord record);
  static void empty_oldest(Session& session, std::uint64_t but_not);

  void forget_oldest();

  std::map<std::uint64_t, Session> sessions_;
  std::map<std::uint64_t, bool> dirty_;  // sessions to write; the value is unused
};

}  // namespace harka::kv
