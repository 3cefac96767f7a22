// SPDX-License-Identifier: Apache-2.0
// What schemagen knows about the schemas: Cap'n Proto's compiler request reduced to the plain
// structs, fields and types that this system allows in a message.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace schemagen {

enum class Shape { boolean, number, text, data, enumeration, structure, list };

struct Type {
  Shape shape{};
  std::string name;           // in C++: std::uint32_t, ActorKind, Entry; empty for lists
  std::uint64_t id = 0;       // of the struct or enum
  std::uint32_t bits = 0;     // of a number, boolean or enum
  std::vector<Type> element;  // one, for lists
};

struct Field {
  std::string name;  // last_index
  Type type;
  std::uint32_t offset{};  // in the struct's section: in its own size, for pointers in words
  std::uint64_t default_bits{};
  std::string initial;        // the default value as C++ source, may be empty
  std::uint32_t items_max{};  // lists
  std::uint32_t bytes_max{};  // text and data
};

struct Struct {
  std::uint64_t id = 0;
  std::string name;
  bool is_message = false;
  bool is_local = false;  // a message that never travels between nodes
  std::uint32_t data_words = 0;
  std::uint32_t pointers = 0;
  std::vector<Field> fields;
};

struct Enum {
  std::uint64_t id = 0;
  std::string name;
  std::vector<std::string> wire_names;  // logStore, in ordinal order
};

struct File {
  std::string stem;  // raft
  std::vector<std::string> imports;
  std::vector<Enum> enums;
  std::vector<Struct> structs;  // what is contained stands before what contains it
};

/// Reads the compiler's request from standard input. Ends the process with a message when a schema
/// uses what messages may not (unions, groups, generics, nested or recursive structs, lists of
/// lists or of Bool, defaults of what is not a number).
[[nodiscard]] std::vector<File> read_request();
[[nodiscard]] std::string snake_case(const std::string& name);
[[noreturn]] void fail(const std::string& reason);

}  // namespace schemagen
