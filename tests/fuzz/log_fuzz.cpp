// SPDX-License-Identifier: Apache-2.0
// The log's recovery on bytes that no log wrote, and on logs that were damaged. The first byte
// chooses which:
//   0: the input is the content of up to three segment files.
//   1: the same, with checksums made right, so that what the records say is explored, not the
//      checksum.
//   2: a log written by a random run, then overwritten here and there.
// Whatever was there, recovery ends with a log that reads, takes writes and is whole at the next
// start; and damage is never mistaken for content that was never written.
#include "base/assert.hpp"
#include "storage/segment_log.hpp"
#include "tests/storage/faulty_disk.hpp"
#include "tests/storage/log_model.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace harka;

constexpr storage::LogOptions options{
    .segment_bytes = 2048, .copy_forward_bytes_max = 700, .data_id = 0x1234567890abcdef};
constexpr std::uint32_t group_count = 3;

using States = std::map<std::uint32_t, testing::GroupState>;

std::string name_of(std::size_t number) {
  return "0000000" + std::to_string(number) + ".seg";
}

/// Gives every record of a file, whole or not, a length that fits, numbers that a log can reach and
/// the right checksum, and its header the right data id.
void repair(std::string& bytes) {
  std::size_t offset = 0;
  while (offset + sizeof(storage::RecordHead) <= bytes.size()) {
    storage::RecordHead head;
    std::memcpy(&head, bytes.data() + offset, sizeof head);
    const std::size_t room = bytes.size() - offset - sizeof head;
    head.length = static_cast<std::uint32_t>(head.length % (room + 1));
    head.lap %= 64;
    head.index %= 1U << 20U;
    std::memcpy(bytes.data() + offset, &head, sizeof head);
    if (offset == 0 && head.length >= storage::header_payload_bytes) {
      std::memcpy(bytes.data() + sizeof head + 16, &options.data_id, sizeof options.data_id);
    }
    storage::finish_record(bytes, offset, 0, false, storage::RecordSeed(options.data_id));
    offset += storage::record_bytes(head.length);
  }
}

void fill_with_bytes(testing::FaultyDisk& disk, std::string_view bytes, bool repairs) {
  const std::size_t count = 1 + bytes.size() % 3;
  for (std::size_t i = 0; i < count; ++i) {
    std::string content(bytes.substr(i * bytes.size() / count, bytes.size() / count));
    content.resize((content.size() + 7) / 8 * 8);
    if (repairs) repair(content);
    disk.replace(name_of(i + 1), std::move(content));
  }
}

States states_of(const storage::SegmentLog& log) {
  States states;
  for (std::uint32_t group = 1; group <= group_count; ++group) {
    const auto recovered = log.recover(GroupId{group});
    ASSERT(recovered.ok());
    LogIndex index = recovered.value().start_index;
    for (const msg::Entry& entry : recovered.value().entries) ASSERT(entry.index == ++index);
    states[group] = testing::state_of(recovered.value());
  }
  return states;
}

/// Runs a log for a while. Returns every state that each group went through.
std::map<std::uint32_t, testing::GroupHistory> run_log(
    testing::FaultyDisk& disk, std::uint64_t seed, std::size_t steps) {
  std::map<std::uint32_t, testing::GroupHistory> histories;
  Random random(seed);
  auto log = storage::SegmentLog::open(disk, options);
  ASSERT(log.ok());
  for (std::size_t i = 0; i < steps; ++i) {
    const auto group = static_cast<std::uint32_t>(1 + random.below(group_count));
    testing::GroupHistory& history = histories[group];
    const msg::AppendLog request = testing::random_request(group, history.newest(), 60, random);
    history.append(request);
    ASSERT(log.value()->append(request).ok());
    if (random.chance(0.5)) ASSERT(log.value()->flush().ok());
  }
  ASSERT(log.value()->flush().ok());
  return histories;
}

/// Each three bytes of `edits` overwrite one byte of one file.
void damage(testing::FaultyDisk& disk, std::string_view edits) {
  const std::vector<std::string> names = disk.list().value();
  for (std::size_t i = 0; i + 3 <= edits.size(); i += 3) {
    const auto place = static_cast<std::size_t>(static_cast<unsigned char>(edits[i])) << 8U |
                       static_cast<unsigned char>(edits[i + 1]);
    const std::string& name = names[place / options.segment_bytes % names.size()];
    std::string content = disk.content(name);
    content[place % content.size()] = edits[i + 2];
    disk.replace(name, std::move(content));
  }
}

/// A log that was opened goes on: it takes entries of every group and has them at the next start.
void check_goes_on(testing::FaultyDisk& disk, storage::SegmentLog& log) {
  States states = states_of(log);
  for (auto& [group, state] : states) {
    msg::AppendLog request;
    request.group = group;
    msg::Entry entry;
    entry.index = state.last() + 1;
    entry.term = 1'000'000;
    entry.type = msg::EntryType::command;
    request.entries.push_back(entry);
    ASSERT(log.append(request).ok());
    state.put(entry);
  }
  ASSERT(log.flush().ok());
  const auto again = storage::SegmentLog::open(disk, options);
  ASSERT(again.ok() && !again.value()->is_damaged());
  ASSERT(states_of(*again.value()) == states);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3 || size > 16 * 1024) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  testing::FaultyDisk disk(1);
  std::map<std::uint32_t, testing::GroupHistory> histories;
  const bool is_written = data[0] % 3 == 2;
  if (is_written) {
    histories = run_log(disk, data[1], data[2]);
    damage(disk, bytes.substr(2));
  } else {
    fill_with_bytes(disk, bytes, data[0] % 3 == 1);
  }
  const auto log = storage::SegmentLog::open(disk, options);
  if (!log.ok()) return 0;
  if (is_written && !log.value()->is_damaged()) {
    for (const auto& [group, state] : states_of(*log.value())) {
      ASSERT(histories[group].resume_at(state));
    }
  }
  check_goes_on(disk, *log.value());
  return 0;
}
