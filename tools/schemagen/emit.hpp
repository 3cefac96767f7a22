// SPDX-License-Identifier: Apache-2.0
// What schemagen makes: each function gives the whole text of one file.
#pragma once

#include "model.hpp"

#include <string>
#include <vector>

namespace schemagen {

inline constexpr const char* banner =
    "// SPDX-License-Identifier: Apache-2.0\n"
    "// Made by tools/schemagen from schemas/*.capnp. Do not edit.\n";

/// X.hpp: the structs and enums of a schema, for everybody.
[[nodiscard]] std::string plain_header(const File& file);

/// X.wire.hpp and X.wire.cpp: how they are encoded and decoded.
[[nodiscard]] std::string wire_header(const File& file);
[[nodiscard]] std::string wire_source(const File& file);

struct MessageLine {
  std::string name;
  std::uint16_t kind = 0;
  bool is_local = false;
};

using Messages = std::vector<MessageLine>;

/// All structs marked $message; ends the process when two have one kind on the wire.
[[nodiscard]] Messages messages_of(const std::vector<File>& files);
/// messages.hpp and messages.cpp: the variant of all messages, its names and its codec.
[[nodiscard]] std::string message_list(const std::vector<File>& files, const Messages& messages);
[[nodiscard]] std::string message_source(const std::vector<File>& files, const Messages& messages);

}  // namespace schemagen
