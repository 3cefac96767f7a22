// SPDX-License-Identifier: Apache-2.0
#include "sim/mutants/defect.hpp"
#include "storage/log_format.hpp"

namespace harka::sim {

namespace {

Tamper forgets_votes() {
  return on<msg::AppendLog>(
      [](msg::AppendLog& append) { return std::exchange(append.hard_state.vote, 0) != 0; });
}

Tamper forgets_terms() {
  return on<msg::AppendLog>(
      [](msg::AppendLog& append) { return std::exchange(append.has_hard_state, false); });
}

Tamper loses_entries() {
  return on<msg::AppendLog>([](msg::AppendLog& append) {
    if (append.entries.size() < 2) return false;
    append.entries.pop_back();
    return true;
  });
}

Tamper recovers_without_vote() {
  return on<msg::GroupRecovered>([](msg::GroupRecovered& recovered) {
    return std::exchange(recovered.hard_state.vote, 0) != 0;
  });
}

Tamper recovers_an_older_term() {
  return on<msg::GroupRecovered>([](msg::GroupRecovered& recovered) {
    if (recovered.hard_state.term == 0) return false;
    --recovered.hard_state.term;
    return true;
  });
}

Tamper recovers_less() {
  return on<msg::GroupRecovered>([](msg::GroupRecovered& recovered) {
    if (recovered.entries.empty()) return false;
    recovered.entries.pop_back();
    return true;
  });
}

Tamper takes_damage_for_whole() {
  return on<msg::GroupRecovered>(
      [](msg::GroupRecovered& recovered) { return std::exchange(recovered.tainted, false); });
}

Tamper heals_at_its_first_append() {
  return on<msg::GroupRecovered>([](msg::GroupRecovered& recovered) {
    recovered.high_water = 0;
    return std::exchange(recovered.term_floor, 0) != 0;
  });
}

Tamper leaps_over_no_term() {
  return on<msg::GroupRecovered>([](msg::GroupRecovered& recovered) {
    if (recovered.term_floor == 0) return false;
    recovered.term_floor -= storage::term_leap;
    recovered.hard_state.term -= storage::term_leap;
    return true;
  });
}

Tamper flushes_less() {
  return on<msg::FlushState>([](msg::FlushState& flush) {
    if (flush.writes.empty()) return false;
    flush.writes.pop_back();
    return true;
  });
}

Tamper overstates_flushes() {
  return on<msg::FlushState>([](msg::FlushState& flush) {
    ++flush.applied_index;
    return true;
  });
}

Tamper confirms_more_than_it_flushed() {
  return on<msg::StateFlushed>([](msg::StateFlushed& flushed) {
    ++flushed.applied_index;
    return true;
  });
}

Tamper installs_less() {
  return on<msg::InstallState>([](msg::InstallState& install) {
    if (install.done || install.data.empty()) return false;
    install.data = SharedBytes();
    return true;
  });
}

constexpr Defect list[] = {
    {answers_before_sync, "the log confirms what a crash can still take", nullptr},
    {"forgets-votes", "the vote is not written", forgets_votes},
    {"forgets-terms", "terms and votes are not written", forgets_terms},
    {"loses-entries", "the last entry of a write is confirmed and not written", loses_entries},
    {"recovers-without-vote", "a start does not know the vote", recovers_without_vote},
    {"recovers-an-older-term", "a start does not know the term", recovers_an_older_term},
    {"recovers-less", "a start does not know the last entry", recovers_less},
    {"takes-damage-for-whole", "a damaged log counts as whole", takes_damage_for_whole},
    {"heals-at-its-first-append",
     "a damaged log counts as whole too early",
     heals_at_its_first_append},
    {"leaps-over-no-term",
     "a damaged log goes on in the term that it remembers",
     leaps_over_no_term},
    {"flushes-less", "one change is not flushed", flushes_less},
    {"overstates-flushes", "the state counts as of a later index", overstates_flushes},
    {"confirms-more-than-it-flushed",
     "the log is cut behind what the state holds",
     confirms_more_than_it_flushed},
    {"installs-less", "a part of a snapshot is not staged", installs_less},
};

}  // namespace

std::span<const Defect> store_defects() {
  return list;
}

}  // namespace harka::sim
