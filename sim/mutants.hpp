// SPDX-License-Identifier: Apache-2.0
// Defects on purpose: each breaks one promise of the protocol, so that a run shows that some oracle
// notices. They sit at the seams of the World, so the machines that ship carry no hooks for them.
#pragma once

#include "runtime/envelope.hpp"

#include <array>
#include <functional>
#include <optional>
#include <string_view>

namespace harka::sim {

enum class Mutant : std::uint8_t {
  none,
  answers_before_sync,  // the log store confirms what a crash can still take
  forgets_votes,        // the vote is not written
  grants_every_vote,
  invents_acknowledgements,  // of one entry more than there is
  loses_entries,             // the last entry of a write is confirmed and not written
  overstates_commit,         // heartbeats announce one entry too many
  understates_read_index,
  strips_sessions,           // retries are not recognised
  reads_anywhere,            // followers answer what only the leader may
  ignores_loyalty,           // votes are granted while a leader rests on its lease
  confirms_snapshots_early,  // with the first chunk
  hides_changes,             // from caches: a changed key is not listed
  freezes_caches             // they are told that nothing changed
};

inline constexpr std::array mutants{
    Mutant::answers_before_sync,
    Mutant::forgets_votes,
    Mutant::grants_every_vote,
    Mutant::invents_acknowledgements,
    Mutant::loses_entries,
    Mutant::overstates_commit,
    Mutant::understates_read_index,
    Mutant::strips_sessions,
    Mutant::reads_anywhere,
    Mutant::ignores_loyalty,
    Mutant::confirms_snapshots_early,
    Mutant::hides_changes,
    Mutant::freezes_caches,
};

[[nodiscard]] std::string_view name_of(Mutant mutant);
[[nodiscard]] std::optional<Mutant> mutant_of(std::string_view name);

/// There are caches only in whole nodes: these show in the profile `cluster`, the others in `core`.
[[nodiscard]] constexpr bool is_of_caches(Mutant mutant) {
  return mutant == Mutant::hides_changes || mutant == Mutant::freezes_caches;
}

/// What the World does to messages for this mutant; empty if nothing.
[[nodiscard]] std::function<EnvelopePtr(const EnvelopePtr&)> tamper_of(Mutant mutant);

}  // namespace harka::sim
