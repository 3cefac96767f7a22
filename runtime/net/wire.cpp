// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/wire.hpp"

#include "schemas/codec.hpp"

#include <utility>
#include <vector>

namespace harka::net {

namespace {

// Other messages of this size would hold up the urgent ones too.
constexpr std::size_t control_bytes_max = 64 * 1024;
// A thread keeps no more than this between two messages.
constexpr std::size_t scratch_words_max = 128 * 1024 / 8;

bool is_bulk(const msg::Message& message) {
  return std::holds_alternative<msg::AppendEntries>(message) ||
         std::holds_alternative<msg::SnapshotChunk>(message) ||
         std::holds_alternative<msg::ShardBatch>(message) ||
         std::holds_alternative<msg::ShardReply>(message) ||
         std::holds_alternative<msg::CacheChanges>(message);
}

}  // namespace

std::uint32_t kind_of(const msg::Message& message) {
  return msg::wire_kind_of(message);
}

std::string_view name_of_kind(std::uint32_t kind) {
  return kind > UINT16_MAX ? "unknown" : msg::name_of_wire_kind(static_cast<std::uint16_t>(kind));
}

bool may_travel(std::uint32_t kind) {
  return kind > UINT16_MAX || !msg::is_node_local(static_cast<std::uint16_t>(kind));
}

Channel channel_of(const msg::Message& message, std::size_t bytes) {
  return bytes > control_bytes_max || is_bulk(message) ? Channel::bulk : Channel::control;
}

std::string_view encode_message(const msg::Message& message) {
  thread_local std::vector<std::uint64_t> scratch;
  if (scratch.capacity() > scratch_words_max) scratch = {};
  return msg::encode_into(message, scratch);
}

bool decode_message(std::uint32_t kind, const Frame& frame, msg::Message& message) {
  if (kind > UINT16_MAX) return false;
  return msg::decode_into(static_cast<std::uint16_t>(kind), frame.body, message).ok();
}

std::string encode_hello(const msg::Hello& hello) {
  return std::string(msg::encode_struct(hello).view());
}

std::string encode_hello_reply(const msg::HelloReply& reply) {
  return std::string(msg::encode_struct(reply).view());
}

Result<msg::Hello> decode_hello(const SharedBytes& bytes) {
  return msg::decode_struct<msg::Hello>(bytes);
}

Result<msg::HelloReply> decode_hello_reply(const SharedBytes& bytes) {
  return msg::decode_struct<msg::HelloReply>(bytes);
}

}  // namespace harka::net
