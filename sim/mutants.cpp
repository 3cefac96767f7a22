// SPDX-License-Identifier: Apache-2.0
#include "sim/mutants.hpp"

#include <map>
#include <utility>

namespace harka::sim {

namespace {

using Tamper = std::function<EnvelopePtr(const EnvelopePtr&)>;

/// Changes messages of type `T` by `change`, which says whether it did.
template <typename T, typename Change>
Tamper on(Change change) {
  return [change = std::move(change)](const EnvelopePtr& envelope) -> EnvelopePtr {
    const auto* message = std::get_if<T>(&envelope->body);
    if (message == nullptr) return envelope;
    T changed = *message;
    if (!change(changed)) return envelope;
    return std::make_shared<const Envelope>(
        Envelope{envelope->from, envelope->to, envelope->correlation, std::move(changed)});
  };
}

/// Answers without records, which would give it away at once, repeat the index of the question.
Tamper freeze_caches() {
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

}  // namespace

std::string_view name_of(Mutant mutant) {
  switch (mutant) {
    case Mutant::none: return "none";
    case Mutant::answers_before_sync: return "answers-before-sync";
    case Mutant::forgets_votes: return "forgets-votes";
    case Mutant::grants_every_vote: return "grants-every-vote";
    case Mutant::invents_acknowledgements: return "invents-acknowledgements";
    case Mutant::loses_entries: return "loses-entries";
    case Mutant::overstates_commit: return "overstates-commit";
    case Mutant::understates_read_index: return "understates-read-index";
    case Mutant::strips_sessions: return "strips-sessions";
    case Mutant::reads_anywhere: return "reads-anywhere";
    case Mutant::ignores_loyalty: return "ignores-loyalty";
    case Mutant::confirms_snapshots_early: return "confirms-snapshots-early";
    case Mutant::hides_changes: return "hides-changes";
    case Mutant::freezes_caches: return "freezes-caches";
  }
  return "?";
}

std::optional<Mutant> mutant_of(std::string_view name) {
  for (const Mutant mutant : mutants) {
    if (name_of(mutant) == name) return mutant;
  }
  return std::nullopt;
}

std::function<EnvelopePtr(const EnvelopePtr&)> tamper_of(Mutant mutant) {
  switch (mutant) {
    case Mutant::none:
    case Mutant::answers_before_sync:  // the stores do it
      return {};
    case Mutant::forgets_votes:
      return on<msg::AppendLog>(
          [](msg::AppendLog& append) { return std::exchange(append.hard_state.vote, 0) != 0; });
    case Mutant::grants_every_vote:
      return on<msg::VoteReply>(
          [](msg::VoteReply& reply) { return !std::exchange(reply.granted, true); });
    case Mutant::invents_acknowledgements:
      return on<msg::AppendReply>([](msg::AppendReply& reply) {
        if (reply.success) ++reply.index;
        return reply.success;
      });
    case Mutant::loses_entries:
      return on<msg::AppendLog>([](msg::AppendLog& append) {
        if (append.entries.size() < 2) return false;
        append.entries.pop_back();
        return true;
      });
    case Mutant::overstates_commit:
      return on<msg::BeatsOut>([](msg::BeatsOut& out) {
        for (msg::BeatTo& beat : out.beats) ++beat.beat.commit;
        return true;
      });
    case Mutant::understates_read_index:
      return on<msg::ReadIndexReply>([](msg::ReadIndexReply& reply) {
        if (reply.index == 0) return false;
        --reply.index;
        return true;
      });
    case Mutant::strips_sessions:
      return on<msg::ShardBatch>([](msg::ShardBatch& batch) {
        batch.session = 0;
        return true;
      });
    case Mutant::reads_anywhere:
      return on<msg::ShardBatch>([](msg::ShardBatch& batch) {
        batch.stale_reads = true;
        return true;
      });
    case Mutant::ignores_loyalty:
      return on<msg::VoteRequest>(
          [](msg::VoteRequest& request) { return !std::exchange(request.transfer, true); });
    case Mutant::confirms_snapshots_early:
      return on<msg::SnapshotReply>([](msg::SnapshotReply& reply) {
        return reply.snapshot_index != 0 && !std::exchange(reply.installed, true);
      });
    case Mutant::hides_changes:
      return on<msg::CacheChanges>([](msg::CacheChanges& changes) {
        if (changes.changed.empty()) return false;
        changes.changed.pop_back();
        return true;
      });
    case Mutant::freezes_caches: return freeze_caches();
  }
  return {};
}

}  // namespace harka::sim
