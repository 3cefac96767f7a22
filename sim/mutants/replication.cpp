// SPDX-License-Identifier: Apache-2.0
#include "sim/mutants/defect.hpp"

namespace harka::sim {

namespace {

Tamper invents_acknowledgements() {
  return on<msg::AppendReply>([](msg::AppendReply& reply) {
    if (reply.success) ++reply.index;
    return reply.success;
  });
}

Tamper accepts_what_it_refuses() {
  return on<msg::AppendReply>([](msg::AppendReply& reply) {
    if (reply.success) return false;
    reply.success = true;
    reply.index = reply.rejected_prev;
    return true;
  });
}

Tamper overstates_commit() {
  return on<msg::BeatsOut>([](msg::BeatsOut& out) {
    for (msg::BeatTo& beat : out.beats) ++beat.beat.commit;
    return true;
  });
}

Tamper overstates_commit_in_appends() {
  return on<msg::AppendEntries>([](msg::AppendEntries& append) {
    ++append.commit;
    return true;
  });
}

Tamper sends_gaps() {
  return on<msg::AppendEntries>([](msg::AppendEntries& append) {
    if (append.entries.size() < 2) return false;
    append.entries.erase(append.entries.begin());
    return true;
  });
}

/// Only commands: a shard that is given what is none ends the process, which no oracle could see.
Tamper swaps_entries() {
  return on<msg::AppendEntries>([](msg::AppendEntries& append) {
    if (append.entries.size() < 2) return false;
    msg::Entry& first = append.entries[0];
    msg::Entry& second = append.entries[1];
    if (first.type != msg::EntryType::command || second.type != msg::EntryType::command)
      return false;
    std::swap(first.data, second.data);
    return first.data.view() != second.data.view();
  });
}

Tamper changes_entries() {
  return on<msg::AppendEntries>([](msg::AppendEntries& append) {
    for (msg::Entry& entry : append.entries) {
      if (entry.type != msg::EntryType::command || entry.data.empty()) continue;
      std::string data(entry.data.view());
      data.back() = static_cast<char>(data.back() ^ 1);
      entry.data = SharedBytes(std::move(data));
      return true;
    }
    return false;
  });
}

Tamper relabels_terms() {
  return on<msg::AppendEntries>([](msg::AppendEntries& append) {
    bool is_changed = false;
    for (msg::Entry& entry : append.entries) {
      is_changed = is_changed || entry.term != append.term;
      entry.term = append.term;
    }
    return is_changed;
  });
}

Tamper does_not_compare_logs() {
  return on<msg::AppendReply>([](msg::AppendReply& reply) {
    if (reply.success || reply.rejected_prev == 0) return false;
    reply.success = true;
    reply.index = reply.rejected_prev - 1;
    return true;
  });
}

Tamper understates_read_index() {
  return on<msg::ReadIndexReply>([](msg::ReadIndexReply& reply) {
    if (reply.index == 0) return false;
    --reply.index;
    return true;
  });
}

Tamper outbids_terms() {
  return on<msg::AppendEntries>([](msg::AppendEntries& append) {
    ++append.term;
    return true;
  });
}

Tamper loses_beats() {
  return lose<msg::Beats>([count = 0](const msg::Beats&) mutable { return ++count % 40 < 39; });
}

constexpr Defect list[] = {
    {"invents-acknowledgements", "one entry more than there is", invents_acknowledgements},
    {"accepts-what-it-refuses", "a refusal counts as an acknowledgement", accepts_what_it_refuses},
    {"does-not-compare-logs", "a refusal counts for the entry before", does_not_compare_logs},
    {"overstates-commit", "heartbeats announce one entry too many", overstates_commit},
    {"overstates-commit-in-appends",
     "appends announce one entry too many",
     overstates_commit_in_appends},
    {"sends-gaps", "the first entry of an append is left out", sends_gaps},
    {"swaps-entries", "two entries arrive in the other order", swaps_entries},
    {"changes-entries", "an entry arrives with another content", changes_entries},
    {"relabels-terms", "old entries arrive with the leader's term", relabels_terms},
    {"understates-read-index", "a read is let go one entry too early", understates_read_index},
    {"outbids-terms", "a leader speaks for the next term", outbids_terms},
    {"loses-beats", "most heartbeats are not sent", loses_beats, false, true},
};

}  // namespace

std::span<const Defect> replication_defects() {
  return list;
}

}  // namespace harka::sim
