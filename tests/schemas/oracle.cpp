// SPDX-License-Identifier: Apache-2.0
#include "tests/schemas/oracle.hpp"

#include "tests/schemas/random_message.hpp"

#include <capnp/dynamic.h>
#include <capnp/schema-loader.h>
#include <capnp/schema.capnp.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include <cstring>
#include <fstream>
#include <map>
#include <vector>

namespace harka::test {

namespace {

using Fields = capnp::StructSchema::FieldList;

constexpr std::uint64_t items_annotation = 0xd1c6a5f6a4a0b1c3;
constexpr std::uint64_t bytes_annotation = 0xd1c6a5f6a4a0b1c4;

struct Refused {
  Code code;
};

capnp::Text::Reader library_view(const std::string& text) {
  return {text.c_str(), text.size()};
}

capnp::Data::Reader library_view(const SharedBytes& data) {
  return {reinterpret_cast<const kj::byte*>(data.data()), data.size()};
}

template <typename T>
constexpr bool is_bytes = std::is_same_v<T, std::string> || std::is_same_v<T, SharedBytes>;

template <typename T>
void write(T& value, capnp::DynamicStruct::Builder out);

/// An element of a list or a field, which stands at `place` of `parent`.
template <typename T, typename Parent, typename Place>
void write_value(T& value, capnp::Type type, Parent parent, Place place) {
  if constexpr (std::is_enum_v<T>) {
    parent.set(place, capnp::DynamicEnum(type.asEnum(), static_cast<std::uint16_t>(value)));
  } else if constexpr (is_bytes<T>) {
    if (!value.empty()) parent.set(place, library_view(value));
  } else {
    static_assert(std::is_arithmetic_v<T>);
    parent.set(place, value);
  }
}

template <typename T>
void write_list(std::vector<T>& list, capnp::DynamicList::Builder out) {
  for (unsigned i = 0; i < list.size(); ++i) {
    if constexpr (std::is_class_v<T> && !is_bytes<T>) {
      write(list[i], out[i].template as<capnp::DynamicStruct>());
    } else {
      write_value(list[i], out.getSchema().getElementType(), out, i);
    }
  }
}

template <typename T>
void write(T& value, capnp::DynamicStruct::Builder out) {
  const Fields fields = out.getSchema().getFields();
  unsigned index = 0;
  for_each_field(value, [&]<typename F>(std::string_view, F& field) {
    const auto place = fields[index++];
    if constexpr (IsVector<F>::value) {
      if (field.empty()) return;
      const auto count = static_cast<unsigned>(field.size());
      write_list(field, out.init(place, count).template as<capnp::DynamicList>());
    } else if constexpr (std::is_class_v<F> && !is_bytes<F>) {
      write(field, out.init(place).template as<capnp::DynamicStruct>());
    } else {
      write_value(field, place.getType(), out, place);
    }
  });
}

struct Limits {
  std::size_t items_max = 65'536;
  std::size_t text_max = 4096;
  std::size_t data_max = 96 * 1024 * 1024;
};

Limits limits_of(capnp::StructSchema::Field field) {
  Limits limits;
  for (const auto annotation : field.getProto().getAnnotations()) {
    const std::size_t value =
        annotation.getId() == items_annotation || annotation.getId() == bytes_annotation
            ? annotation.getValue().getUint32()
            : 0;
    if (annotation.getId() == items_annotation) limits.items_max = value;
    if (annotation.getId() == bytes_annotation) limits.text_max = limits.data_max = value;
  }
  return limits;
}

template <typename T>
void read(T& value, capnp::DynamicStruct::Reader in);

template <typename T>
void read_value(T& value, capnp::DynamicValue::Reader in, const Limits& limits) {
  if constexpr (std::is_enum_v<T>) {
    const std::uint16_t raw = in.as<capnp::DynamicEnum>().getRaw();
    if (raw >= count_of(T{})) throw Refused{Code::corrupt};
    value = static_cast<T>(raw);
  } else if constexpr (std::is_same_v<T, std::string>) {
    const auto text = in.as<capnp::Text>();
    if (text.size() > limits.text_max) throw Refused{Code::too_large};
    value.assign(text.begin(), text.size());
  } else if constexpr (std::is_same_v<T, SharedBytes>) {
    const auto data = in.as<capnp::Data>();
    if (data.size() > limits.data_max) throw Refused{Code::too_large};
    const auto chars = data.asChars();
    value = SharedBytes::copy_of(std::string_view(chars.begin(), chars.size()));
  } else if constexpr (IsVector<T>::value) {
    const auto list = in.as<capnp::DynamicList>();
    if (list.size() > limits.items_max) throw Refused{Code::too_large};
    value.resize(list.size());
    for (unsigned i = 0; i < list.size(); ++i) read_value(value[i], list[i], limits);
  } else if constexpr (std::is_arithmetic_v<T>) {
    value = in.as<T>();
  } else {
    read(value, in.as<capnp::DynamicStruct>());
  }
}

template <typename T>
void read(T& value, capnp::DynamicStruct::Reader in) {
  const Fields fields = in.getSchema().getFields();
  unsigned index = 0;
  for_each_field(value, [&](std::string_view, auto& field) {
    const auto place = fields[index++];
    read_value(field, in.get(place), limits_of(place));
  });
}

/// Calls `with` with the default value of the message at this place of the list.
template <typename With, std::size_t... Index>
void with_message(std::size_t place, With with, std::index_sequence<Index...>) {
  const auto call = [&]<std::size_t I>() {
    if constexpr (I != 0) {
      if (place == I) with(std::variant_alternative_t<I, msg::Message>());
    }
  };
  (call.template operator()<Index>(), ...);
}

}  // namespace

struct Oracle::Schemas {
  capnp::SchemaLoader loader;
  std::vector<capnp::StructSchema> by_place = std::vector<capnp::StructSchema>(message_count);
};

Oracle::Oracle() : schemas_(std::make_unique<Schemas>()) {
  std::ifstream file(HARKA_SCHEMA_REQUEST, std::ios::binary);
  ASSERT(file.is_open());
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.begin(), bytes.data(), bytes.size());
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 1U << 30U;
  capnp::FlatArrayMessageReader reader(words, options);
  std::map<std::string, std::uint64_t> ids;
  for (const auto node : reader.getRoot<capnp::schema::CodeGeneratorRequest>().getNodes()) {
    ids[node.getDisplayName().cStr() + node.getDisplayNamePrefixLength()] = node.getId();
    schemas_->loader.loadOnce(node);
  }
  for (std::size_t place = 1; place < message_count; ++place) {
    with_message(
        place,
        [&](const msg::Message& message) {
          const std::uint64_t id = ids.at(std::string(name_of(message)));
          schemas_->by_place[place] = schemas_->loader.get(id).asStruct();
        },
        std::make_index_sequence<message_count>());
  }
}

Oracle::~Oracle() = default;

std::string Oracle::encode(msg::Message message) const {
  capnp::MallocMessageBuilder builder(1U << 16U);
  const auto root = builder.initRoot<capnp::DynamicStruct>(schemas_->by_place[message.index()]);
  std::visit(
      [&](auto& value) {
        if constexpr (!std::is_same_v<std::remove_reference_t<decltype(value)>, std::monostate>) {
          write(value, root);
        }
      },
      message);
  const auto words = capnp::messageToFlatArray(builder);
  const auto chars = words.asChars();
  return std::string(chars.begin(), chars.size());
}

Result<msg::Message> Oracle::decode(std::size_t place, const SharedBytes& body) const {
  const std::size_t count = body.size() / sizeof(capnp::word);
  if (body.size() % sizeof(capnp::word) != 0 || count < 2) return Error{Code::corrupt, ""};
  auto words = kj::heapArray<capnp::word>(count);
  std::memcpy(words.begin(), body.data(), body.size());
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 4 * count + 64;
  options.nestingLimit = 16;
  Result<msg::Message> result{msg::Message()};
  try {
    capnp::FlatArrayMessageReader reader(words, options);
    if (reader.getEnd() != words.end()) return Error{Code::corrupt, ""};
    const auto root = reader.getRoot<capnp::DynamicStruct>(schemas_->by_place[place]);
    with_message(
        place,
        [&](auto value) {
          read(value, root);
          result.value() = std::move(value);
        },
        std::make_index_sequence<message_count>());
  } catch (const Refused& refused) {
    return Error{refused.code, ""};
  } catch (const kj::Exception& broken) {
    return Error{Code::corrupt, broken.getDescription().cStr()};
  }
  return result;
}

bool is_of_several_segments(const SharedBytes& body, const Error& refusal) {
  const bool has_more_segments =
      body.size() >= 4 && body.view().substr(0, 4) != std::string_view("\0\0\0\0", 4);
  return has_more_segments || refusal.detail.ends_with("a pointer into another segment");
}

}  // namespace harka::test
