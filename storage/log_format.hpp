// SPDX-License-Identifier: Apache-2.0
// The bytes of the log. A segment is a preallocated file that is used again and again; every record
// carries the lap (the segment's sequence number at that use), so that bytes of an earlier use are
// never taken for valid. Integers are little-endian.
//
//   record: crc u32 | payload length u32 | lap u64 | group u32 | kind u8 | entry type u8 | flush u16
//           | term u64 | index u64 | payload | zero padding to 8 bytes
//
// crc covers everything after itself, without the padding. The first record of a segment is a
// `header`; a full one ends with a `seal`, so an unsealed segment that is not the last is damaged.
// `flush` numbers the flush that wrote the record (15 bits, wrapping) and marks a flush's last record
// with the top bit: that tells a write torn by a power failure, whose blocks may reach the disk in any
// order, from damage to what was acknowledged.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "storage/checksum.hpp"

namespace harka::storage {

enum class RecordKind : std::uint8_t {
  header = 1,      // payload: magic; starts a segment
  entry = 2,
  hard_state = 3,  // term, and index = vote
  log_start = 4,   // the log starts after (index, term); payload "d": what followed was dropped
  drop_group = 5,
  seal = 6         // the segment is complete
};

struct RecordHead {
  std::uint32_t crc = 0;
  std::uint32_t length = 0;
  std::uint64_t lap = 0;
  std::uint32_t group = 0;
  RecordKind kind = RecordKind::entry;
  std::uint8_t entry_type = 0;
  std::uint16_t flush = 0;
  std::uint64_t term = 0;
  std::uint64_t index = 0;
};
static_assert(sizeof(RecordHead) == 40 && std::is_trivially_copyable_v<RecordHead>);

constexpr std::uint16_t flush_end_bit = 0x8000;
constexpr std::uint16_t flush_number_mask = 0x7fff;

constexpr std::string_view log_magic = "harka-log-1";
constexpr std::size_t record_payload_max = 64U << 20;

[[nodiscard]] constexpr std::size_t record_bytes(std::size_t payload) {
  return (sizeof(RecordHead) + payload + 7) / 8 * 8;
}

inline void append_record(std::string& out, RecordHead head, std::string_view payload) {
  const std::size_t begin = out.size();
  head.length = static_cast<std::uint32_t>(payload.size());
  out.resize(begin + sizeof head);
  std::memcpy(out.data() + begin, &head, sizeof head);
  out.append(payload);
  const std::uint32_t crc = crc32c(std::string_view(out).substr(begin + sizeof head.crc));
  std::memcpy(out.data() + begin, &crc, sizeof crc);
  out.resize(begin + record_bytes(payload.size()), '\0');
}

/// Marks the record at `begin` of a buffer as the last of its flush.
inline void mark_flush_end(std::string& out, std::size_t begin) {
  RecordHead head;
  std::memcpy(&head, out.data() + begin, sizeof head);
  head.flush |= flush_end_bit;
  std::memcpy(out.data() + begin, &head, sizeof head);
  const std::uint32_t crc = crc32c(std::string_view(out).substr(
      begin + sizeof head.crc, sizeof head - sizeof head.crc + head.length));
  std::memcpy(out.data() + begin, &crc, sizeof crc);
}

/// The record at `offset` if it is whole, undamaged and of this lap.
[[nodiscard]] inline std::optional<RecordHead> read_record(
    std::string_view segment, std::uint64_t offset, std::uint64_t lap) {
  if (offset + sizeof(RecordHead) > segment.size()) return std::nullopt;
  RecordHead head;
  std::memcpy(&head, segment.data() + offset, sizeof head);
  if (head.lap != lap || head.length > record_payload_max ||
      offset + record_bytes(head.length) > segment.size()) {
    return std::nullopt;
  }
  const std::string_view covered = segment.substr(
      offset + sizeof head.crc, sizeof head - sizeof head.crc + head.length);
  if (crc32c(covered) != head.crc) return std::nullopt;
  return head;
}

}  // namespace harka::storage
