// SPDX-License-Identifier: Apache-2.0
// What makes a retried batch take effect once: the answers to each session's recent batches, kept
// in the replicated state until the session says that it has them. The same on every replica.
//
// A session is one router's; it is bounded by what that router has in flight. Sessions that fell
// silent (a restarted gateway's) are forgotten when there are too many, but none that may still be
// in use: a retry of what it did would be executed again. Whether it is in use is told by the log
// alone, as every replica must forget the same ones.
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
  /// Beyond these, silent ones are forgotten.
  static constexpr std::size_t sessions_kept = 256;
  /// A new one beyond these is not let in while all of them are in use.
  static constexpr std::size_t sessions_max = 4096;
  /// A session that had none of so many entries is silent. A router retries for 8 s, and no log
  /// takes so many entries of one shard in that time.
  static constexpr LogIndex silent_entries = 1'000'000;
  /// Of the answers of a session, but for the newest one, which may be larger alone.
  static constexpr std::size_t answer_bytes_max = 32U << 20;

  /// The stored answer to a batch, or null when it has not been applied. One that was emptied has
  /// no lengths.
  [[nodiscard]] const msg::SessionRecord* find(std::uint64_t session, std::uint64_t sequence) const;
  /// True for a batch that was answered and acknowledged: a very late duplicate.
  [[nodiscard]] bool is_forgotten(std::uint64_t session, std::uint64_t sequence) const;
  /// Whether a session may add an answer as of that log entry. False: its batch must not be
  /// executed.
  [[nodiscard]] bool has_room_for(std::uint64_t session, LogIndex index) const;
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

  [[nodiscard]] static bool is_silent(const Session& session, LogIndex index) {
    return index > session.used && index - session.used >= silent_entries;
  }

  void forget_silent(LogIndex index);

  std::map<std::uint64_t, Session> sessions_;
  std::map<std::uint64_t, bool> dirty_;  // sessions to write; the value is unused
};

}  // namespace harka::kv
