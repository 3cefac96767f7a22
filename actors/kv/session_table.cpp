// SPDX-License-Identifier: Apache-2.0
// A session is stored as one engine record under a key that no user key can have (hash 0): the
// acknowledged sequence, then its records, each with its length.
#include "actors/kv/session_table.hpp"

#include "actors/kv/record.hpp"
#include "schemas/codec.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace harka::kv {

namespace {

std::string session_key(std::uint64_t session) {
  std::string key = hash_prefix(0);
  key.append("s");
  for (int shift = 56; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>((session >> static_cast<unsigned>(shift)) & 0xffU));
  }
  return key;
}

std::uint64_t session_of(std::string_view key) {
  std::uint64_t session = 0;
  for (const char c : key.substr(hash_bytes + 1)) {
    session = session << 8U | static_cast<unsigned char>(c);
  }
  return session;
}

void append_u64(std::string& out, std::uint64_t value) {
  char bytes[8];
  std::memcpy(bytes, &value, 8);
  out.append(bytes, 8);
}

std::uint64_t read_u64(std::string_view& in) {
  ASSERT_DURABLE(in.size() >= 8);
  std::uint64_t value = 0;
  std::memcpy(&value, in.data(), 8);
  in.remove_prefix(8);
  return value;
}

std::size_t bytes_of(const msg::SessionRecord& record) {
  return record.replies.size() + record.lengths.size() * sizeof(record.lengths[0]);
}

}  // namespace

const msg::SessionRecord* SessionTable::find(std::uint64_t session, std::uint64_t sequence) const {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return nullptr;
  const auto record = found->second.records.find(sequence);
  return record == found->second.records.end() ? nullptr : &record->second;
}

bool SessionTable::is_forgotten(std::uint64_t session, std::uint64_t sequence) const {
  const auto found = sessions_.find(session);
  return found != sessions_.end() && sequence <= found->second.acknowledged;
}

bool SessionTable::has_room_for(std::uint64_t session, LogIndex index) const {
  if (sessions_.size() < sessions_max || sessions_.contains(session)) return true;
  return std::any_of(sessions_.begin(), sessions_.end(), [index](const auto& known) {
    return is_silent(known.second, index);
  });
}

void SessionTable::add(msg::SessionRecord record, std::uint64_t acknowledged) {
  const std::uint64_t id = record.session;
  const LogIndex index = record.index;
  ASSERT(has_room_for(id, index));
  const auto [place, is_new] = sessions_.try_emplace(id);
  Session& session = place->second;
  session.used = index;
  session.acknowledged = std::max(session.acknowledged, acknowledged);
  const auto alive = session.records.upper_bound(session.acknowledged);
  for (auto it = session.records.begin(); it != alive; it = session.records.erase(it)) {
    session.answer_bytes -= bytes_of(it->second);
  }
  if (record.sequence > session.acknowledged) {
    const std::uint64_t sequence = record.sequence;
    keep(session, std::move(record));
    empty_oldest(session, sequence);
  }
  dirty_[id] = true;
  if (is_new && sessions_.size() > sessions_kept) forget_silent(index);
}

void SessionTable::keep(Session& session, msg::SessionRecord record) {
  msg::SessionRecord& kept = session.records[record.sequence];
  session.answer_bytes -= bytes_of(kept);
  kept = std::move(record);
  session.answer_bytes += bytes_of(kept);
}

void SessionTable::empty_oldest(Session& session, std::uint64_t but_not) {
  for (auto& [sequence, record] : session.records) {
    if (session.answer_bytes <= answer_bytes_max) return;
    if (sequence == but_not) continue;
    session.answer_bytes -= bytes_of(record);
    record.replies = {};
    record.lengths.clear();
  }
}

void SessionTable::forget_silent(LogIndex index) {
  for (auto it = sessions_.begin(); it != sessions_.end() && sessions_.size() > sessions_kept;) {
    if (!is_silent(it->second, index)) {
      ++it;
      continue;
    }
    dirty_[it->first] = true;
    it = sessions_.erase(it);
  }
}

std::vector<msg::StateWrite> SessionTable::take_writes() {
  std::vector<msg::StateWrite> writes;
  for (const auto& [id, unused] : std::exchange(dirty_, {})) {
    msg::StateWrite write;
    write.key = SharedBytes(session_key(id));
    const auto session = sessions_.find(id);
    write.removed = session == sessions_.end();
    if (!write.removed) {
      std::string value;
      append_u64(value, session->second.acknowledged);
      append_u64(value, session->second.used);
      for (const auto& [sequence, record] : session->second.records) {
        const SharedBytes encoded = msg::encode_struct(record);
        append_u64(value, encoded.size());
        value.append(encoded.view());
      }
      write.value = SharedBytes(std::move(value));
    }
    writes.push_back(std::move(write));
  }
  return writes;
}

void SessionTable::load(GroupId group, const storage::Engine& engine) {
  sessions_.clear();
  dirty_.clear();
  const std::string end = hash_prefix(first_key_hash);
  engine.scan(group, hash_prefix(0), [&](std::string_view key, std::string_view value) {
    if (key >= end) return false;
    Session& session = sessions_[session_of(key)];
    session.acknowledged = read_u64(value);
    session.used = read_u64(value);
    while (!value.empty()) {
      const std::uint64_t size = read_u64(value);
      ASSERT_DURABLE(size <= value.size());
      Result<msg::SessionRecord> record =
          msg::decode_struct<msg::SessionRecord>(SharedBytes::copy_of(value.substr(0, size)));
      ASSERT_DURABLE(record.ok());
      keep(session, std::move(record).value());
      value.remove_prefix(size);
    }
    return true;
  });
}

}  // namespace harka::kv
