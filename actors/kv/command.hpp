// SPDX-License-Identifier: Apache-2.0
// Batches of commands as flat bytes: written once by the gateway from the client's own buffer, read
// in place by the shard, and carried unchanged in log entries.
//
//   entry payload = header, commands
//   command       = u32 bytes of the whole command, u16 id, u8 flags, u8 zero, u32 argument count,
//                   then for each argument: u32 length, bytes
//
// Numbers are little-endian. Arguments are those after the command's name. Readers trust nothing:
// these bytes come from a network or a disk.
#pragma once

#include "actors/kv/command_table.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harka::kv {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the encoding copies numbers as they lie");

namespace encoded_flag {
constexpr std::uint8_t resp3 = 1U << 0U;  // the client speaks RESP3
constexpr std::uint8_t may_write = 1U << 1U;
constexpr std::uint8_t after_writes = 1U << 2U;  // a read behind a write of its own connection
}  // namespace encoded_flag

constexpr std::size_t command_header_bytes = 12;
constexpr std::size_t argument_header_bytes = 4;

/// One command in place. Valid as long as the bytes it was read from; the argument vector belongs
/// to the reader and is reused by its next command.
struct CommandView {
  CommandId id = CommandId::none;
  std::uint8_t flags = 0;
  const std::vector<std::string_view>* arguments = nullptr;

  [[nodiscard]] bool is_resp3() const { return (flags & encoded_flag::resp3) != 0; }

  [[nodiscard]] bool may_write() const { return (flags & encoded_flag::may_write) != 0; }

  [[nodiscard]] bool is_after_writes() const { return (flags & encoded_flag::after_writes) != 0; }

  [[nodiscard]] std::size_t size() const { return arguments->size(); }

  [[nodiscard]] std::string_view operator[](std::size_t i) const { return (*arguments)[i]; }
};

/// Appends commands to a buffer: `begin`, then exactly `count` arguments.
class CommandWriter {
 public:
  explicit CommandWriter(std::string& out) : out_(out) {}

  void begin(CommandId id, std::uint8_t flags, std::size_t count);
  void argument(std::string_view bytes);
  /// Closes the command.
  void end();
  /// All at once.
  void add(CommandId id, std::uint8_t flags, const std::string_view* first, std::size_t count);

 private:
  std::string& out_;
  std::size_t start_ = 0;
};

/// Iterates over a batch.
///   CommandReader reader(bytes);
///   while (reader.next()) execute(reader.command(), …);
///   if (!reader.is_sound()) …
class CommandReader {
 public:
  explicit CommandReader(std::string_view bytes) : rest_(bytes) {}

  /// False at the end and at the first thing that is not an encoded command.
  [[nodiscard]] bool next();

  [[nodiscard]] const CommandView& command() const { return command_; }

  /// False once something malformed was met.
  [[nodiscard]] bool is_sound() const { return is_sound_; }

 private:
  [[nodiscard]] bool read_one();

  std::string_view rest_;
  std::vector<std::string_view> arguments_;
  CommandView command_;
  bool is_sound_ = true;
};

/// What a batch claims about itself, checked before it is proposed or executed.
struct BatchShape {
  std::uint32_t count = 0;
  std::uint32_t writes = 0;
  bool has_after_writes = false;
};

/// Nothing when the bytes are not a sound batch: unknown ids, wrong arity or lengths that do not
/// fit.
[[nodiscard]] std::optional<BatchShape> check_batch(std::string_view bytes);

/// Calls `visit(key)` for each key that the command names.
template <typename Visit>
void for_each_key(const CommandView& command, const Visit& visit) {
  const CommandInfo* info = find_command(command.id);
  if (info == nullptr || info->first_key <= 0) return;
  const auto count = static_cast<int>(command.size());  // without the name: key 1 is argument 0
  const int last = info->last_key >= 0 ? info->last_key : count + 1 + info->last_key;
  for (int i = info->first_key; i <= last && i <= count; i += info->key_step) {
    visit(command[static_cast<std::size_t>(i - 1)]);
  }
}

/// In front of the commands of a log entry: the leader's clock, so that expiry is decided once, and
/// what makes a retried batch take effect once.
struct EntryHeader {
  WallTime now = 0;           // the leader's wall clock when it proposed
  std::uint64_t session = 0;  // 0: the shard's own entry, nobody waits for an answer
  std::uint64_t sequence = 0;
  std::uint64_t acknowledged = 0;
  std::uint32_t count = 0;  // commands that follow
  friend bool operator==(const EntryHeader&, const EntryHeader&) = default;
};

constexpr std::size_t entry_header_bytes = 40;
constexpr std::uint8_t entry_version = 1;

/// The payload of a log entry: header and commands in one allocation.
[[nodiscard]] std::string encode_entry(const EntryHeader& header, std::string_view commands);

struct EntryView {
  EntryHeader header;
  std::string_view commands;  // not yet checked: CommandReader does that
};

/// Nothing when the payload is too short or of a newer version.
[[nodiscard]] std::optional<EntryView> decode_entry(std::string_view payload);

}  // namespace harka::kv
