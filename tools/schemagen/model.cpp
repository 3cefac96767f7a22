// SPDX-License-Identifier: Apache-2.0
#include "model.hpp"

#include <capnp/schema.capnp.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

namespace schemagen {
namespace {

namespace schema = capnp::schema;

constexpr std::uint64_t message_annotation = 0xd1c6a5f6a4a0b1c2;
constexpr std::uint64_t local_annotation = 0xd1c6a5f6a4a0b1c5;
constexpr std::uint64_t items_annotation = 0xd1c6a5f6a4a0b1c3;
constexpr std::uint64_t bytes_annotation = 0xd1c6a5f6a4a0b1c4;
constexpr std::uint32_t items_default = 65'536;
constexpr std::uint32_t data_bytes_default = 96 * 1024 * 1024;  // limits::frame_bytes_max
constexpr std::uint32_t text_bytes_default = 4 * 1024;

using Nodes = std::map<std::uint64_t, schema::Node::Reader>;

std::string short_name(schema::Node::Reader node) {
  return node.getDisplayName().cStr() + node.getDisplayNamePrefixLength();
}

Type number(const char* name, std::uint32_t bits) {
  return Type{Shape::number, name, 0, bits, {}};
}

Type type_of(schema::Type::Reader type, const Nodes& nodes) {
  switch (type.which()) {
    case schema::Type::BOOL: return Type{Shape::boolean, "bool", 0, 1, {}};
    case schema::Type::INT8: return number("std::int8_t", 8);
    case schema::Type::INT16: return number("std::int16_t", 16);
    case schema::Type::INT32: return number("std::int32_t", 32);
    case schema::Type::INT64: return number("std::int64_t", 64);
    case schema::Type::UINT8: return number("std::uint8_t", 8);
    case schema::Type::UINT16: return number("std::uint16_t", 16);
    case schema::Type::UINT32: return number("std::uint32_t", 32);
    case schema::Type::UINT64: return number("std::uint64_t", 64);
    case schema::Type::FLOAT32: return number("float", 32);
    case schema::Type::FLOAT64: return number("double", 64);
    case schema::Type::TEXT: return Type{Shape::text, "std::string", 0, 0, {}};
    case schema::Type::DATA: return Type{Shape::data, "SharedBytes", 0, 0, {}};
    case schema::Type::LIST:
      return Type{Shape::list, "", 0, 0, {type_of(type.getList().getElementType(), nodes)}};
    case schema::Type::ENUM: {
      const auto id = type.getEnum().getTypeId();
      return Type{Shape::enumeration, short_name(nodes.at(id)), id, 16, {}};
    }
    case schema::Type::STRUCT: {
      const auto id = type.getStruct().getTypeId();
      return Type{Shape::structure, short_name(nodes.at(id)), id, 0, {}};
    }
    default: fail("a message may not hold void, interfaces, capabilities or any-pointers");
  }
}

std::string initial_of(schema::Value::Reader value, const Type& type, const Nodes& nodes) {
  switch (value.which()) {
    case schema::Value::BOOL: return value.getBool() ? "true" : "false";
    case schema::Value::INT8: return std::to_string(value.getInt8());
    case schema::Value::INT16: return std::to_string(value.getInt16());
    case schema::Value::INT32: return std::to_string(value.getInt32());
    case schema::Value::INT64: return std::to_string(value.getInt64());
    case schema::Value::UINT8: return std::to_string(value.getUint8());
    case schema::Value::UINT16: return std::to_string(value.getUint16());
    case schema::Value::UINT32: return std::to_string(value.getUint32());
    case schema::Value::UINT64: return std::to_string(value.getUint64()) + "U";
    case schema::Value::FLOAT32: return std::to_string(value.getFloat32()) + "F";
    case schema::Value::FLOAT64: return std::to_string(value.getFloat64());
    case schema::Value::ENUM: {
      const auto enumerators = nodes.at(type.id).getEnum().getEnumerants();
      return type.name + "::" + snake_case(enumerators[value.getEnum()].getName().cStr());
    }
    default: return "";
  }
}

/// What a stored zero stands for, as stored bits.
std::uint64_t bits_of(schema::Value::Reader value) {
  switch (value.which()) {
    case schema::Value::BOOL: return value.getBool() ? 1 : 0;
    case schema::Value::INT8: return static_cast<std::uint8_t>(value.getInt8());
    case schema::Value::INT16: return static_cast<std::uint16_t>(value.getInt16());
    case schema::Value::INT32: return static_cast<std::uint32_t>(value.getInt32());
    case schema::Value::INT64: return static_cast<std::uint64_t>(value.getInt64());
    case schema::Value::UINT8: return value.getUint8();
    case schema::Value::UINT16: return value.getUint16();
    case schema::Value::UINT32: return value.getUint32();
    case schema::Value::UINT64: return value.getUint64();
    case schema::Value::FLOAT32: return std::bit_cast<std::uint32_t>(value.getFloat32());
    case schema::Value::FLOAT64: return std::bit_cast<std::uint64_t>(value.getFloat64());
    case schema::Value::ENUM: return value.getEnum();
    default: return 0;
  }
}

std::uint32_t annotated(schema::Field::Reader field, std::uint64_t id, std::uint32_t otherwise) {
  for (const auto annotation : field.getAnnotations()) {
    if (annotation.getId() == id) return annotation.getValue().getUint32();
  }
  return otherwise;
}

Field field_of(schema::Field::Reader field, const Nodes& nodes) {
  if (!field.isSlot()) fail(std::string("groups are not supported: ") + field.getName().cStr());
  const auto slot = field.getSlot();
  Field result;
  result.name = snake_case(field.getName().cStr());
  result.type = type_of(slot.getType(), nodes);
  result.offset = slot.getOffset();
  result.default_bits = bits_of(slot.getDefaultValue());
  result.initial = initial_of(slot.getDefaultValue(), result.type, nodes);
  const bool is_list = result.type.shape == Shape::list;
  const Type& leaf = is_list ? result.type.element[0] : result.type;
  if (leaf.shape == Shape::list) fail("lists of lists are not supported: " + result.name);
  if (is_list && leaf.shape == Shape::boolean) {
    fail("lists of Bool are not supported: " + result.name);
  }
  if (result.type.bits == 0 && slot.getHadExplicitDefault()) {
    fail("only numbers, Bool and enums have defaults: " + result.name);
  }
  result.items_max = annotated(field, items_annotation, items_default);
  result.bytes_max = annotated(
      field, bytes_annotation, leaf.shape == Shape::data ? data_bytes_default : text_bytes_default);
  return result;
}

Struct struct_of(schema::Node::Reader node, const Nodes& nodes) {
  const auto body = node.getStruct();
  Struct result{
      node.getId(),
      short_name(node),
      false,
      false,
      body.getDataWordCount(),
      body.getPointerCount(),
      {}};
  if (body.getDiscriminantCount() != 0 || node.getIsGeneric() ||
      node.getNestedNodes().size() != 0) {
    fail("unions, generics and nested types are not supported: " + result.name);
  }
  for (const auto annotation : node.getAnnotations()) {
    result.is_message |= annotation.getId() == message_annotation;
    result.is_local |= annotation.getId() == local_annotation;
  }
  if (result.is_local && !result.is_message) {
    fail("only a message may be $local: " + result.name);
  }
  for (const auto field : body.getFields()) result.fields.push_back(field_of(field, nodes));
  return result;
}

Enum enum_of(schema::Node::Reader node) {
  Enum result{node.getId(), short_name(node), {}};
  for (const auto item : node.getEnum().getEnumerants()) {
    result.wire_names.emplace_back(item.getName().cStr());
  }
  return result;
}

std::string stem_of(const std::string& path) {
  const std::string name = path.substr(path.find_last_of('/') + 1);
  return name.substr(0, name.find_last_of('.'));
}

/// Contained before container, otherwise in the order of the file.
std::vector<Struct> sorted(std::vector<Struct> waiting) {
  std::vector<Struct> done;
  while (!waiting.empty()) {
    const auto is_waited_for = [&](const Field& field) {
      const Type& leaf = field.type.shape == Shape::list ? field.type.element[0] : field.type;
      return std::any_of(
          waiting.begin(), waiting.end(), [&](const Struct& s) { return s.id == leaf.id; });
    };
    const auto next = std::find_if(waiting.begin(), waiting.end(), [&](const Struct& s) {
      return std::none_of(s.fields.begin(), s.fields.end(), is_waited_for);
    });
    if (next == waiting.end()) fail("recursive structs are not supported: " + waiting[0].name);
    done.push_back(std::move(*next));
    waiting.erase(next);
  }
  return done;
}

}  // namespace

void fail(const std::string& reason) {
  std::cerr << "schemagen: " << reason << '\n';
  std::exit(1);
}

std::string snake_case(const std::string& name) {
  std::string result;
  for (const char c : name) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0 && !result.empty()) result += '_';
    result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

std::vector<File> read_request() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 1 << 30;
  capnp::StreamFdMessageReader reader(0, options);
  const auto request = reader.getRoot<schema::CodeGeneratorRequest>();
  Nodes nodes;
  for (const auto node : request.getNodes()) nodes.emplace(node.getId(), node);
  std::set<std::string> requested;
  for (const auto file : request.getRequestedFiles()) requested.insert(stem_of(file.getFilename()));
  std::vector<File> files;
  for (const auto wanted : request.getRequestedFiles()) {
    File file{stem_of(wanted.getFilename()), {}, {}, {}};
    for (const auto import : wanted.getImports()) {
      const std::string stem = stem_of(import.getName());
      if (requested.contains(stem)) file.imports.push_back(stem);
    }
    for (const auto nested : nodes.at(wanted.getId()).getNestedNodes()) {
      const auto node = nodes.at(nested.getId());
      if (node.isStruct()) file.structs.push_back(struct_of(node, nodes));
      if (node.isEnum()) file.enums.push_back(enum_of(node));
    }
    file.structs = sorted(std::move(file.structs));
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace schemagen
