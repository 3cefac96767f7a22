// SPDX-License-Identifier: Apache-2.0
// Keys that are longer than LMDB's (511 bytes, a constant of the library). A key of 511 bytes or
// more lies in a bucket: LMDB's key is its first 511 bytes, LMDB's value all keys that begin so, in
// order, with their values. Shorter keys lie as they are; so LMDB's order is the keys' own.
//   bucket: [u32 key length][u32 value length][key][value] …, as in a snapshot part
// A bucket has one key in practice, as the shards' keys begin with a hash. Rejected: a digest in
// place of the rest of the key, which two keys may share and which has no order.
#pragma once

#include "storage/snapshot_part.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace harka::storage {

constexpr std::size_t lmdb_key_bytes = 511;

/// Whether a key, ours or LMDB's, is one of a bucket.
[[nodiscard]] inline bool is_in_bucket(std::string_view key) {
  return key.size() >= lmdb_key_bytes;
}

[[nodiscard]] inline std::string_view lmdb_key_of(std::string_view key) {
  return key.substr(0, lmdb_key_bytes);
}

/// The value of `key`, if the bucket has it.
[[nodiscard]] inline std::optional<std::string_view> find_in_bucket(
    std::string_view bucket, std::string_view key) {
  SnapshotPartReader reader(bucket);
  while (reader.next()) {
    if (reader.key() == key) return reader.value();
  }
  return std::nullopt;
}

/// The bucket without `key`; empty when that was the last one.
[[nodiscard]] inline std::string bucket_without(std::string_view bucket, std::string_view key) {
  std::string changed;
  SnapshotPartReader reader(bucket);
  while (reader.next()) {
    if (reader.key() != key) append_part_record(changed, reader.key(), reader.value());
  }
  return changed;
}

/// The bucket with this value for `key`, in its place.
[[nodiscard]] inline std::string bucket_with(
    std::string_view bucket, std::string_view key, std::string_view value) {
  std::string changed;
  bool is_put = false;
  const auto put = [&] {
    if (!std::exchange(is_put, true)) append_part_record(changed, key, value);
  };
  SnapshotPartReader reader(bucket);
  while (reader.next()) {
    if (reader.key() >= key) put();
    if (reader.key() != key) append_part_record(changed, reader.key(), reader.value());
  }
  put();
  return changed;
}

}  // namespace harka::storage
