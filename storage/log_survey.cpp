// SPDX-License-Identifier: Apache-2.0
// First the whole prefix, then what testifies to more behind it.
#include "storage/log_survey.hpp"

#include <algorithm>

namespace harka::storage {

namespace {

void note_floor(const RecordHead& head, Survey& survey) {
  const bool names_floor = head.kind == RecordKind::header || head.kind == RecordKind::seal ||
                           head.kind == RecordKind::mark;
  if (names_floor) survey.floor = std::max(survey.floor, static_cast<Lap>(head.index));
}

/// May `head` follow `before` when nothing is missing between them?
bool follows(const RecordHead& before, const RecordHead& head) {
  // A seal that recovery wrote behind a cut flush skips numbers.
  if (head.kind == RecordKind::seal) return head.flush >= before.flush;
  const bool is_new_flush = (before.flags & flag_ends_flush) != 0;
  return head.flush == before.flush + (is_new_flush ? 1U : 0U);
}

void read_header(std::string_view segment, RecordSeed seed, Survey& survey) {
  const auto head = read_record(segment, 0, seed);
  if (!head || head->kind != RecordKind::header || head->length != header_payload_bytes) return;
  const std::string_view magic = segment.substr(sizeof(RecordHead), log_magic.size());
  if (magic != log_magic) {
    // Only a whole record says so: a flipped bit in the name is damage.
    survey.is_other_version = magic.starts_with(log_magic_family);
    return;
  }
  survey.lap = head->lap;
  survey.lap_before = static_cast<Lap>(head->term);
  const char* const payload = segment.data() + sizeof(RecordHead);
  std::uint32_t size = 0;
  std::memcpy(&size, payload + header_size_at, sizeof size);
  survey.size_made = size;
  std::memcpy(&survey.data_id, payload + header_data_id_at, sizeof survey.data_id);
}

/// Finds the end of the whole prefix. Returns the number that a flush which is bad there has.
std::uint32_t walk(std::string_view segment, RecordSeed seed, Survey& survey) {
  RecordHead before;
  std::uint64_t offset = 0;
  while (const auto head = read_record(segment, offset, seed)) {
    if (head->lap != survey.lap || (offset > 0 && !follows(before, *head))) break;
    note_floor(*head, survey);
    before = *head;
    offset += record_bytes(head->length);
    survey.is_sealed = head->kind == RecordKind::seal;
    if (survey.is_sealed) break;
  }
  survey.end = offset;
  survey.is_cut = !survey.is_sealed && segment.size() < survey.size_made;
  survey.is_damaged = survey.is_cut;
  if (!survey.is_sealed && offset + sizeof(RecordHead) <= segment.size()) {
    RecordHead cut;
    std::memcpy(&cut, segment.data() + offset, sizeof cut);
    survey.is_torn = cut.lap == survey.lap;
  }
  survey.flush_end = before.flush;
  return before.flush + ((before.flags & flag_ends_flush) != 0 ? 1U : 0U);
}

}  // namespace

Survey survey_segment(std::string_view segment, RecordSeed seed) {
  Survey survey;
  read_header(segment, seed, survey);
  // A segment gets its name when it has its whole size: this one was made smaller since.
  survey.is_cut = segment.size() < record_bytes(header_payload_bytes);
  const std::uint32_t bad_flush = survey.lap == 0 ? 0 : walk(segment, seed, survey);
  const auto look = [&](std::uint64_t, const RecordHead& head, std::string_view) {
    if (head.lap < survey.lap) return;
    note_floor(head, survey);
    if (head.lap > survey.lap) {
      if (head.lap > survey.stray_lap) survey.stray_flush = 0;
      survey.stray_lap = std::max(survey.stray_lap, head.lap);
      if (head.lap == survey.stray_lap) {
        survey.stray_flush = std::max(survey.stray_flush, head.flush);
      }
      return;
    }
    if (!survey.is_sealed && head.flush > bad_flush) survey.is_damaged = true;
  };
  for_each_record(segment, survey.end, seed, look);
  return survey;
}

}  // namespace harka::storage
