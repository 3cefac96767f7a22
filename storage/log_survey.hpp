// SPDX-License-Identifier: Apache-2.0
// What one segment's bytes say about themselves: which lap they belong to, how far the records are
// whole, and whether what is not whole was acknowledged. Pure: bytes in, facts out.
//
// A write that was under way at a power failure leaves a torn flush, which nobody was told about;
// its blocks may have reached the disk in any order, so whole records of that same flush may follow
// a bad one. A whole record of a later flush, though, was only written after the torn one had been
// synced: what is bad before it had been acknowledged, and is damage. The one case that looks like
// a torn write and is not: damage to the very last flush, which nothing newer testifies to.
#pragma once

#include "storage/crc_prefixes.hpp"
#include "storage/log_format.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace harka::storage {

struct Survey {
  Lap lap = 0;                    // named by the header; 0: there is no whole header
  Lap lap_before = 0;             // the lap before it, from the header
  Lap floor = 0;                  // the highest that any whole record names
  std::uint64_t data_id = 0;      // from the header
  bool is_other_version = false;  // a log, but in a format that this code does not know
  bool is_sealed = false;
  bool is_damaged = false;        // acknowledged bytes are bad
  bool is_torn = false;           // a record of this lap was begun at `end`
  bool is_cut = false;            // the file is smaller than it was made, and not behind its seal
  std::uint64_t size_made = 0;    // bytes, from the header; 0: not told
  std::uint64_t end = 0;          // the records are whole up to here
  std::uint32_t flush_end = 0;    // number of the flush before `end`
  Lap stray_lap = 0;              // of whole records that are newer than the header
  std::uint32_t stray_flush = 0;  // their newest flush; 1 is the one that wrote the header
};

[[nodiscard]] Survey survey_segment(std::string_view segment, RecordSeed seed);

/// Calls `visit(offset, head, payload)` for every whole record at or after `from`, of any lap. What
/// only looks like one costs about a microsecond, however long it says that it is.
template <typename Visit>
void for_each_record(
    std::string_view segment, std::uint64_t from, RecordSeed seed, const Visit& visit) {
  const CrcPrefixes sums(segment.substr(std::min<std::uint64_t>(from, segment.size())));
  const auto is_whole = [&](std::uint64_t at, const RecordHead& head) {
    const std::uint64_t begin = at - from + sizeof head.crc;
    const std::size_t bytes = sizeof head - sizeof head.crc + head.length;
    return sums.crc_of(begin, bytes, seed.at(at)) == head.crc;
  };
  std::uint64_t offset = from;
  while (offset + sizeof(RecordHead) <= segment.size()) {
    const auto head = read_head(segment.substr(offset));
    if (head && is_whole(offset, *head)) {
      visit(offset, *head, segment.substr(offset + sizeof(RecordHead), head->length));
      offset += record_bytes(head->length);
    } else {
      offset += 8;
    }
  }
}

}  // namespace harka::storage
