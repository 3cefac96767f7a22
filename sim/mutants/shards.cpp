// SPDX-License-Identifier: Apache-2.0
#include "actors/kv/command.hpp"
#include "sim/mutants/defect.hpp"

#include <map>
#include <set>

namespace harka::sim {

namespace {

Tamper strips_sessions() {
  return on<msg::ShardBatch>([](msg::ShardBatch& batch) {
    batch.session = 0;
    return true;
  });
}

Tamper forgets_sessions_early() {
  return on<msg::ShardBatch>([](msg::ShardBatch& batch) {
    if (batch.session == 0) return false;
    batch.acknowledged = batch.sequence;
    return true;
  });
}

Tamper repeats_sequences() {
  return on<msg::ShardBatch>([](msg::ShardBatch& batch) {
    if (batch.session == 0 || batch.sequence % 8 != 0) return false;
    --batch.sequence;
    return true;
  });
}

Tamper reads_anywhere() {
  return on<msg::ShardBatch>([](msg::ShardBatch& batch) {
    batch.stale_reads = true;
    return true;
  });
}

/// As above, and the answers claim to be of any index that somebody may ask for: only what they say
/// can give it away. Who asked after READONLY knows better.
Tamper claims_to_be_fresh() {
  using Question = std::pair<std::uint64_t, std::uint64_t>;  // client's index and correlation
  return [asked = std::set<Question>()](const EnvelopePtr& envelope) mutable -> EnvelopePtr {
    if (const auto* batch = std::get_if<msg::ShardBatch>(&envelope->body)) {
      if (batch->stale_reads) return envelope;
      asked.emplace(envelope->from.index, envelope->correlation);
      return reads_anywhere()(envelope);
    }
    if (!asked.contains({envelope->to.index, envelope->correlation})) return envelope;
    return on<msg::ShardReply>([](msg::ShardReply& reply) {
      if (reply.outcome == msg::BatchOutcome::done) reply.applied_index = ~LogIndex{0};
      return reply.outcome == msg::BatchOutcome::done;
    })(envelope);
  };
}

/// Refused writes are answered as done; which reply fits is known from the question.
Tamper acknowledges_refused_writes() {
  using Question = std::pair<std::uint64_t, std::uint64_t>;  // client's index and correlation
  return [writes = std::map<Question, bool>()](const EnvelopePtr& envelope) mutable -> EnvelopePtr {
    if (const auto* batch = std::get_if<msg::ShardBatch>(&envelope->body)) {
      const bool is_set = batch->writes == 1 && batch->count == 1;
      writes[{envelope->from.index, envelope->correlation}] = is_set;
      return envelope;
    }
    const auto* reply = std::get_if<msg::ShardReply>(&envelope->body);
    if (reply == nullptr || reply->outcome == msg::BatchOutcome::done) return envelope;
    if (!writes[{envelope->to.index, envelope->correlation}]) return envelope;
    msg::ShardReply changed = *reply;
    changed.outcome = msg::BatchOutcome::done;
    changed.applied_index = ~LogIndex{0};
    changed.replies = SharedBytes(std::string("+OK\r\n"));
    changed.lengths = {5};
    return with_body(*envelope, std::move(changed));
  };
}

/// As if the last key of an MSET were another shard's.
Tamper halves_msets() {
  return on<msg::ShardBatch>([](msg::ShardBatch& batch) {
    kv::CommandReader reader(batch.commands.view());
    if (!reader.next() || reader.command().id != kv::CommandId::mset) return false;
    std::vector<std::string_view> arguments = *reader.command().arguments;
    if (arguments.size() < 4) return false;
    arguments.resize(arguments.size() - 2);
    std::string commands;
    kv::CommandWriter(commands).add(
        kv::CommandId::mset, kv::encoded_flag::may_write, arguments.data(), arguments.size());
    batch.commands = SharedBytes(std::move(commands));
    return true;
  });
}

/// The second of two writes goes to another key, which answers alike.
Tamper halves_batches() {
  return on<msg::ShardBatch>([](msg::ShardBatch& batch) {
    if (batch.count != 2 || batch.writes != 2) return false;
    std::string commands;
    kv::CommandWriter writer(commands);
    kv::CommandReader reader(batch.commands.view());
    for (bool is_first = true; reader.next(); is_first = false) {
      std::vector<std::string_view> arguments = *reader.command().arguments;
      if (!is_first) arguments[0] = "elsewhere";
      writer.add(reader.command().id, reader.command().flags, arguments.data(), arguments.size());
    }
    batch.commands = SharedBytes(std::move(commands));
    return true;
  });
}

Tamper hides_changes() {
  return on<msg::CacheChanges>([](msg::CacheChanges& changes) {
    if (changes.changed.empty()) return false;
    changes.changed.pop_back();
    return true;
  });
}

/// Answers without records, which would give it away at once, repeat the index of the question.
Tamper freezes_caches() {
  using Question = std::pair<std::uint64_t, std::uint64_t>;  // node and token of the cache
  return [asked = std::map<Question, LogIndex>()](const EnvelopePtr& envelope) mutable {
    if (const auto* question = std::get_if<msg::CacheRefresh>(&envelope->body)) {
      asked[{envelope->from.node, question->token}] = question->since;
    }
    return on<msg::CacheChanges>([&](msg::CacheChanges& changes) {
      const LogIndex since = asked[{envelope->to.node, changes.token}];
      if (!changes.is_done || changes.all || !changes.records.empty()) return false;
      changes.changed.clear();
      return std::exchange(changes.upto, since) != since;
    })(envelope);
  };
}

Tamper loses_exits() {
  return lose<msg::ChildExited>([](const msg::ChildExited& exited) { return !exited.normal; });
}

constexpr Defect list[] = {
    {"strips-sessions", "retries are not recognised", strips_sessions},
    {"forgets-sessions-early", "a retry's answer is gone", forgets_sessions_early},
    {"repeats-sequences", "a new batch counts as a retry", repeats_sequences},
    {"reads-anywhere", "followers answer what only the leader may", reads_anywhere},
    {"acknowledges-refused-writes", "a refused write is answered OK", acknowledges_refused_writes},
    {"claims-to-be-fresh",
     "followers answer what only the leader may, and nothing shows how old it is",
     claims_to_be_fresh,
     false,
     false,
     WorkloadKind::lease},
    {"halves-msets",
     "the last key of an MSET is left out",
     halves_msets,
     false,
     false,
     WorkloadKind::bank},
    {"halves-batches",
     "the second write of a batch goes elsewhere",
     halves_batches,
     false,
     false,
     WorkloadKind::bank},
    {"hides-changes", "a changed key is not listed for caches", hides_changes, true},
    {"freezes-caches", "caches are told that nothing changed", freezes_caches, true},
    {"loses-exits", "a supervisor does not hear of a crash", loses_exits, false, true},
};

}  // namespace

std::span<const Defect> shard_defects() {
  return list;
}

}  // namespace harka::sim
