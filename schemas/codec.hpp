// SPDX-License-Identifier: Apache-2.0
// Messages to bytes and back. The bytes are one flat Cap'n Proto message, so nodes of two versions
// understand each other, and disk uses the same encoding. The implementation is made by
// tools/schemagen; this header shows nothing of Cap'n Proto.
//
// Decoding never trusts: a broken pointer, nesting or repetition beyond reason and an unknown
// enumerator are `corrupt`; a list, text or data beyond its declared limit ($maxItems, $maxBytes)
// is `too_large`; a kind that only a newer node has is `invalid_argument`. Large Data fields become
// slices that keep the whole frame alive: copy what must outlive it for long.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "schemas/messages.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace harka::msg {

/// The body of a message, a multiple of eight bytes; its kind (`wire_kind_of`) travels beside it.
[[nodiscard]] SharedBytes encode(const Message& message);
[[nodiscard]] Result<Message> decode(std::uint16_t kind, const SharedBytes& body);

/// The same where every nanosecond counts (links): without an allocation once `scratch` has grown,
/// and without moving the message. The view ends with the next use of `scratch`; after an error
/// the message holds anything.
[[nodiscard]] std::string_view encode_into(
    const Message& message, std::vector<std::uint64_t>& scratch);
[[nodiscard]] Result<void> decode_into(
    std::uint16_t kind, const SharedBytes& body, Message& message);

/// Whether a message of that kind is marked $local: it never travels between nodes.
[[nodiscard]] bool is_node_local(std::uint16_t kind);

/// For one known struct, message or part. Defined for every struct of schemas/*.capnp.
template <typename T>
[[nodiscard]] SharedBytes encode_struct(const T& value);
template <typename T>
[[nodiscard]] Result<T> decode_struct(const SharedBytes& body);

}  // namespace harka::msg
