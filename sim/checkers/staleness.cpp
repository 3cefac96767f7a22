// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/staleness.hpp"

#include "actors/kv/command.hpp"

#include <algorithm>

namespace harka::sim {

namespace {

std::string text(const std::optional<std::string>& value) {
  return value ? "'" + *value + "'" : "nothing";
}

[[noreturn]] void fail(const StalenessOracle::Read& read, const std::string& what) {
  throw Violation(
      Broken::correctness,
      "a stale read of " + read.key + " as of index " + std::to_string(read.index) + " " + what);
}

}  // namespace

void StalenessOracle::committed(GroupId id, const msg::Entry& entry, Instant now) {
  Group& group = groups_[id.value];
  ASSERT(entry.index == group.committed_at.size());
  group.committed_at.push_back(now);
  if (entry.type != msg::EntryType::command || id == meta_group) return;
  if (!takes_effect(group, entry)) return;
  kv::CommandReader reader(kv::decode_entry(entry.data.view())->commands);
  while (reader.next()) {
    const kv::CommandView& command = reader.command();
    if (command.id != kv::CommandId::set) continue;
    group.writes[std::string(command[0])].push_back(Write{entry.index, std::string(command[1])});
  }
}

/// As kv::SessionTable decides it.
bool StalenessOracle::takes_effect(Group& group, const msg::Entry& entry) {
  const std::optional<kv::EntryView> view = kv::decode_entry(entry.data.view());
  ASSERT(view.has_value());
  const kv::EntryHeader& header = view->header;
  if (header.session == 0) return true;
  Session& session = group.sessions[header.session];
  if (header.sequence <= session.acknowledged) return false;
  session.acknowledged = std::max(session.acknowledged, header.acknowledged);
  return session.seen.insert(header.sequence).second;
}

void StalenessOracle::check(const Read& read) const {
  if (read.index < read.min_index) {
    fail(read, "where its session had seen " + std::to_string(read.min_index));
  }
  const auto found = groups_.find(read.group.value);
  const std::size_t known = found == groups_.end() ? 1 : found->second.committed_at.size();
  if (read.index >= known) fail(read, "where that is not committed");
  if (found == groups_.end()) return;
  const Group& group = found->second;
  if (read.index + 1 < known && read.began - group.committed_at[read.index + 1] > bound_) {
    fail(
        read,
        "where the next one had been committed for " +
            std::to_string((read.began - group.committed_at[read.index + 1]) / 1ms) + " ms");
  }
  std::optional<std::string> held;
  if (const auto writes = group.writes.find(read.key); writes != group.writes.end()) {
    for (const Write& write : writes->second) {
      if (write.index <= read.index) held = write.value;
    }
  }
  if (held != read.value) fail(read, "gives " + text(read.value) + ", not " + text(held));
}

}  // namespace harka::sim
