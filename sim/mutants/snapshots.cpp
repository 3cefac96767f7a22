// SPDX-License-Identifier: Apache-2.0
#include "sim/mutants/defect.hpp"
#include "storage/checksum.hpp"

namespace harka::sim {

namespace {

Tamper confirms_snapshots_early() {
  return on<msg::SnapshotReply>([](msg::SnapshotReply& reply) {
    return reply.snapshot_index != 0 && !std::exchange(reply.installed, true);
  });
}

Tamper promotes_snapshots() {
  return on<msg::SnapshotChunk>([](msg::SnapshotChunk& chunk) {
    ++chunk.snapshot_index;
    return true;
  });
}

Tamper empties_snapshots() {
  return on<msg::SnapshotChunk>([](msg::SnapshotChunk& chunk) {
    if (chunk.data.empty()) return false;
    chunk.data = SharedBytes();
    chunk.checksum = storage::crc32c({});
    return true;
  });
}

Tamper forgets_members_in_snapshots() {
  return on<msg::SnapshotChunk>([](msg::SnapshotChunk& chunk) {
    if (chunk.config.voters.size() < 2) return false;
    chunk.config.voters.pop_back();
    return true;
  });
}

Tamper relabels_snapshots() {
  return on<msg::SnapshotChunk>([](msg::SnapshotChunk& chunk) {
    const Term before = std::exchange(chunk.snapshot_term, chunk.term);
    return before != chunk.term;
  });
}

constexpr Defect list[] = {
    {"confirms-snapshots-early", "with the first part", confirms_snapshots_early},
    {"promotes-snapshots", "a state counts as of a later index", promotes_snapshots},
    {"empties-snapshots", "parts arrive without content", empties_snapshots},
    {"forgets-members-in-snapshots", "a voter is missing", forgets_members_in_snapshots},
    {"relabels-snapshots", "a state counts as of a newer term", relabels_snapshots},
};

}  // namespace

std::span<const Defect> snapshot_defects() {
  return list;
}

}  // namespace harka::sim
