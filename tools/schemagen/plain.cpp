// SPDX-License-Identifier: Apache-2.0
#include "emit.hpp"

#include <sstream>

namespace schemagen {
namespace {

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

}  // namespace

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

}  // namespace schemagen
