// SPDX-License-Identifier: Apache-2.0
// What the LMDB engine keeps about each group, written in the same transaction as its data:
//   u32 live database | u32 zero | u64 applied index | u64 applied term | GroupConfig
#pragma once

#include "schemas/codec.hpp"
#include "storage/engine.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace harka::storage {

/// A group's record: which of its two databases is live, and what that covers.
struct GroupRecord {
  std::uint32_t live = 0;
  AppliedState applied;
};

[[nodiscard]] inline std::string encode_record(const GroupRecord& record) {
  std::string text(24, '\0');
  std::memcpy(text.data(), &record.live, 4);
  std::memcpy(text.data() + 8, &record.applied.index, 8);
  std::memcpy(text.data() + 16, &record.applied.term, 8);
  text += msg::encode_struct(record.applied.config).view();
  return text;
}

[[nodiscard]] inline Result<GroupRecord> decode_record(std::string_view text) {
  GroupRecord record;
  if (text.size() < 24) return Error{Code::corrupt, "state store: a group's record is too short"};
  std::memcpy(&record.live, text.data(), 4);
  std::memcpy(&record.applied.index, text.data() + 8, 8);
  std::memcpy(&record.applied.term, text.data() + 16, 8);
  Result<msg::GroupConfig> config =
      msg::decode_struct<msg::GroupConfig>(SharedBytes::copy_of(text.substr(24)));
  if (!config.ok()) return config.error();
  record.applied.config = std::move(config).value();
  return record;
}

}  // namespace harka::storage
