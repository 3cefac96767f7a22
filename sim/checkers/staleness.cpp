// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/staleness.hpp"

#include "actors/kv/command.hpp"
#include "actors/kv/record.hpp"
#include "actors/kv/session_table.hpp"

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
    const bool is_plain_set = command.id == kv::CommandId::set && command.size() == 2;
    if (!is_plain_set && kv::find_command(command.id)->has(kv::command_flag::write)) {
      kv::for_each_key(command, [&group](std::string_view key) { group.unclear.emplace(key); });
    }
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
  return session.seen.emplace(header.sequence, entry.index).second;
}

std::optional<std::string> StalenessOracle::held_at(
    const std::vector<Write>& writes, LogIndex index) {
  std::optional<std::string> held;
  for (const Write& write : writes) {
    if (write.index <= index) held = write.value;
  }
  return held;
}

void StalenessOracle::recovered(GroupId id, const storage::Engine& engine) {
  const auto found = groups_.find(id.value);
  if (found == groups_.end()) return;
  check_sessions(id, found->second, engine);
  const LogIndex index = engine.applied(id).index;
  for (const auto& [key, writes] : found->second.writes) {
    if (found->second.unclear.contains(key)) continue;
    const std::optional<SharedBytes> stored = engine.get(id, kv::stored_key(key));
    std::optional<std::string> kept;
    if (stored) kept = kv::record_from(*stored).value.view();
    const std::optional<std::string> held = held_at(writes, index);
    if (kept == held) continue;
    throw Violation(
        Broken::correctness,
        "the durable state of group " + std::to_string(id.value) + " as of index " +
            std::to_string(index) + " has " + text(kept) + " in " + key + ", not " + text(held));
  }
}

/// What may be asked for again has its answer, or it would be executed a second time. What is
/// acknowledged by now is left out, though the state may still have it.
void StalenessOracle::check_sessions(
    GroupId id, const Group& group, const storage::Engine& engine) {
  const LogIndex index = engine.applied(id).index;
  kv::SessionTable table;
  table.load(id, engine);
  for (const auto& [number, session] : group.sessions) {
    for (auto one = session.seen.upper_bound(session.acknowledged); one != session.seen.end();
         ++one) {
      if (one->second > index || table.find(number, one->first) != nullptr) continue;
      throw Violation(
          Broken::correctness,
          "the durable state of group " + std::to_string(id.value) + " as of index " +
              std::to_string(index) + " has forgotten batch " + std::to_string(one->first) +
              " of session " + std::to_string(number));
    }
  }
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
    held = held_at(writes->second, read.index);
  }
  if (held != read.value) fail(read, "gives " + text(read.value) + ", not " + text(held));
}

}  // namespace harka::sim
