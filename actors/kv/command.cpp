// SPDX-License-Identifier: Apache-2.0
// Every length is compared with what is left before it is used; counts are bounded by the bytes
// that their items need at least, so a forged count cannot make a reader allocate.
#include "actors/kv/command.hpp"

#include "base/assert.hpp"

namespace harka::kv {

namespace {

template <typename T>
void append_number(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

template <typename T>
T read_number(const char* from) {
  T value{};
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace

void CommandWriter::begin(CommandId id, std::uint8_t flags, std::size_t count) {
  start_ = out_.size();
  append_number(out_, std::uint32_t{0});
  append_number(out_, static_cast<std::uint16_t>(id));
  append_number(out_, flags);
  append_number(out_, std::uint8_t{0});
  append_number(out_, static_cast<std::uint32_t>(count));
}

void CommandWriter::argument(std::string_view bytes) {
  append_number(out_, static_cast<std::uint32_t>(bytes.size()));
  out_.append(bytes);
}

void CommandWriter::end() {
  const std::size_t size = out_.size() - start_;
  ASSERT(size >= command_header_bytes && size <= UINT32_MAX);
  const auto bytes = static_cast<std::uint32_t>(size);
  std::memcpy(out_.data() + start_, &bytes, sizeof bytes);
}

void CommandWriter::add(
    CommandId id, std::uint8_t flags, const std::string_view* first, std::size_t count) {
  begin(id, flags, count);
  for (std::size_t i = 0; i < count; ++i) argument(first[i]);
  end();
}

bool CommandReader::next() {
  if (rest_.empty() || !is_sound_) return false;
  is_sound_ = read_one();
  return is_sound_;
}

bool CommandReader::read_one() {
  if (rest_.size() < command_header_bytes) return false;
  const std::size_t size = read_number<std::uint32_t>(rest_.data());
  if (size < command_header_bytes || size > rest_.size()) return false;
  const std::size_t count = read_number<std::uint32_t>(rest_.data() + 8);
  if (count > (size - command_header_bytes) / argument_header_bytes) return false;
  command_.id = static_cast<CommandId>(read_number<std::uint16_t>(rest_.data() + 4));
  command_.flags = read_number<std::uint8_t>(rest_.data() + 6);
  command_.arguments = &arguments_;
  arguments_.clear();
  const char* at = rest_.data() + command_header_bytes;
  std::size_t left = size - command_header_bytes;
  for (std::size_t i = 0; i < count; ++i) {
    if (left < argument_header_bytes) return false;
    const std::size_t length = read_number<std::uint32_t>(at);
    at += argument_header_bytes;
    left -= argument_header_bytes;
    if (length > left) return false;
    arguments_.emplace_back(at, length);
    at += length;
    left -= length;
  }
  if (left != 0) return false;
  rest_.remove_prefix(size);
  return true;
}

std::optional<BatchShape> check_batch(std::string_view bytes) {
  BatchShape shape;
  CommandReader reader(bytes);
  while (reader.next()) {
    const CommandView& command = reader.command();
    const CommandInfo* info = find_command(command.id);
    const bool is_over_shard = command.id == CommandId::scan || command.id == CommandId::dbsize;
    if (info == nullptr || !(info->is_shard_command() || is_over_shard)) return std::nullopt;
    if (!info->accepts(command.size() + 1)) return std::nullopt;
    if (command.may_write() != info->has(command_flag::write)) return std::nullopt;
    ++shape.count;
    if (command.may_write()) ++shape.writes;
    shape.has_after_writes = shape.has_after_writes || command.is_after_writes();
  }
  if (!reader.is_sound()) return std::nullopt;
  return shape;
}

std::string encode_entry(const EntryHeader& header, std::string_view commands) {
  std::string out;
  out.reserve(entry_header_bytes + commands.size());
  append_number(out, entry_version);
  out.append(3, '\0');
  append_number(out, header.count);
  append_number(out, header.now);
  append_number(out, header.session);
  append_number(out, header.sequence);
  append_number(out, header.acknowledged);
  ASSERT(out.size() == entry_header_bytes);
  out.append(commands);
  return out;
}

std::optional<EntryView> decode_entry(std::string_view payload) {
  if (payload.size() < entry_header_bytes) return std::nullopt;
  const char* at = payload.data();
  if (read_number<std::uint8_t>(at) != entry_version) return std::nullopt;
  EntryView view;
  view.header.count = read_number<std::uint32_t>(at + 4);
  view.header.now = read_number<WallTime>(at + 8);
  view.header.session = read_number<std::uint64_t>(at + 16);
  view.header.sequence = read_number<std::uint64_t>(at + 24);
  view.header.acknowledged = read_number<std::uint64_t>(at + 32);
  view.commands = payload.substr(entry_header_bytes);
  return view;
}

}  // namespace harka::kv
