// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/wire.hpp"

#include <array>
#include <memory>
#include <utility>

#include "schemas/codec.hpp"

namespace harka::net {

namespace {

// Other messages of this size would hold up the urgent ones too.
constexpr std::size_t control_bytes_max = 64 * 1024;

// Hellos are cut from a larger buffer; the codec wants to share what owns them.
SharedBytes owned(std::string_view bytes) { return SharedBytes::copy_of(bytes); }

bool is_bulk(const msg::Message& message) {
  return std::holds_alternative<msg::AppendEntries>(message) ||
         std::holds_alternative<msg::SnapshotChunk>(message) ||
         std::holds_alternative<msg::ShardBatch>(message) ||
         std::holds_alternative<msg::ShardReply>(message) ||
         std::holds_alternative<msg::CacheFill>(message) ||
         std::holds_alternative<msg::CacheReply>(message);
}

}  // namespace

std::uint32_t kind_of(const msg::Message& message) { return msg::wire_kind_of(message); }

Channel channel_of(const msg::Message& message, std::size_t bytes) {
  return bytes > control_bytes_max || is_bulk(message) ? Channel::bulk : Channel::control;
}

SharedBytes encode_message(const msg::Message& message) { return msg::encode(message); }

bool decode_message(std::uint32_t kind, const Frame& frame, msg::Message& message) {
  if (kind > UINT16_MAX) return false;
  auto decoded = msg::decode(static_cast<std::uint16_t>(kind), frame.shared_body());
  if (!decoded) return false;
  message = std::move(decoded).value();
  return true;
}

std::string encode_hello(const msg::Hello& hello) {
  return std::string(msg::encode_struct(hello).view());
}

std::string encode_hello_reply(const msg::HelloReply& reply) {
  return std::string(msg::encode_struct(reply).view());
}

Result<msg::Hello> decode_hello(std::string_view bytes) {
  return msg::decode_struct<msg::Hello>(owned(bytes));
}

Result<msg::HelloReply> decode_hello_reply(std::string_view bytes) {
  return msg::decode_struct<msg::HelloReply>(owned(bytes));
}

}  // namespace harka::net
