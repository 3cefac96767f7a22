// SPDX-License-Identifier: Apache-2.0
// A `capnp compile` plugin: for each schema a header of plain structs (X.hpp) and their translation
// to and from Cap'n Proto (X.wire.hpp, X.wire.cpp), and over all schemas the message list
// (messages.hpp, messages.cpp). Messages are written once, in schemas/*.capnp; this is the rest.
// Everything is written to the working directory, as capnp does for its plugins.
#include "model.hpp"

#include <fstream>
#include <map>
#include <sstream>

namespace schemagen {
namespace {

constexpr const char* banner =
    "// SPDX-License-Identifier: Apache-2.0\n"
    "// Made by tools/schemagen from schemas/*.capnp. Do not edit.\n";

/// Leaves an unchanged file alone, so that nothing is compiled again for it.
void write_file(const std::string& name, const std::string& text) {
  std::ifstream old(name);
  std::stringstream before;
  before << old.rdbuf();
  if (old && before.str() == text) return;
  std::ofstream out(name, std::ios::trunc);
  out << text;
  if (!out.flush()) fail("cannot write " + name);
}

std::string cpp_type(const Type& type) {
  return type.shape == Shape::list ? "std::vector<" + cpp_type(type.element[0]) + ">" : type.name;
}

void emit_enum(std::ostream& out, const Enum& item) {
  out << "enum class " << item.name << " : std::uint16_t {\n";
  for (const auto& name : item.wire_names) out << "  " << snake_case(name) << ",\n";
  out << "};\n[[nodiscard]] constexpr std::string_view name_of(" << item.name
      << " value) {\n  switch (value) {\n";
  for (const auto& name : item.wire_names) {
    const std::string own = snake_case(name);
    out << "    case " << item.name << "::" << own << ": return \"" << own << "\";\n";
  }
  out << "  }\n  return \"unknown\";\n}\n[[nodiscard]] constexpr std::uint16_t count_of("
      << item.name << ") { return " << item.wire_names.size() << "; }\n\n";
}

/// For tests, printers and viewers: every field with its name, without reflection.
void emit_visitor(std::ostream& out, const Struct& item) {
  const std::string unused = item.fields.empty() ? "[[maybe_unused]] " : "";
  out << "template <typename Visit>\nvoid for_each_field(" << unused << item.name << "& value, "
      << unused << "Visit&& visit) {\n";
  for (const auto& field : item.fields) {
    out << "  visit(std::string_view(\"" << field.name << "\"), value." << field.name << ");\n";
  }
  out << "}\n\n";
}

std::string plain_header(const File& file) {
  std::ostringstream out;
  out << banner << "#pragma once\n\n#include <cstdint>\n#include <string>\n#include <string_view>\n"
      << "#include <vector>\n\n#include \"base/bytes.hpp\"\n";
  for (const auto& import : file.imports) out << "#include \"schemas/" << import << ".hpp\"\n";
  out << "\nnamespace harka::msg {\n\n";
  for (const auto& item : file.enums) emit_enum(out, item);
  for (const auto& item : file.structs) {
    out << "struct " << item.name << " {\n";
    for (const auto& field : item.fields) {
      out << "  " << cpp_type(field.type) << ' ' << field.name << '{' << field.initial << "};\n";
    }
    out << "  friend bool operator==(const " << item.name << "&, const " << item.name
        << "&) = default;\n};\n";
    emit_visitor(out, item);
  }
  out << "}  // namespace harka::msg\n";
  return out.str();
}

std::string wire_header(const File& file) {
  std::ostringstream out;
  out << banner << "#pragma once\n\n#include \"schemas/" << file.stem << ".hpp\"\n"
      << "#include \"schemas/wire_support.hpp\"\n#include <wire/" << file.stem
      << ".capnp.h>\n\nnamespace harka::msg {\n\n";
  for (const auto& item : file.structs) {
    out << "template <>\nstruct WireOf<" << item.name << "> {\n  using Type = wire::" << item.name
        << ";\n  static constexpr std::size_t words = " << item.words << ";\n};\n"
        << "std::size_t words_behind(const " << item.name << "& value);\n"
        << "void write(const " << item.name << "& value, wire::" << item.name << "::Builder out);\n"
        << "void read(" << item.name << "& value, wire::" << item.name
        << "::Reader in, Reading& reading);\n\n";
  }
  out << "}  // namespace harka::msg\n";
  return out.str();
}

std::string words_of_field(const Field& field) {
  const std::string value = "value." + field.name;
  switch (field.type.shape) {
    case Shape::boolean:
    case Shape::number:
    case Shape::enumeration: return "";
    case Shape::text: return "text_words(" + value + ")";
    case Shape::data: return "data_words(" + value + ")";
    case Shape::structure:
      return "WireOf<" + field.type.name + ">::words + words_behind(" + value + ")";
    case Shape::list: break;
  }
  switch (const Type& element = field.type.element[0]; element.shape) {
    case Shape::text: return "text_list_words(" + value + ")";
    case Shape::data: return "data_list_words(" + value + ")";
    case Shape::structure: return "struct_list_words(" + value + ")";
    default: return "number_list_words(" + value + ".size(), " + std::to_string(element.bits) + ")";
  }
}

void emit_write(std::ostream& out, const Field& field) {
  const std::string value = "value." + field.name;
  const std::string set = "  out.set" + field.accessor + "(";
  const std::string init = "out.init" + field.accessor + "(";
  const std::string unless_empty = "  if (!" + value + ".empty()) ";
  switch (field.type.shape) {
    case Shape::boolean:
    case Shape::number: out << set << value << ");\n"; return;
    case Shape::enumeration:
      out << set << "static_cast<wire::" << field.type.name << ">(" << value << "));\n";
      return;
    case Shape::text:
    case Shape::data:
      out << unless_empty << "out.set" << field.accessor << "(wire_view(" << value << "));\n";
      return;
    case Shape::structure: out << "  write(" << value << ", " << init << "));\n"; return;
    case Shape::list:
      out << unless_empty << "write_list(" << value << ", " << init << "list_size(" << value
          << ")));\n";
  }
}

void emit_read(
    std::ostream& out, const Field& field, const std::map<std::uint64_t, std::size_t>& enum_sizes) {
  const std::string value = "value." + field.name;
  const std::string get = "in.get" + field.accessor + "()";
  const std::string quoted = ", \"" + field.name + "\"";
  const auto enum_size = [&](const Type& type) { return std::to_string(enum_sizes.at(type.id)); };
  switch (field.type.shape) {
    case Shape::boolean:
    case Shape::number: out << "  " << value << " = " << get << ";\n"; return;
    case Shape::enumeration:
      out << "  read_enum(" << value << ", " << get << ", " << enum_size(field.type) << quoted
          << ", reading);\n";
      return;
    case Shape::text:
    case Shape::data:
      out << "  read_bytes(" << value << ", " << get << ", " << field.bytes_max << quoted
          << ", reading);\n";
      return;
    case Shape::structure: out << "  read(" << value << ", " << get << ", reading);\n"; return;
    case Shape::list:
      const Type& element = field.type.element[0];
      const bool is_enum = element.shape == Shape::enumeration;
      out << "  read_list(" << value << ", " << get << ", Limits{" << field.items_max << ", "
          << (is_enum ? enum_size(element) : std::to_string(field.bytes_max)) << "}" << quoted
          << ", reading);\n";
  }
}

std::string wire_source(const File& file, const std::map<std::uint64_t, std::size_t>& enum_sizes) {
  std::ostringstream out;
  out << banner << "#include \"schemas/" << file.stem << ".wire.hpp\"\n";
  for (const auto& import : file.imports) out << "#include \"schemas/" << import << ".wire.hpp\"\n";
  out << "#include \"schemas/wire_lists.hpp\"\n\nnamespace harka::msg {\n\n";
  for (const auto& item : file.structs) {
    out << "std::size_t words_behind([[maybe_unused]] const " << item.name
        << "& value) {\n  return 0";
    for (const auto& field : item.fields) {
      const std::string words = words_of_field(field);
      if (!words.empty()) out << " + " << words;
    }
    out << ";\n}\n\nvoid write([[maybe_unused]] const " << item.name
        << "& value, [[maybe_unused]] wire::" << item.name << "::Builder out) {\n";
    for (const auto& field : item.fields) emit_write(out, field);
    out << "}\n\nvoid read([[maybe_unused]] " << item.name
        << "& value, [[maybe_unused]] wire::" << item.name
        << "::Reader in, [[maybe_unused]] Reading& reading) {\n";
    for (const auto& field : item.fields) emit_read(out, field, enum_sizes);
    out << "}\n\ntemplate SharedBytes encode_struct<" << item.name << ">(const " << item.name
        << "&);\ntemplate Result<" << item.name << "> decode_struct<" << item.name
        << ">(const SharedBytes&);\n\n";
  }
  out << "}  // namespace harka::msg\n";
  return out.str();
}

/// What names a message on the wire: FNV-1a of its name, folded to 16 bits. 0 means no message.
std::uint16_t kind_of(const std::string& name) {
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return static_cast<std::uint16_t>((hash >> 16) ^ (hash & 0xFFFF));
}

struct MessageLine {
  std::string name;
  std::uint16_t kind = 0;
  bool is_local = false;
};

using Messages = std::vector<MessageLine>;

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
      << "  Message message;\n  const Result<void> outcome = decode_into(kind, body, message);\n"
      << "  if (!outcome) return outcome.error();\n  return message;\n}\n\n"
      << "}  // namespace harka::msg\n";
  return out.str();
}

}  // namespace
}  // namespace schemagen

int main() {
  const auto files = schemagen::read_request();
  std::map<std::uint64_t, std::size_t> enum_sizes;
  for (const auto& file : files) {
    for (const auto& item : file.enums) enum_sizes[item.id] = item.wire_names.size();
  }
  for (const auto& file : files) {
    schemagen::write_file(file.stem + ".hpp", schemagen::plain_header(file));
    schemagen::write_file(file.stem + ".wire.hpp", schemagen::wire_header(file));
    schemagen::write_file(file.stem + ".wire.cpp", schemagen::wire_source(file, enum_sizes));
  }
  const auto messages = schemagen::messages_of(files);
  schemagen::write_file("messages.hpp", schemagen::message_list(files, messages));
  schemagen::write_file("messages.cpp", schemagen::message_source(files, messages));
}
