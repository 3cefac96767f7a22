// SPDX-License-Identifier: Apache-2.0
#include "emit.hpp"

#include <sstream>

namespace schemagen {
namespace {

bool is_number(const Type& type) {
  return type.shape == Shape::number || type.shape == Shape::enumeration;
}

bool is_in_pointers(const Type& type) {
  return !is_number(type) && type.shape != Shape::boolean;
}

std::string bool_text(bool value) {
  return value ? "true" : "false";
}

/// `, 7U`, or nothing where zero is the default anyway.
std::string default_argument(const Field& field) {
  return field.default_bits == 0 ? "" : ", " + std::to_string(field.default_bits) + "U";
}

std::string byte_offset(const Field& field) {
  return std::to_string(std::uint64_t{field.offset} * field.type.bits / 8);
}

void emit_words_behind(std::ostream& out, const Struct& item) {
  out << "std::size_t words_behind([[maybe_unused]] const " << item.name
      << "& value) {\n  return 0";
  for (const auto& field : item.fields) {
    if (is_in_pointers(field.type)) out << " + words_of(value." << field.name << ")";
  }
  out << ";\n}\n\n";
}

void emit_write(std::ostream& out, const Field& field) {
  const std::string value = "value." + field.name;
  if (field.type.shape == Shape::boolean) {
    out << "  out.set_flag(" << field.offset << ", " << value << ", "
        << bool_text(field.default_bits != 0) << ");\n";
  } else if (is_number(field.type)) {
    out << "  out.set(" << byte_offset(field) << ", " << value << default_argument(field) << ");\n";
  } else {
    out << "  write_field(" << value << ", out.pointer(" << field.offset << "), writer);\n";
  }
}

/// The call that reads a field that may be refused.
std::string read_call(const Field& field) {
  const std::string value = "value." + field.name;
  const std::string pointer = "in.pointer(" + std::to_string(field.offset) + ")";
  const std::string bytes_max = std::to_string(field.bytes_max);
  switch (field.type.shape) {
    case Shape::boolean:
    case Shape::number: break;
    case Shape::enumeration:
      return "read_enum(" + value + ", in.number<" + field.type.name + ">(" + byte_offset(field) +
             default_argument(field) + "), reader)";
    case Shape::text:
    case Shape::data:
      return "read_field(" + value + ", " + pointer + ", " + bytes_max + ", reader)";
    case Shape::structure: return "read_field(" + value + ", " + pointer + ", reader)";
    case Shape::list:
      return "read_field(" + value + ", " + pointer + ", Limits{" +
             std::to_string(field.items_max) + ", " + bytes_max + "}, reader)";
  }
  return "";
}

void emit_read(std::ostream& out, const Field& field) {
  const std::string value = "value." + field.name;
  if (field.type.shape == Shape::boolean) {
    out << "  " << value << " = in.flag(" << field.offset << ", "
        << bool_text(field.default_bits != 0) << ");\n";
  } else if (field.type.shape == Shape::number) {
    out << "  " << value << " = in.number<" << field.type.name << ">(" << byte_offset(field)
        << default_argument(field) << ");\n";
  } else {
    out << "  if (!" << read_call(field) << ") return reader.blame(\"" << field.name << "\");\n";
  }
}

void emit_translation(std::ostream& out, const Struct& item) {
  emit_words_behind(out, item);
  out << "void write([[maybe_unused]] const " << item.name
      << "& value, [[maybe_unused]] wire::StructSlot out, [[maybe_unused]] wire::Writer& writer) "
         "{\n";
  for (const auto& field : item.fields) emit_write(out, field);
  out << "}\n\nbool read([[maybe_unused]] " << item.name
      << "& value, [[maybe_unused]] const wire::StructView& in, [[maybe_unused]] wire::Reader& "
         "reader) {\n";
  for (const auto& field : item.fields) emit_read(out, field);
  out << "  return true;\n}\n\ntemplate SharedBytes encode_struct<" << item.name << ">(const "
      << item.name << "&);\ntemplate Result<" << item.name << "> decode_struct<" << item.name
      << ">(const SharedBytes&);\n\n";
}

}  // namespace

std::string wire_header(const File& file) {
  std::ostringstream out;
  out << banner << "#pragma once\n\n#include \"schemas/" << file.stem << ".hpp\"\n"
      << "#include \"schemas/wire_codec.hpp\"\n\nnamespace harka::msg {\n\n";
  for (const auto& item : file.structs) {
    out << "template <>\nstruct WireOf<" << item.name
        << "> {\n  static constexpr wire::StructSize size{" << item.data_words << ", "
        << item.pointers << "};\n};\nstd::size_t words_behind(const " << item.name
        << "& value);\nvoid write(const " << item.name
        << "& value, wire::StructSlot out, wire::Writer& writer);\nbool read(" << item.name
        << "& value, const wire::StructView& in, wire::Reader& reader);\n\n";
  }
  out << "}  // namespace harka::msg\n";
  return out.str();
}

std::string wire_source(const File& file) {
  std::ostringstream out;
  out << banner << "#include \"schemas/" << file.stem << ".wire.hpp\"\n";
  for (const auto& import : file.imports) out << "#include \"schemas/" << import << ".wire.hpp\"\n";
  out << "\nnamespace harka::msg {\n\n";
  for (const auto& item : file.structs) emit_translation(out, item);
  out << "}  // namespace harka::msg\n";
  return out.str();
}

}  // namespace schemagen
