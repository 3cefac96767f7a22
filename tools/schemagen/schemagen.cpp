// SPDX-License-Identifier: Apache-2.0
// A `capnp compile` plugin: one vocabulary, written once.
//
// For each schema file it emits plain structs (X.hpp); for all of them together the message list
// (messages.hpp) and the codec between plain structs and Cap'n Proto (codec_generated.cpp).
// Usage: capnp compile -o./schemagen:OUTDIR schemas/*.capnp
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

#include <capnp/schema-loader.h>
#include <capnp/schema.capnp.h>
#include <capnp/serialize.h>

namespace {

constexpr std::uint64_t message_annotation = 0xd1c6a5f6a4a0b1c2;
constexpr std::uint64_t max_items_annotation = 0xd1c6a5f6a4a0b1c3;
constexpr std::uint64_t max_bytes_annotation = 0xd1c6a5f6a4a0b1c4;
constexpr std::uint32_t default_items = 65'536;
constexpr std::uint32_t default_data_bytes = 16 * 1024 * 1024 + 64 * 1024;
constexpr std::uint32_t default_text_bytes = 4 * 1024;

std::string snake(const std::string& camel) {
  std::string text;
  for (const char c : camel) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0) {
      if (!text.empty()) text += '_';
      text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else {
      text += c;
    }
  }
  return text;
}

std::string capital(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string name_of(const capnp::Schema& schema) {
  return schema.getShortDisplayName().cStr();
}

std::string type_name(const capnp::Type& type) {
  using Which = capnp::schema::Type::Which;
  switch (type.which()) {
    case Which::BOOL: return "bool";
    case Which::INT8: return "std::int8_t";
    case Which::INT16: return "std::int16_t";
    case Which::INT32: return "std::int32_t";
    case Which::INT64: return "std::int64_t";
    case Which::UINT8: return "std::uint8_t";
    case Which::UINT16: return "std::uint16_t";
    case Which::UINT32: return "std::uint32_t";
    case Which::UINT64: return "std::uint64_t";
    case Which::FLOAT64: return "double";
    case Which::TEXT: return "std::string";
    case Which::DATA: return "SharedBytes";
    case Which::ENUM: return name_of(type.asEnum());
    case Which::STRUCT: return name_of(type.asStruct());
    case Which::LIST: return "std::vector<" + type_name(type.asList().getElementType()) + ">";
    default: throw std::runtime_error("a field has a type that schemagen does not know");
  }
}

bool is_scalar(const capnp::Type& type) {
  return !type.isText() && !type.isData() && !type.isStruct() && !type.isList() && !type.isEnum();
}

std::uint32_t annotated(
    const capnp::StructSchema::Field& field, std::uint64_t annotation, std::uint32_t fallback) {
  for (const auto& found : field.getProto().getAnnotations()) {
    if (found.getId() == annotation) return found.getValue().getUint32();
  }
  return fallback;
}

bool is_message(const capnp::StructSchema& schema) {
  for (const auto& found : schema.getProto().getAnnotations()) {
    if (found.getId() == message_annotation) return true;
  }
  return false;
}

// The kind on the wire: FNV-1a of the name, folded to 16 bits; never 0.
std::uint16_t wire_kind(const std::string& name) {
  std::uint32_t hash = 0x811c9dc5U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193U;
  const auto folded = static_cast<std::uint16_t>((hash >> 16U) ^ hash);
  return folded == 0 ? 1 : folded;
}

struct File {
  std::string stem;                            // "raft"
  std::set<std::string> imports;               // other stems
  std::vector<capnp::EnumSchema> enums;
  std::vector<capnp::StructSchema> structs;    // parts before what contains them
};

class Generator {
 public:
  void load(capnp::schema::CodeGeneratorRequest::Reader request) {
    for (auto node : request.getNodes()) loader_.load(node);
    for (auto requested : request.getRequestedFiles()) {
      File file;
      file.stem = stem_of(requested.getFilename().cStr());
      for (auto import : requested.getImports()) file.imports.insert(stem_of(import.getName().cStr()));
      std::set<std::uint64_t> seen;
      const capnp::Schema schema = loader_.get(requested.getId());
      for (auto nested : schema.getProto().getNestedNodes()) {
        const capnp::Schema child = loader_.get(nested.getId());
        if (child.getProto().isEnum()) file.enums.push_back(child.asEnum());
      }
      for (auto nested : schema.getProto().getNestedNodes()) {
        const capnp::Schema child = loader_.get(nested.getId());
        if (child.getProto().isStruct()) add_struct(child.asStruct(), file, seen);
      }
      files_.push_back(std::move(file));
    }
    std::sort(files_.begin(), files_.end(), [](const File& a, const File& b) { return a.stem < b.stem; });
  }

  void write_all() const {
    for (const File& file : files_) write_structs(file);
    write_messages();
    write_codec();
  }

 private:
  static std::string stem_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string base = slash == std::string::npos ? path : path.substr(slash + 1);
    return base.substr(0, base.find('.'));
  }

  // Depth first, so that a struct follows the parts it holds by value.
  void add_struct(capnp::StructSchema schema, File& file, std::set<std::uint64_t>& seen) {
    if (!seen.insert(schema.getProto().getId()).second) return;
    for (auto field : schema.getFields()) {
      capnp::Type type = field.getType();
      while (type.isList()) type = type.asList().getElementType();
      if (type.isStruct() && type.asStruct().getProto().getScopeId() == schema.getProto().getScopeId()) {
        add_struct(type.asStruct(), file, seen);
      }
    }
    file.structs.push_back(schema);
  }

  static std::string heading(const std::string& what) {
    return "// SPDX-License-Identifier: Apache-2.0\n// Generated by tools/schemagen: " + what + "\n";
  }

  void write_structs(const File& file) const {
    std::ofstream out(file.stem + ".hpp");
    out << heading("the plain structs of schemas/" + file.stem + ".capnp.")
        << "#pragma once\n\n#include <cstdint>\n#include <string>\n#include <string_view>\n"
           "#include <vector>\n\n#include \"base/bytes.hpp\"\n";
    for (const std::string& import : file.imports) {
      if (import != "c++") out << "#include \"schemas/" << import << ".hpp\"\n";
    }
    out << "\nnamespace harka::msg {\n";
    for (const auto& schema : file.enums) write_enum(out, schema);
    for (const auto& schema : file.structs) write_struct(out, schema);
    out << "\n}  // namespace harka::msg\n";
  }

  static void write_enum(std::ostream& out, const capnp::EnumSchema& schema) {
    const std::string name = name_of(schema);
    out << "\nenum class " << name << " : std::uint16_t {\n";
    for (auto item : schema.getEnumerants()) {
      out << "  " << snake(item.getProto().getName().cStr()) << " = " << item.getOrdinal() << ",\n";
    }
    out << "};\n\n[[nodiscard]] constexpr std::string_view name_of(" << name << " value) {\n"
        << "  switch (value) {\n";
    for (auto item : schema.getEnumerants()) {
      const std::string text = snake(item.getProto().getName().cStr());
      out << "    case " << name << "::" << text << ": return \"" << text << "\";\n";
    }
    out << "  }\n  return \"unknown\";\n}\n";
  }

  static void write_struct(std::ostream& out, const capnp::StructSchema& schema) {
    out << "\nstruct " << name_of(schema) << " {\n";
    for (auto field : schema.getFields()) {
      out << "  " << type_name(field.getType()) << " " << snake(field.getProto().getName().cStr())
          << "{};\n";
    }
    out << "  friend bool operator==(const " << name_of(schema) << "&, const " << name_of(schema)
        << "&) = default;\n};\n";
  }

  [[nodiscard]] std::vector<capnp::StructSchema> messages() const {
    std::vector<capnp::StructSchema> list;
    std::map<std::uint16_t, std::string> kinds;
    for (const File& file : files_) {
      for (const auto& schema : file.structs) {
        if (!is_message(schema)) continue;
        const auto [other, is_new] = kinds.emplace(wire_kind(name_of(schema)), name_of(schema));
        if (!is_new) {
          throw std::runtime_error(
              "the wire kinds of " + other->second + " and " + name_of(schema) +
              " collide: rename one of them");
        }
        list.push_back(schema);
      }
    }
    return list;
  }

  void write_messages() const {
    std::ofstream out("messages.hpp");
    out << heading("every message there is.") << "#pragma once\n\n#include <cstdint>\n"
        << "#include <string_view>\n#include <variant>\n\n";
    for (const File& file : files_) out << "#include \"schemas/" << file.stem << ".hpp\"\n";
    out << "\nnamespace harka::msg {\n\nusing Message = std::variant<\n    std::monostate";
    for (const auto& schema : messages()) out << ",\n    " << name_of(schema);
    out << ">;\n\n[[nodiscard]] std::string_view name_of(const Message& message);\n\n"
           "/// The message's kind on the wire: stable as long as its name is; 0 for monostate.\n"
           "[[nodiscard]] std::uint16_t wire_kind_of(const Message& message);\n\n"
           "}  // namespace harka::msg\n";
  }

  void write_codec() const {
    std::ofstream out("codec_generated.cpp");
    out << heading("between plain structs and Cap'n Proto.")
        << "#include \"schemas/codec_support.hpp\"\n\n";
    for (const File& file : files_) {
      if (!file.structs.empty()) out << "#include \"schemas/" << file.stem << ".capnp.h\"\n";
    }
    out << "\nnamespace harka::msg {\n\nnamespace wire = harka::wire;\n\nnamespace {\n\n"
           "using codec::Slices;\n";
    for (const File& file : files_) {
      for (const auto& schema : file.structs) {
        out << "\n[[maybe_unused]] void write(wire::" << name_of(schema) << "::Builder out, const "
            << name_of(schema) << "& in);\n[[maybe_unused]] void read(wire::" << name_of(schema)
            << "::Reader in, " << name_of(schema) << "& out, const Slices& slices);";
      }
    }
    out << "\n";
    for (const File& file : files_) {
      for (const auto& schema : file.structs) {
        write_writer(out, schema);
        write_reader(out, schema);
      }
    }
    out << "\n}  // namespace\n";
    for (const File& file : files_) {
      for (const auto& schema : file.structs) write_struct_codec(out, name_of(schema));
    }
    write_message_codec(out);
    out << "\n}  // namespace harka::msg\n";
  }

  static void write_writer(std::ostream& out, const capnp::StructSchema& schema) {
    out << "\nvoid write([[maybe_unused]] wire::" << name_of(schema)
        << "::Builder out, [[maybe_unused]] const " << name_of(schema) << "& in) {\n";
    for (auto field : schema.getFields()) {
      const std::string camel = capital(field.getProto().getName().cStr());
      const std::string member = "in." + snake(field.getProto().getName().cStr());
      const capnp::Type type = field.getType();
      if (is_scalar(type)) {
        out << "  out.set" << camel << "(" << member << ");\n";
      } else if (type.isEnum()) {
        out << "  out.set" << camel << "(static_cast<wire::" << type_name(type) << ">(" << member
            << "));\n";
      } else if (type.isText()) {
        out << "  out.set" << camel << "(codec::text_of(" << member << "));\n";
      } else if (type.isData()) {
        out << "  if (!" << member << ".empty()) out.set" << camel << "(codec::data_of(" << member
            << "));\n";
      } else if (type.isStruct()) {
        out << "  write(out.init" << camel << "(), " << member << ");\n";
      } else {
        write_list_writer(out, camel, member, type.asList().getElementType());
      }
    }
    out << "}\n";
  }

  static void write_list_writer(
      std::ostream& out, const std::string& camel, const std::string& member,
      const capnp::Type& element) {
    out << "  if (!" << member << ".empty()) {\n    auto list = out.init" << camel
        << "(static_cast<unsigned>(" << member << ".size()));\n"
        << "    for (unsigned i = 0; i < list.size(); ++i) ";
    if (element.isStruct()) {
      out << "write(list[i], " << member << "[i]);\n";
    } else if (element.isText()) {
      out << "list.set(i, codec::text_of(" << member << "[i]));\n";
    } else if (element.isData()) {
      out << "list.set(i, codec::data_of(" << member << "[i]));\n";
    } else {
      out << "list.set(i, " << member << "[i]);\n";
    }
    out << "  }\n";
  }

  static void write_reader(std::ostream& out, const capnp::StructSchema& schema) {
    out << "\nvoid read([[maybe_unused]] wire::" << name_of(schema)
        << "::Reader in, [[maybe_unused]] " << name_of(schema)
        << "& out, [[maybe_unused]] const Slices& slices) {\n";
    for (auto field : schema.getFields()) {
      const std::string camel = capital(field.getProto().getName().cStr());
      const std::string member = "out." + snake(field.getProto().getName().cStr());
      const capnp::Type type = field.getType();
      const std::string bytes = std::to_string(annotated(
          field, max_bytes_annotation, type.isText() ? default_text_bytes : default_data_bytes));
      if (is_scalar(type)) {
        out << "  " << member << " = in.get" << camel << "();\n";
      } else if (type.isEnum()) {
        out << "  " << member << " = static_cast<" << type_name(type) << ">(in.get" << camel
            << "());\n";
      } else if (type.isText()) {
        out << "  " << member << " = codec::string_from(in.get" << camel << "(), " << bytes << ");\n";
      } else if (type.isData()) {
        out << "  " << member << " = slices.take(in.get" << camel << "(), " << bytes << ");\n";
      } else if (type.isStruct()) {
        out << "  read(in.get" << camel << "(), " << member << ", slices);\n";
      } else {
        write_list_reader(out, camel, member, field, bytes);
      }
    }
    out << "}\n";
  }

  static void write_list_reader(
      std::ostream& out, const std::string& camel, const std::string& member,
      const capnp::StructSchema::Field& field, const std::string& bytes) {
    const capnp::Type element = field.getType().asList().getElementType();
    const std::string items = std::to_string(annotated(field, max_items_annotation, default_items));
    out << "  {\n    const auto list = in.get" << camel << "();\n    codec::check_items(list.size(), "
        << items << ");\n    " << member << ".resize(list.size());\n"
        << "    for (unsigned i = 0; i < list.size(); ++i) ";
    if (element.isStruct()) {
      out << "read(list[i], " << member << "[i], slices);\n";
    } else if (element.isText()) {
      out << member << "[i] = codec::string_from(list[i], " << bytes << ");\n";
    } else if (element.isData()) {
      out << member << "[i] = slices.take(list[i], " << bytes << ");\n";
    } else {
      out << member << "[i] = list[i];\n";
    }
    out << "  }\n";
  }

  static void write_struct_codec(std::ostream& out, const std::string& name) {
    out << "\ntemplate <>\nSharedBytes encode_struct(const " << name << "& value) {\n"
        << "  return codec::encode_with<wire::" << name
        << ">([&](auto root) { write(root, value); });\n}\n"
        << "\ntemplate <>\nResult<" << name << "> decode_struct(const SharedBytes& bytes) {\n"
        << "  return codec::decode_with<wire::" << name << ", " << name
        << ">(bytes, [](auto in, " << name
        << "& value, const Slices& slices) { read(in, value, slices); });\n}\n";
  }

  void write_message_codec(std::ostream& out) const {
    out << "\nSharedBytes encode(const Message& message) {\n  return std::visit(\n"
           "      [](const auto& value) {\n"
           "        using T = std::decay_t<decltype(value)>;\n"
           "        if constexpr (std::is_same_v<T, std::monostate>) {\n"
           "          return SharedBytes();\n        } else {\n"
           "          return encode_struct(value);\n        }\n      },\n      message);\n}\n"
           "\nResult<Message> decode(std::uint16_t kind, const SharedBytes& body) {\n"
           "  switch (kind) {\n";
    for (const auto& schema : messages()) {
      out << "    case " << wire_kind(name_of(schema)) << ": return codec::as_message(decode_struct<"
          << name_of(schema) << ">(body));\n";
    }
    out << "    default: return Error{Code::invalid_argument, \"unknown message kind \" + "
           "std::to_string(kind)};\n  }\n}\n"
           "\nstd::string_view name_of(const Message& message) {\n  switch (message.index()) {\n"
           "    case 0: return \"nothing\";\n";
    std::size_t index = 1;
    for (const auto& schema : messages()) {
      out << "    case " << index++ << ": return \"" << name_of(schema) << "\";\n";
    }
    out << "    default: return \"unknown\";\n  }\n}\n"
           "\nstd::uint16_t wire_kind_of(const Message& message) {\n  switch (message.index()) {\n";
    index = 1;
    for (const auto& schema : messages()) {
      out << "    case " << index++ << ": return " << wire_kind(name_of(schema)) << ";\n";
    }
    out << "    default: return 0;\n  }\n}\n";
  }

  capnp::SchemaLoader loader_;
  std::vector<File> files_;
};

}  // namespace

int main() {
  try {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = 1U << 28U;
    capnp::StreamFdMessageReader reader(STDIN_FILENO, options);
    Generator generator;
    generator.load(reader.getRoot<capnp::schema::CodeGeneratorRequest>());
    generator.write_all();
    return 0;
  } catch (const std::exception& failure) {
    std::cerr << "schemagen: " << failure.what() << '\n';
    return 1;
  }
}
