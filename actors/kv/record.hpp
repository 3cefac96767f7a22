// SPDX-License-Identifier: Apache-2.0
// How keys and records lie in the engine.
//
// key:    6 bytes, big-endian: 48-bit hash of the user's key; then the user's key
// record: 8 bytes, little-endian: expire_at; then the value
//
// Ordering by hash makes SCAN stateless: a cursor is a position in hash order, and a full scan
// returns every key that was there all the time, whatever is written meanwhile.
#pragma once

#include "actors/kv/key_value_view.hpp"
#include "base/assert.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace harka::kv {

constexpr std::size_t hash_bytes = 6;
constexpr std::uint64_t hash_max = (1ULL << 48U) - 1;
/// Hash values below this are not used by keys: the shard's own records (sessions) lie there.
constexpr std::uint64_t first_key_hash = 1;

/// FNV-1a, mixed and cut to 48 bits; at least first_key_hash. On disk: never change it.
[[nodiscard]] inline std::uint64_t hash48(std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  hash ^= hash >> 32U;
  hash *= 0xd6e8feb86659fd93ULL;
  hash ^= hash >> 32U;
  hash &= hash_max;
  return hash < first_key_hash ? first_key_hash : hash;
}

/// Fills `hash_bytes` bytes.
inline void write_hash_prefix(char* prefix, std::uint64_t hash) {
  for (std::size_t i = 0; i < hash_bytes; ++i) {
    prefix[i] = static_cast<char>((hash >> (8 * (hash_bytes - 1 - i))) & 0xffU);
  }
}

[[nodiscard]] inline std::string hash_prefix(std::uint64_t hash) {
  std::string prefix(hash_bytes, '\0');
  write_hash_prefix(prefix.data(), hash);
  return prefix;
}

[[nodiscard]] inline std::uint64_t hash_of_stored(std::string_view stored) {
  ASSERT(stored.size() >= hash_bytes);
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < hash_bytes; ++i) {
    hash = hash << 8U | static_cast<unsigned char>(stored[i]);
  }
  return hash;
}

[[nodiscard]] inline std::string stored_key(std::string_view key) {
  std::string stored = hash_prefix(hash48(key));
  stored.append(key);
  return stored;
}

constexpr std::size_t expiry_bytes = 8;

[[nodiscard]] inline std::size_t stored_record_bytes(const Record& record) {
  return expiry_bytes + record.value.size();
}

/// A record where it lies.
struct RecordView {
  std::string_view value;
  WallTime expire_at = 0;
};

[[nodiscard]] inline RecordView view_from(std::string_view stored) {
  ASSERT_DURABLE(stored.size() >= expiry_bytes);
  RecordView record;
  std::memcpy(&record.expire_at, stored.data(), expiry_bytes);
  record.value = stored.substr(expiry_bytes);
  return record;
}

[[nodiscard]] inline RecordInfo info_from(std::string_view stored) {
  const RecordView record = view_from(stored);
  return RecordInfo{record.value.size(), record.expire_at};
}

/// Fills `stored_record_bytes` bytes.
inline void write_stored_record(char* stored, const Record& record) {
  std::memcpy(stored, &record.expire_at, expiry_bytes);
  const std::string_view value = record.value.view();
  std::copy(value.begin(), value.end(), stored + expiry_bytes);
}

[[nodiscard]] inline Record record_from(const SharedBytes& stored) {
  ASSERT_DURABLE(stored.size() >= expiry_bytes);
  Record record;
  std::memcpy(&record.expire_at, stored.data(), expiry_bytes);
  record.value = stored.slice(expiry_bytes, stored.size() - expiry_bytes);
  return record;
}

}  // namespace harka::kv
