// SPDX-License-Identifier: Apache-2.0
// The bytes of one snapshot part: [u32 key length][u32 value length][key][value] …, little-endian.
#pragma once

#include "base/bytes.hpp"
#include "base/limits.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace harka::storage {

inline void append_part_record(std::string& out, std::string_view key, std::string_view value) {
  const auto key_size = static_cast<std::uint32_t>(key.size());
  const auto value_size = static_cast<std::uint32_t>(value.size());
  char head[8];
  std::memcpy(head, &key_size, 4);
  std::memcpy(head + 4, &value_size, 4);
  out.append(head, sizeof head).append(key).append(value);
}

class SnapshotPartWriter {
 public:
  /// False when the part is full: the record belongs to the next one. One record always fits.
  bool add(std::string_view key, std::string_view value) {
    if (!out_.empty() &&
        out_.size() + 8 + key.size() + value.size() > limits::snapshot_chunk_bytes) {
      return false;
    }
    append_part_record(out_, key, value);
    return true;
  }

  [[nodiscard]] SharedBytes take() { return SharedBytes(std::move(out_)); }

 private:
  std::string out_;
};

class SnapshotPartReader {
 public:
  /// The bytes outlive the reader.
  explicit SnapshotPartReader(std::string_view data) : rest_(data) {}

  /// Moves to the next record. False at the end, or when the bytes do not add up.
  bool next() {
    if (rest_.empty() || is_damaged_) return false;
    std::uint32_t key_size = 0;
    std::uint32_t value_size = 0;
    if (rest_.size() >= 8) {
      std::memcpy(&key_size, rest_.data(), 4);
      std::memcpy(&value_size, rest_.data() + 4, 4);
    }
    if (rest_.size() < 8ULL + key_size + value_size) {
      is_damaged_ = true;
      return false;
    }
    key_ = rest_.substr(8, key_size);
    value_ = rest_.substr(8 + key_size, value_size);
    rest_.remove_prefix(8ULL + key_size + value_size);
    return true;
  }

  [[nodiscard]] std::string_view key() const { return key_; }

  [[nodiscard]] std::string_view value() const { return value_; }

  [[nodiscard]] bool is_damaged() const { return is_damaged_; }

 private:
  std::string_view rest_;
  std::string_view key_;
  std::string_view value_;
  bool is_damaged_ = false;
};

}  // namespace harka::storage
