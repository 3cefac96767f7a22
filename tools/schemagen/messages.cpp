// SPDX-License-Identifier: Apache-2.0
#include "emit.hpp"

#include <map>
#include <sstream>

namespace schemagen {
namespace {

/// What names a message on the wire: FNV-1a of its name, folded to 16 bits. 0 means no message.
std::uint16_t kind_of(const std::string& name) {
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return static_cast<std::uint16_t>((hash >> 16) ^ (hash & 0xFFFF));
}

}  // namespace

Messages messages_of(const std::vector<File>& files) {
  Messages messages;
  std::map<std::uint16_t, std::string> taken{{std::uint16_t{0}, "no message"}};
  for (const auto& file : files) {
    for (const auto& item : file.structs) {
      if (!item.is_message) continue;
      const std::uint16_t kind = kind_of(item.name);
      const auto [known, is_new] = taken.emplace(kind, item.name);
      if (!is_new) fail(item.name + " and " + known->second + " share a wire kind: rename one");
      messages.push_back({item.name, kind, item.is_local});
    }
  }
  return messages;
}

std::string message_list(const std::vector<File>& files, const Messages& messages) {
  std::ostringstream out;
  out << banner << "#pragma once\n\n#include <variant>\n\n";
  for (const auto& file : files) out << "#include \"schemas/" << file.stem << ".hpp\"\n";
  out << "\nnamespace harka::msg {\n\nusing Message = std::variant<\n    std::monostate";
  for (const auto& [name, kind, is_local] : messages) out << ",\n    " << name;
  out << ">;\n\n/// The struct's name; \"none\" for an empty message.\n"
      << "[[nodiscard]] std::string_view name_of(const Message& message);\n"
      << "/// What names the struct on the wire and on disk, the same in every version; 0 for "
         "none.\n"
      << "[[nodiscard]] std::uint16_t wire_kind_of(const Message& message);\n"
      << "/// \"unknown\" for a kind that this version has no message for.\n"
      << "[[nodiscard]] std::string_view name_of_wire_kind(std::uint16_t kind);\n\n"
      << "}  // namespace harka::msg\n";
  return out.str();
}

std::string message_source(const std::vector<File>& files, const Messages& messages) {
  std::ostringstream out;
  out << banner << "#include \"schemas/messages.hpp\"\n\n#include <array>\n\n"
      << "#include \"schemas/codec.hpp\"\n";
  for (const auto& file : files) out << "#include \"schemas/" << file.stem << ".wire.hpp\"\n";
  out << "\nnamespace harka::msg {\nnamespace {\n\nconstexpr std::array<std::string_view, "
      << messages.size() + 1 << "> names{\n    \"none\"";
  for (const auto& [name, kind, is_local] : messages) out << ",\n    \"" << name << '"';
  out << "};\nconstexpr std::array<std::uint16_t, " << messages.size() + 1 << "> kinds{\n    0";
  for (const auto& [name, kind, is_local] : messages) out << ",\n    " << kind;
  out << "};\n\n}  // namespace\n\n"
      << "std::string_view name_of(const Message& message) { return names[message.index()]; }\n\n"
      << "std::uint16_t wire_kind_of(const Message& message) { return kinds[message.index()]; }\n\n"
      << "std::string_view name_of_wire_kind(std::uint16_t kind) {\n  switch (kind) {\n"
      << "    case 0: return \"none\";\n";
  for (const auto& [name, kind, is_local] : messages)
    out << "    case " << kind << ": return \"" << name << "\";\n";
  out << "  }\n  return \"unknown\";\n}\n\n"
      << "bool is_node_local(std::uint16_t kind) {\n  switch (kind) {\n";
  for (const auto& [name, kind, is_local] : messages) {
    if (is_local) out << "    case " << kind << ":  // " << name << '\n';
  }
  out << "      return true;\n  }\n  return false;\n}\n\n"
      << "SharedBytes encode(const Message& message) {\n  switch (message.index()) {\n"
      << "    case 0: return SharedBytes();\n";
  for (std::size_t i = 0; i < messages.size(); ++i) {
    out << "    case " << i + 1 << ": return encode_struct(*std::get_if<" << i + 1
        << ">(&message));\n";
  }
  out << "  }\n  return SharedBytes();\n}\n\n"
      << "std::string_view encode_into(\n"
      << "    const Message& message, std::vector<std::uint64_t>& scratch) {\n"
      << "  switch (message.index()) {\n";
  for (std::size_t i = 1; i <= messages.size(); ++i) {
    out << "    case " << i << ": return encode_struct_into(*std::get_if<" << i
        << ">(&message), scratch);\n";
  }
  out << "  }\n  return {};\n}\n\n"
      << "Result<void> decode_into(\n"
      << "    std::uint16_t kind, const SharedBytes& body, Message& message) {\n"
      << "  switch (kind) {\n";
  for (const auto& [name, kind, is_local] : messages) {
    out << "    case " << kind << ": return decode_struct_into(body, message.emplace<" << name
        << ">());\n";
  }
  out << "  }\n  return Error{Code::invalid_argument, \"no message has wire kind \" + "
      << "std::to_string(kind)};\n}\n\n"
      << "Result<Message> decode(std::uint16_t kind, const SharedBytes& body) {\n"
      << "  Result<Message> result{Message()};\n"
      << "  const Result<void> outcome = decode_into(kind, body, result.value());\n"
      << "  if (!outcome) return outcome.error();\n  return result;\n}\n\n"
      << "}  // namespace harka::msg\n";
  return out.str();
}

}  // namespace schemagen
