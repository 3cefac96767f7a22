// SPDX-License-Identifier: Apache-2.0
// Between messages and frames: names kinds, encodes, decodes, and decides which channel carries
// what. The codec itself is generated (schemas/codec.hpp).
#pragma once

#include "base/result.hpp"
#include "runtime/net/channel.hpp"
#include "runtime/net/frame.hpp"
#include "schemas/messages.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace harka::net {

/// A message's number in frames, the same in every version.
[[nodiscard]] std::uint32_t kind_of(const msg::Message& message);

/// "unknown" for one that this version has no message for.
[[nodiscard]] std::string_view name_of_kind(std::uint32_t kind);

/// Whether another node may send it: all but what is marked $local.
[[nodiscard]] bool may_travel(std::uint32_t kind);

/// Entries, snapshots, client data and whatever is large go in bulk, the rest is urgent.
[[nodiscard]] Channel channel_of(const msg::Message& message, std::size_t bytes);

/// The bytes live until this thread encodes again.
[[nodiscard]] std::string_view encode_message(const msg::Message& message);

/// False when the kind is unknown here (a newer peer) or the bytes break a declared limit. Data of
/// the message share the frame's buffer.
[[nodiscard]] bool decode_message(std::uint32_t kind, const Frame& frame, msg::Message& message);

[[nodiscard]] std::string encode_hello(const msg::Hello& hello);
[[nodiscard]] std::string encode_hello_reply(const msg::HelloReply& reply);
[[nodiscard]] Result<msg::Hello> decode_hello(const SharedBytes& bytes);
[[nodiscard]] Result<msg::HelloReply> decode_hello_reply(const SharedBytes& bytes);

}  // namespace harka::net
