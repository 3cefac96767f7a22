// SPDX-License-Identifier: Apache-2.0
// Between plain structs and bytes. Cap'n Proto stays behind this header.
//
// Bytes from elsewhere are never trusted: depth, size and list lengths are bounded (annotations
// $maxItems and $maxBytes in the schemas), and whatever is wrong comes back as Code::corrupt.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "schemas/messages.hpp"

namespace harka::msg {

/// A flat Cap'n Proto message: a multiple of eight bytes.
[[nodiscard]] SharedBytes encode(const Message& message);
/// `kind` is what wire_kind_of gave. Data fields of the result share `body`'s owner. Unknown kinds,
/// which a newer node may send, give invalid_argument; damaged bytes corrupt.
[[nodiscard]] Result<Message> decode(std::uint16_t kind, const SharedBytes& body);

/// For any struct of the schemas, messages or parts; defined in the generated file.
template <typename T>
[[nodiscard]] SharedBytes encode_struct(const T& value);
template <typename T>
[[nodiscard]] Result<T> decode_struct(const SharedBytes& bytes);

}  // namespace harka::msg
