// SPDX-License-Identifier: Apache-2.0
// The bytes of the log. A segment is a preallocated file that is used again and again; every record
// carries the lap, a number that no other use of any segment ever has, so that bytes of an earlier
// use are never taken for valid. Integers are little-endian.
//
//   record: crc u32 | payload length u32 | lap u32 | flush u32 | group u32 | kind u8 | entry type
//   u8
//           | flags u16 | term u64 | index u64 | payload | zero padding to 8 bytes
//
// crc covers everything after itself, without the padding, and is seeded (`RecordSeed`). The first
// record of a segment is a `header`; a full one ends with a `seal`. `flush` numbers the flushes of
// a lap and a flag marks a flush's last record: that tells a write torn by a power failure, whose
// blocks may reach the disk in any order, from damage to what was acknowledged.
#pragma once

#include "storage/checksum.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace harka::storage {

enum class RecordKind : std::uint8_t {
  header = 1,      // index: the floor; term: the lap before; payload: magic, data id
  entry = 2,       // replaces whatever the group had at and after its index
  hard_state = 3,  // term, and index = vote
  log_start = 4,   // the log starts after (index, term); with drops_suffix what followed is gone
  drop_group = 5,
  seal = 6,          // the segment is complete; index: the floor
  copied_entry = 7,  // an older entry, written again unchanged so that its segment can be reused
  roster = 8,        // payload: RosterLine for every group, as of the start of this segment
  taint = 9,  // the group lost what it had promised; term: the floor; without: index, high water
  mark = 10   // testifies that the flushes before it were done; index: the floor
};
constexpr std::uint8_t record_kind_max = 10;

/// Laps below the floor are obsolete: their segments are free, whatever they hold.
using Lap = std::uint32_t;

/// No record has a higher one and no segment gets one, so that none wraps. At 64 MiB a segment this
/// is after 257 petabytes.
constexpr Lap lap_max = 0xF0000000;

/// What the checksum of a record begins with. Its offset: a record that a disk put into the wrong
/// place is not valid there. The id of the data directory, a secret: values are bytes of clients,
/// who could write whole records into them, guess their place, and wait for the segment to be used
/// again. The header is what says whose the others are, and no value lies at its place.
class RecordSeed {
 public:
  explicit constexpr RecordSeed(std::uint64_t data_id)
      : secret_(static_cast<std::uint32_t>(data_id ^ data_id >> 32U)) {}

  [[nodiscard]] constexpr std::uint32_t at(std::uint64_t offset) const {
    return offset == 0 ? 0 : static_cast<std::uint32_t>(offset) ^ secret_;
  }

 private:
  std::uint32_t secret_;
};

struct RecordHead {
  std::uint32_t crc = 0;
  std::uint32_t length = 0;
  Lap lap = 0;
  std::uint32_t flush = 0;
  std::uint32_t group = 0;
  RecordKind kind = RecordKind::entry;
  std::uint8_t entry_type = 0;
  std::uint16_t flags = 0;
  std::uint64_t term = 0;
  std::uint64_t index = 0;
};

static_assert(sizeof(RecordHead) == 40 && std::is_trivially_copyable_v<RecordHead>);

struct RosterLine {
  std::uint32_t group = 0;
  std::uint32_t reserved = 0;
  std::uint64_t term = 0;  // the highest that it knew
};

static_assert(sizeof(RosterLine) == 16 && std::is_trivially_copyable_v<RosterLine>);

constexpr std::uint16_t flag_ends_flush = 1;
constexpr std::uint16_t flag_drops_suffix = 2;
constexpr std::uint16_t flags_known = flag_ends_flush | flag_drops_suffix;

/// A taint of this group is a taint of every group that the log does not know.
constexpr std::uint32_t unknown_groups = 0xFFFFFFFF;

/// How far the term floor after damage lies above every term that is still known. Each term begins
/// with a candidature that somebody syncs, so no more of them can have been lost than this.
constexpr std::uint64_t term_leap = 1ULL << 32;

/// The layout of a record, of the header record and this name are the same in all versions.
constexpr std::string_view log_magic_family = "harka-log-";
constexpr std::string_view log_magic = "harka-log-3";
/// Magic, a zero, the segment's bytes as u32 (so that a file that was cut is told from a torn
/// write; 0: not told), data id u64.
constexpr std::size_t header_payload_bytes = 24;
constexpr std::size_t header_size_at = 12;
constexpr std::size_t header_data_id_at = 16;
static_assert(log_magic.size() < header_size_at);
constexpr std::size_t record_payload_max = 64U << 20;

[[nodiscard]] constexpr std::size_t record_bytes(std::size_t payload) {
  return (sizeof(RecordHead) + payload + 7) / 8 * 8;
}

/// Seals the record at `begin` of a buffer whose first byte goes to `buffer_offset` of the segment.
inline void finish_record(
    std::string& buffer,
    std::size_t begin,
    std::uint64_t buffer_offset,
    bool ends_flush,
    RecordSeed seed) {
  RecordHead head;
  std::memcpy(&head, buffer.data() + begin, sizeof head);
  if (ends_flush) head.flags |= flag_ends_flush;
  std::memcpy(buffer.data() + begin, &head, sizeof head);
  const std::string_view covered = std::string_view(buffer).substr(
      begin + sizeof head.crc, sizeof head - sizeof head.crc + head.length);
  const std::uint32_t crc = crc32c(covered, seed.at(buffer_offset + begin));
  std::memcpy(buffer.data() + begin, &crc, sizeof crc);
}

/// Adds a record without its checksum: `finish_record` does that once it is known whether it is the
/// last of its flush.
inline void append_record(std::string& buffer, RecordHead head, std::string_view payload) {
  const std::size_t padding = record_bytes(payload.size()) - sizeof head - payload.size();
  head.length = static_cast<std::uint32_t>(payload.size());
  buffer.append(reinterpret_cast<const char*>(&head), sizeof head);  // trivially copyable
  buffer.append(payload);
  buffer.append(padding, '\0');
}

/// What its checksum covers of a record at the beginning of `bytes`.
[[nodiscard]] inline std::string_view covered_by_crc(
    std::string_view bytes, const RecordHead& head) {
  return bytes.substr(sizeof head.crc, sizeof head - sizeof head.crc + head.length);
}

/// The head at the beginning of `bytes`, if it may be one and its record fits; its checksum is not
/// looked at.
[[nodiscard]] inline std::optional<RecordHead> read_head(std::string_view bytes) {
  if (bytes.size() < sizeof(RecordHead)) return std::nullopt;
  RecordHead head;
  std::memcpy(&head, bytes.data(), sizeof head);
  const auto kind = static_cast<std::uint8_t>(head.kind);
  if (head.lap == 0 || head.lap > lap_max || kind == 0 || kind > record_kind_max ||
      head.length > record_payload_max || (head.flags & ~flags_known) != 0 ||
      record_bytes(head.length) > bytes.size()) {
    return std::nullopt;
  }
  return head;
}

/// The record at the beginning of `bytes`, which were read at `offset` of a segment, if it is
/// whole, undamaged and was written there. Any lap.
[[nodiscard]] inline std::optional<RecordHead> read_record_at(
    std::string_view bytes, std::uint64_t offset, RecordSeed seed) {
  const std::optional<RecordHead> head = read_head(bytes);
  if (!head) return std::nullopt;
  if (crc32c(covered_by_crc(bytes, *head), seed.at(offset)) != head->crc) return std::nullopt;
  return head;
}

[[nodiscard]] inline std::optional<RecordHead> read_record(
    std::string_view segment, std::uint64_t offset, RecordSeed seed) {
  if (offset > segment.size()) return std::nullopt;
  return read_record_at(segment.substr(offset), offset, seed);
}

}  // namespace harka::storage
